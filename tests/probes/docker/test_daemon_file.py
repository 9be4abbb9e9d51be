"""What kind `daemon-file` makes of an engine that answers, that does not, and of its configuration."""

from typing import Any

import pytest

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.probes.docker.daemon_file import DaemonFile
from dckgrade.report.observation import Observation, Seen, Unobservable, UnobservableReason
from tests.support.fake_engine import ENGINES
from tests.support.scenes.docker import ROTATING_DAEMON_JSON, MachineWithDaemonJson

BROKEN = b'{\n"log-driver": "json-file",\n}'
HOSTS = b'{"log-opts": {"max-size": "10m"},\n"hosts": ["unix:///run/docker.sock"]}'
TWICE = "the following directives are specified both as a flag and in the configuration file: hosts"


def seen(machine: MachineWithDaemonJson) -> Observation:
    return DaemonFile().observe(machine)


def facts(machine: MachineWithDaemonJson) -> dict[str, Any]:
    found = seen(machine)
    assert isinstance(found, Seen)
    return found.facts


def test_an_engine_that_answers_runs_whatever_is_in_its_file() -> None:
    for content in (
        ROTATING_DAEMON_JSON,
        BROKEN,
        None,
        NotThere("daemon.json"),
        OutOfReach(UnobservableReason.UNREADABLE, "daemon.json"),
    ):
        machine = MachineWithDaemonJson(content, last_words=TWICE)
        assert facts(machine)["running"] is True
        assert machine.since == []


def test_a_file_that_is_right_is_told_to_rotate() -> None:
    found = facts(MachineWithDaemonJson(ROTATING_DAEMON_JSON))
    assert (found["rotates"], found["problem"], found["exists"]) == (True, None, True)
    assert (found["path"], found["driver"]) == ("/etc/docker/daemon.json", "json-file")


def test_a_file_that_cannot_be_read_says_nothing() -> None:
    for trouble in (NotThere("daemon.json"), OutOfReach(UnobservableReason.UNREADABLE, "Permission denied")):
        found = facts(MachineWithDaemonJson(trouble))
        assert (found["rotates"], found["path"], found["exists"], found["problem"]) == (None,) * 4


def test_a_broken_file_is_why_an_engine_does_not_run() -> None:
    found = facts(MachineWithDaemonJson(BROKEN).silent())
    assert (found["running"], found["problem"], found["line"], found["column"]) == (False, "not-json", 2, 26)
    assert found["error"] == "invalid character '}' looking for beginning of object key string"


@pytest.mark.parametrize(
    "content",
    [
        ROTATING_DAEMON_JSON,
        None,
        NotThere("daemon.json"),
        OutOfReach(UnobservableReason.UNREADABLE, "daemon.json"),
    ],
)
def test_an_engine_that_is_silent_for_no_reason_of_its_file_is_out_of_reach(content: Any) -> None:
    found = seen(MachineWithDaemonJson(content).silent())
    assert isinstance(found, Unobservable)
    assert (found.why, found.detail) == (UnobservableReason.ENGINE_OUT_OF_REACH, "connection refused")


@pytest.mark.parametrize(
    "why", [UnobservableReason.DEADLINE, UnobservableReason.ENGINE_ERROR, UnobservableReason.UNREADABLE]
)
def test_a_broken_file_is_not_why_an_engine_is_slow_or_answers_nonsense(why: UnobservableReason) -> None:
    found = seen(MachineWithDaemonJson(BROKEN).silent(why))
    assert isinstance(found, Unobservable)
    assert found.why is why


