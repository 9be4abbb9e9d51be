"""What kind `daemon-file` makes of an engine that answers, that does not, and of its configuration."""

from typing import Any

import pytest

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.dockerd import DaemonFiles
from dckgrade.probes.docker.daemon_file import DaemonFile
from dckgrade.report.observation import Observation, Seen, Unobservable, UnobservableReason
from tests.support.fake_engine import FakeEngine

GOOD = b'{"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}}'
BROKEN = b'{\n"log-driver": "json-file",\n}'
HOSTS = b'{"log-opts": {"max-size": "10m"},\n"hosts": ["unix:///run/docker.sock"]}'
TWICE = "the following directives are specified both as a flag and in the configuration file: hosts"


class Machine(FakeEngine):
    """A recorded engine; *content* is its file, or what reading it comes to; None: there is none."""

    def __init__(self, content: bytes | Exception | None, said: str = "", others: Any = ()) -> None:
        super().__init__()
        self.content, self.said, self.others = content, said, dict(others)
        self.since: list[float] = []

    def silent(self, why: UnobservableReason = UnobservableReason.ENGINE_OUT_OF_REACH) -> "Machine":
        """Let no question be answered."""
        self.trouble["containers"] = OutOfReach(why, "connection refused")
        return self

    def read_daemon_files(self) -> DaemonFiles:
        if isinstance(self.content, Exception):
            raise self.content
        path = "/etc/docker/daemon.json"
        return DaemonFiles(path=path, content=self.content, changed_at=7.0, others=self.others)

    def read_last_words(self, since: float) -> str:
        self.since.append(since)
        return self.said


def seen(machine: Machine) -> Observation:
    return DaemonFile().observe(machine)


def facts(machine: Machine) -> dict[str, Any]:
    found = seen(machine)
    assert isinstance(found, Seen)
    return found.facts


def test_an_engine_that_answers_runs_whatever_is_in_its_file() -> None:
    for content in (
        GOOD,
        BROKEN,
        None,
        NotThere("daemon.json"),
        OutOfReach(UnobservableReason.UNREADABLE, "daemon.json"),
    ):
        machine = Machine(content, said=TWICE)
        assert facts(machine)["running"] is True
        assert machine.since == []


def test_a_file_that_is_right_is_told_to_rotate() -> None:
    found = facts(Machine(GOOD))
    assert (found["rotates"], found["problem"], found["exists"]) == (True, None, True)
    assert (found["path"], found["driver"]) == ("/etc/docker/daemon.json", "json-file")


def test_a_file_that_cannot_be_read_says_nothing() -> None:
    for trouble in (NotThere("daemon.json"), OutOfReach(UnobservableReason.UNREADABLE, "Permission denied")):
        found = facts(Machine(trouble))
        assert (found["rotates"], found["path"], found["exists"], found["problem"]) == (None,) * 4


def test_a_broken_file_is_why_an_engine_does_not_run() -> None:
    found = facts(Machine(BROKEN).silent())
    assert (found["running"], found["problem"], found["line"], found["column"]) == (False, "not-json", 2, 26)
    assert found["error"] == "invalid character '}' looking for beginning of object key string"


@pytest.mark.parametrize(
    "content", [GOOD, None, NotThere("daemon.json"), OutOfReach(UnobservableReason.UNREADABLE, "daemon.json")]
)
def test_an_engine_that_is_silent_for_no_reason_of_its_file_is_out_of_reach(content: Any) -> None:
    found = seen(Machine(content).silent())
    assert isinstance(found, Unobservable)
    assert (found.why, found.detail) == (UnobservableReason.ENGINE_OUT_OF_REACH, "connection refused")


@pytest.mark.parametrize(
    "why", [UnobservableReason.DEADLINE, UnobservableReason.ENGINE_ERROR, UnobservableReason.UNREADABLE]
)
def test_a_broken_file_is_not_why_an_engine_is_slow_or_answers_nonsense(why: UnobservableReason) -> None:
    found = seen(Machine(BROKEN).silent(why))
    assert isinstance(found, Unobservable)
    assert found.why is why


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (TWICE, "given-twice"),
        ("the following directives don't match any configuration option: frobnicate", "unknown-key"),
        (
            'failed to set log opts: error looking up logging plugin loki: plugin "loki" not found',
            "unknown-driver",
        ),
        ("json: cannot unmarshal string into Go struct field Config.dns of type []string", "wrong-type"),
        ("merged configuration validation from file and command line flags failed: bad", "refused"),
    ],
)
def test_what_only_dockerd_knows_is_taken_from_its_last_words(said: str, problem: str) -> None:
    machine = Machine(HOSTS, said=said).silent()
    found = facts(machine)
    assert (found["running"], found["problem"], found["error"]) == (False, problem, said)
    # Older words may be of a file that has been mended since.
    assert machine.since == [7.0]


def test_an_option_that_is_given_twice_is_found_in_the_file() -> None:
    assert facts(Machine(HOSTS, said=TWICE).silent())["line"] == 2


def test_a_file_that_another_engine_reads_is_told_only_if_it_would_rotate() -> None:
    others = {"~/.docker/daemon.json": b"{}", "~/.config/docker/daemon.json": GOOD}
    assert facts(Machine(None, others=others))["elsewhere"] == "~/.config/docker/daemon.json"
    assert facts(Machine(None, others={"~/.docker/daemon.json": BROKEN}))["elsewhere"] is None


def test_a_key_of_any_length_is_cut() -> None:
    found = facts(Machine(b'{"log-opts": {"' + b"x" * 100_000 + b'": ""}}').silent())
    assert (found["problem"], len(found["error"])) == ("unknown-option", 300)


def test_what_follows_the_first_object_is_told_with_its_line() -> None:
    found = facts(Machine(b"{}\n" + GOOD))
    assert (found["rotates"], found["rest_line"], found["problem"]) == (False, 2, None)