@pytest.mark.parametrize(
    ("last_words", "problem"),
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
def test_what_only_dockerd_knows_is_taken_from_its_last_words(last_words: str, problem: str) -> None:
    machine = MachineWithDaemonJson(HOSTS, last_words=last_words).silent()
    found = facts(machine)
    assert (found["running"], found["problem"], found["error"]) == (False, problem, last_words)
    assert (found["program"], found["text"]) == ("Docker", last_words)
    # Older words may be of a file that has been mended since.
    assert machine.since == [7.0]


def test_an_option_that_is_given_twice_is_found_in_the_file() -> None:
    assert facts(MachineWithDaemonJson(HOSTS, last_words=TWICE).silent())["line"] == 2


@pytest.mark.parametrize(
    ("content", "problem", "line"),
    [
        (b"\xef\xbb\xbf" + ROTATING_DAEMON_JSON, "not-json", 1),
        (b'{"log-driver": "journald",\n"log-opts": {"max-size": "10m"}}', "unknown-option", 2),
        (b'{\n"log-opts": {"mode": "nonblocking"}}', "refused-value", 2),
        (b'{"log-driver": "local",\n"log-opts": {"max-file": 3}}', "not-text", 2),
        (HOSTS, "given-twice", 2),
    ],
)
def test_without_a_journal_the_file_s_own_faults_are_named_with_their_place(
    content: bytes, problem: str, line: int
) -> None:
    found = facts(MachineWithDaemonJson(content, flags=["H", "containerd"]).silent())
    assert (found["running"], found["problem"], found["line"]) == (False, problem, line)
    assert found["place"].startswith(f"/etc/docker/daemon.json:{line}:")
    # It is not quoted: Docker has not been heard saying so.
    assert (found["program"], found["text"]) == ("Docker", None)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_docker_that_reads_byte_order_marks_is_not_told_of_one(engine: str) -> None:
    machine = MachineWithDaemonJson(b"\xef\xbb\xbf" + ROTATING_DAEMON_JSON, engine=engine)
    old = str(machine.engine.version).startswith("20.")
    found = facts(machine)
    assert (found["problem"], found["rotates"]) == (("not-json", False) if old else (None, True))


def test_docker_s_last_words_are_the_reason_of_an_engine_that_is_silent_for_another() -> None:
    last_words = "failed to start daemon: pid file found, ensure docker is not running"
    found = seen(MachineWithDaemonJson(ROTATING_DAEMON_JSON, last_words=last_words).silent())
    assert isinstance(found, Unobservable)
    assert found.detail == f"connection refused; dockerd: {last_words}"


def test_a_file_that_another_engine_reads_is_told_only_if_it_would_rotate() -> None:
    others = {"~/.docker/daemon.json": b"{}", "~/.config/docker/daemon.json": ROTATING_DAEMON_JSON}
    assert facts(MachineWithDaemonJson(None, others=others))["elsewhere"] == "~/.config/docker/daemon.json"
    assert facts(MachineWithDaemonJson(None, others={"~/.docker/daemon.json": BROKEN}))["elsewhere"] is None


def test_a_key_of_any_length_is_cut() -> None:
    found = facts(MachineWithDaemonJson(b'{"log-opts": {"' + b"x" * 100_000 + b'": ""}}').silent())
    assert (found["problem"], len(found["error"])) == ("unknown-option", 300)


def test_what_follows_the_first_object_is_told_with_its_line() -> None:
    found = facts(MachineWithDaemonJson(b"{}\n" + ROTATING_DAEMON_JSON, engine=ENGINES[0]))
    assert (found["rotates"], found["rest_line"], found["problem"]) == (False, 2, None)
    later = facts(MachineWithDaemonJson(b"{}\n" + ROTATING_DAEMON_JSON))
    assert (later["problem"], later["line"]) == ("not-json", 2)


def test_what_the_file_switches_is_told_by_its_keys() -> None:
    content = b'{"live-restore": true, "icc": false, "debug": true, "log-driver": "local"}'
    found = facts(MachineWithDaemonJson(content))
    assert (found["switched_on"], found["switched_off"]) == (["debug", "live-restore"], ["icc"])


def test_a_file_with_which_docker_does_not_start_switches_nothing() -> None:
    found = facts(MachineWithDaemonJson(b'{"live-restore": true,}'))
    assert (found["switched_on"], found["switched_off"]) == ([], [])
    unread = facts(MachineWithDaemonJson(NotThere("daemon.json")))
    assert (unread["switched_on"], unread["switched_off"]) == (None, None)


def test_an_older_recording_does_not_tell_what_is_switched() -> None:
    older = {
        name: value
        for name, value in facts(MachineWithDaemonJson(None)).items()
        if name not in {"switched_on", "switched_off"}
    }
    recalled = DaemonFile().recall({"daemon-file": Seen(kind="daemon-file", facts=older)})
    assert isinstance(recalled, Seen)
    assert (recalled.facts["switched_on"], recalled.facts["switched_off"]) == (None, None)
