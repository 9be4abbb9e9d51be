"""Containers and what the kernel says of them in; the one graded, its confinement and a refusal out."""

from datetime import timedelta
from typing import Any

import pytest

from dckgrade.engine.answers import CommandResult, Json, NotThere, OutOfReach, ParserAnswer
from dckgrade.probes.apparmor.apparmor_container import ApparmorContainer
from dckgrade.probes.apparmor.apparmor_file import ApparmorFile
from dckgrade.probes.apparmor.apparmor_host import ApparmorHost
from dckgrade.probes.apparmor.apparmor_host import read_apparmor_host_facts as host
from dckgrade.probes.apparmor.apparmor_label import ApparmorLabel
from dckgrade.probes.apparmor.apparmor_write import CANDIDATE_FILES, ApparmorWrite
from dckgrade.probes.apparmor.candidate import choose_container
from dckgrade.probes.net.http import Http
from dckgrade.report.observation import Absent, Observation, Seen, Unobservable, UnobservableReason
from tests.support.handmade_engine import (
    APPARMOR_FILE,
    LATE,
    NOW,
    OWN_APPARMOR,
    WRITE_REFUSED,
    LabelledEngine,
)

WRITTEN = """\
1 (nginx) S 0 1 1 0 -1
docker-nginx-profile (enforce)
29 (nginx: worker) S 1 1 1 0 -1
docker-nginx-profile (enforce)
cat: can't open '/proc/30/stat': No such file or directory
"""
"""What `READ_LABELS_COMMAND` wrote in an nginx, of which one process had ended meanwhile."""


class Scene(LabelledEngine):
    """An engine of which a test asks what kind `apparmor-container` chooses and sees."""

    def chosen(self) -> str:
        return choose_container(self).candidate.id

    def facts(self) -> dict[str, Any]:
        return seen(ApparmorContainer().observe(self))


def seen(observed: Observation) -> dict[str, Any]:
    assert isinstance(observed, Seen), observed
    return observed.facts


def labelled(*labels: str, **changes: object) -> dict[str, Any]:
    scene = Scene()
    scene.add("mine", OWN_APPARMOR)
    scene.top = [[str(pid), str(pid - 1), label] for pid, label in enumerate(labels, 7)]
    for name, value in changes.items():
        setattr(scene, name, value)
    return seen(ApparmorLabel().observe(scene))


def test_the_container_with_a_profile_comes_before_newer_ones_without() -> None:
    scene = Scene().add("mine", OWN_APPARMOR).add("plain").add("open", "apparmor=unconfined")
    assert scene.chosen() == "mine"
    assert scene.facts()["others"] == 2


def test_a_running_one_comes_before_a_newer_one_that_never_started() -> None:
    assert Scene().add("mine", OWN_APPARMOR).add("again", OWN_APPARMOR, state="created").chosen() == "mine"


def test_one_that_ended_since_it_was_listed_does_not_come_before_one_that_runs() -> None:
    scene = Scene().add("mine", OWN_APPARMOR).add("pinged", OWN_APPARMOR, state="exited")
    scene.listed[-1] = {**scene.listed[-1], "State": "running"}

    assert (scene.chosen(), scene.facts()["status"]) == ("mine", "running")


def test_one_that_failed_with_a_profile_comes_before_one_that_runs_without() -> None:
    assert Scene().add("plain").add("mine", OWN_APPARMOR, state="created").chosen() == "mine"


def test_decoys_are_never_chosen_and_not_counted() -> None:
    scene = Scene().add("mine", OWN_APPARMOR)
    scene.add("db", "apparmor=other", image="postgres").add("k8s_nginx_x", OWN_APPARMOR)
    scene.add("task", OWN_APPARMOR, labels={"com.docker.swarm.task.id": "x"})
    assert (scene.chosen(), scene.facts()["others"]) == ("mine", 0)


def test_another_image_counts_when_it_bears_a_profile_of_the_file() -> None:
    scene = Scene().add("plain").add("mine", OWN_APPARMOR, image="busybox")
    assert scene.chosen() == "mine"


def test_the_user_may_choose_another() -> None:
    assert Scene(asked="plain").add("mine", OWN_APPARMOR).add("plain").chosen() == "plain"


def test_without_any_there_is_nothing_to_grade() -> None:
    assert isinstance(ApparmorContainer().observe(Scene().add("db", image="postgres")), Absent)


def test_a_container_of_another_lab_that_is_stuck_holds_nobody_up() -> None:
    scene = Scene().add("mine", OWN_APPARMOR).add("stuck", state="created", fails=LATE)
    assert scene.chosen() == "mine"
    alone = ApparmorContainer().observe(Scene().add("stuck", state="created", fails=LATE))
    assert isinstance(alone, Unobservable)


@pytest.mark.parametrize("options", [(OWN_APPARMOR,), ()])
def test_a_dead_one_is_not_graded_while_one_that_runs_is_unseen(
    options: tuple[str, ...],
) -> None:
    dead = Scene().add("first", *options, state="created").add("second", OWN_APPARMOR, fails=LATE)
    observed = ApparmorContainer().observe(dead)
    assert isinstance(observed, Unobservable)
    assert observed.why is UnobservableReason.DEADLINE
    running = Scene().add("first", OWN_APPARMOR).add("second", OWN_APPARMOR, fails=LATE)
    assert running.chosen() == "first"


@pytest.mark.parametrize(
    ("options", "applied", "declared", "wanted"),
    [
        ((OWN_APPARMOR,), "docker-nginx-profile", "own", "docker-nginx-profile"),
        (("apparmor:x",), "x", "own", "x"),
        (("apparmor=x", "apparmor=y"), "y", "own", "y"),
        ((), "docker-default", "default", ""),
        (("apparmor=docker-default",), "docker-default", "default", "docker-default"),
        # Podman's, whose name ends with the version of its library.
        ((), "containers-default-0.50.1", "default", ""),
        (("apparmor=containers-default-0.50.1",), "", "default", "containers-default-0.50.1"),
        (("apparmor=containers-own",), "containers-own", "own", "containers-own"),
        (("apparmor=unconfined",), "unconfined", "unconfined", "unconfined"),
        (("label=disable",), "unconfined", "unconfined", ""),
        ((OWN_APPARMOR, "label=disable"), "unconfined", "own", "docker-nginx-profile"),
        (("seccomp=unconfined", "no-new-privileges"), "docker-default", "default", ""),
        ((), "", "default", ""),
    ],
)
def test_what_inspect_declares(options: tuple[str, ...], applied: str, declared: str, wanted: str) -> None:
    scene = Scene().add("web", *options)
    found = scene.inspected["web"]
    assert isinstance(found, dict)
    found["AppArmorProfile"] = applied
    facts = scene.facts()
    assert (facts["declared"], facts["wanted"], facts["applied"]) == (declared, wanted, applied)


def test_the_name_asked_for_is_held_against_the_file() -> None:
    assert Scene().add("web", OWN_APPARMOR).facts()["in_file"] is True
    assert Scene().add("web", "apparmor=docker-nginx").facts()["in_file"] is False
    assert Scene(file=None).add("web", OWN_APPARMOR).facts()["in_file"] is None
    assert Scene().add("web").facts()["in_file"] is None


def test_the_file_may_be_where_the_machine_keeps_its_profiles() -> None:
    scene = Scene(file=None)
    assert isinstance(ApparmorFile().observe(scene), Absent)
    scene.kept = APPARMOR_FILE.encode()
    assert seen(ApparmorFile().observe(scene))["names"] == ["docker-nginx-profile"]


def test_the_engines_machine_tells_the_label_of_every_process() -> None:
    facts = labelled("docker-nginx-profile (enforce)", "docker-nginx-profile (enforce)")
    assert (facts["as_wanted"], facts["enforced"], facts["by"]) == (True, True, "top")


@pytest.mark.parametrize(
    ("labels", "as_wanted", "enforced"),
    [
        (["docker-nginx-profile//child (enforce)"], True, True),
        (["docker-nginx-profile (kill)"], True, True),
        (["docker-nginx-profile (complain)"], True, False),
        (["docker-nginx-profile (enforce)", "docker-nginx-profile (complain)"], True, False),
        (["docker-nginx-profile (enforce)", "unconfined"], False, False),
        (["docker-nginx-profile-2 (enforce)"], False, True),
        (["docker-default (enforce)"], False, True),
        (["unconfined"], False, False),
    ],
)
def test_every_process_counts(labels: list[str], *, as_wanted: bool, enforced: bool) -> None:
    facts = labelled(*labels)
    assert (facts["as_wanted"], facts["enforced"]) == (as_wanted, enforced)


def test_what_docker_exec_brings_in_is_not_confined_yet_and_does_not_count() -> None:
    own, prepared = ["7", "1", "docker-nginx-profile (enforce)"], ["9", "1", "unconfined"]
    assert labelled(top=[own, prepared])["as_wanted"] is True
    assert labelled(top=[own, ["9", "7", "unconfined"]])["as_wanted"] is False
    written = f"{WRITTEN}42 (runc:[2:INIT]) S 0 42 42\nunconfined\n"
    answers = {"sh": CommandResult(0, written)}
    assert labelled(top=[], answers=answers)["profiles"] == ["docker-nginx-profile"]
    answers = {"sh": CommandResult(0, f"{WRITTEN}9 (a) b) S 1 9 9\nunconfined\n")}
    assert labelled(top=[], answers=answers)["as_wanted"] is False


@pytest.mark.parametrize(
    "top",
    [
        OutOfReach(UnobservableReason.ENGINE_ERROR, "bad -o argument"),
        [["7", "1", "-"]],
        [["7", "1", "kernel"]],
        [["8", "1", "a (enforce)"]],
        [["7", "a (enforce)"]],
        [],
    ],
)
def test_where_its_ps_cannot_tell_a_command_in_the_container_does(top: object) -> None:
    answers = {"sh": CommandResult(0, WRITTEN)}
    facts = labelled(top=top, answers=answers)
    assert (facts["as_wanted"], facts["enforced"], facts["by"]) == (True, True, "exec")


def test_where_no_command_can_the_proc_of_this_machine_does() -> None:
    facts = labelled(top=NotThere("x"), proc="docker-nginx-profile (complain)")
    assert (facts["modes"], facts["by"]) == (["complain"], "proc")


def test_where_nobody_tells_nothing_is_decided() -> None:
    scene = Scene()
    scene.add("mine", OWN_APPARMOR)
    found = ApparmorLabel().observe(scene)
    assert isinstance(found, Unobservable)
    assert found.why is UnobservableReason.NOT_TRIED


def test_in_a_container_without_a_profile_of_ones_own_nothing_is_run() -> None:
    scene = Scene().add("plain")
    assert isinstance(scene, Scene)
    for kind in (ApparmorLabel(), ApparmorWrite()):
        assert isinstance(kind.observe(scene), Unobservable)
    assert scene.ran == []


@pytest.mark.parametrize(
    ("command", "tried"),
    [("ping -c 4 8.8.8.8", True), ("/bin/ping 1.1.1.1", True), ("nginx -g 'ping'", False), ("", False)],
)
def test_who_asked_ping_for_a_proof_is_told(command: str, *, tried: bool) -> None:
    scene = Scene()
    scene.add("mine", OWN_APPARMOR).add(
        "other", OWN_APPARMOR, image="busybox", command=command, state="exited"
    )
    scene.top = [["7", "1", "docker-nginx-profile (enforce)"]]
    assert seen(ApparmorLabel().observe(scene))["ping_tried"] is tried


def written(*answers: CommandResult, file: str | None = APPARMOR_FILE) -> tuple[Observation, Scene]:
    scene = Scene(file)
    scene.add("mine", OWN_APPARMOR)
    scene.next = iter(answers)
    return ApparmorWrite().observe(scene), scene


def test_a_denied_write_that_is_refused() -> None:
    found, scene = written(WRITE_REFUSED)
    facts = seen(found)
    assert (facts["refused"], facts["path"], facts["denied_by_file"]) == (True, "/etc/hostname", True)
    assert [argv[-1] for _, argv in scene.ran] == ["/etc/hostname"]


def test_the_file_denies_it_and_the_kernel_does_not() -> None:
    facts = seen(written(CommandResult(0, ""))[0])
    assert (facts["refused"], facts["denied_by_file"]) == (False, True)


def test_without_a_denial_one_file_shows_whether_little_is_granted() -> None:
    plain = "profile docker-nginx-profile {\n  file,\n}\n"
    facts = seen(written(CommandResult(0, ""), file=plain)[0])
    assert (facts["refused"], facts["denied_by_file"]) == (False, False)
    assert seen(written(WRITE_REFUSED, file=plain)[0])["refused"] is True


def profile(*rules: str, before: str = "") -> str:
    return f"{before}profile docker-nginx-profile {{\n  {' '.join(rules)}\n}}\n"


@pytest.mark.parametrize(
    ("file", "listed", "tried"),
    [
        (profile("file,", "deny /boot/** wl,"), "/boot/notes /boot/notes\n", "/boot/notes"),
        (profile("file,", "deny /opt/{a,b}/* w,"), "/opt/b/x /opt/b/x\n", "/opt/b/x"),
        (profile("file,", "deny @{D}/** w,", before="@{D}=/srv\n"), "/srv/f /srv/f\n", "/srv/f"),
        (profile("file,", "deny /home/*/.c/** w,"), "/home/me/.c/id /home/me/.c/id\n", "/home/me/.c/id"),
        # By a link: the place without links counts first.
        (profile("file,", "deny /srv/** w,"), "/mnt/x /srv/x\n/srv/y /srv/y\n", "/srv/y"),
        (profile("file,", "deny /srv/** w,"), "/mnt/x /srv/x\n", "/srv/x"),
    ],
)  # fmt: skip
def test_what_the_profile_denies_is_looked_for_and_tried(file: str, listed: str, tried: str) -> None:
    found, scene = written(CommandResult(0, listed), WRITE_REFUSED, file=file)
    facts = seen(found)
    assert (facts["refused"], facts["path"], facts["denied_by_file"]) == (True, tried, True)
    assert scene.ran[-1][1][-1] == tried


@pytest.mark.parametrize(
    ("file", "tried"),
    [
        (profile("file,", "deny @{CONF}/** w,", before="@{CONF}=/etc/nginx\n"), "/etc/nginx/nginx.conf"),
        (profile("file,", "deny @{PROC}/* w,", before="include <tunables/global>\n"), "/proc/uptime"),
        (profile("/** r,", "/var/** rw,"), "/etc/hostname"),
        (profile("/** r,", "/etc/host* rw,"), "/etc/resolv.conf"),
    ],
)
def test_a_well_known_file_that_the_rules_do_not_let_be_written_is_tried(file: str, tried: str) -> None:
    facts = seen(written(WRITE_REFUSED, file=file)[0])
    assert (facts["refused"], facts["path"], facts["denied_by_file"]) == (True, tried, True)


@pytest.mark.parametrize(
    "file",
    [
        profile("file,", "deny /opt/** w,"),
        profile("file,", "deny @{UNKNOWN}/** w,", before="include <local/unknown>\n"),
        profile("file,", "include <abstractions/private-files>\n"),
        profile("/etc/** rw,", "/usr/** rw,", "/root/** rw,", "/proc/** rw,", "/dev/** rw,"),
    ],
)
def test_what_cannot_be_tried_is_not_called_allowed(file: str) -> None:
    found, _ = written(*[CommandResult(0, "")] * 9, file=file)
    assert isinstance(found, Unobservable)


def test_a_link_that_a_rule_names_shows_that_it_is_not_in_force() -> None:
    listed = CommandResult(0, "/run/nginx.pid /var/run/nginx.pid\n")
    facts = seen(
        written(listed, CommandResult(0, ""), file=profile("file,", "deny /var/run/nginx.pid w,"))[0]
    )
    assert (facts["refused"], facts["path"], facts["denied_by_file"]) == (False, "/var/run/nginx.pid", True)


def test_special_files_are_never_listed_nor_tried() -> None:
    _, scene = written(file=profile("file,", "deny /sys/** w,", "deny /proc/sysrq-trigger w,"))
    assert not any("/sys/" in word or "sysrq" in word for _, argv in scene.ran for word in argv[3:])


class Machine(Scene):
    """A machine with `apparmor_parser`."""

    def __init__(self, file: str, answer: ParserAnswer | Exception, *, here: bool = True) -> None:
        super().__init__(file)
        self.answer, self.here = answer, here

    def ask_apparmor_parser(self, content: bytes) -> ParserAnswer:
        assert content == str(self._file).encode()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def is_on_this_machine(self) -> bool:
        return self.here


BAD, GOOD = "profile web {\n  /a r\n  /b r,\n}\n", "profile web {\n  file,\n}\n"
REFUSES = ParserAnswer(accepts=False, text="missing an end of line character? (entry: /a)", line=3)


def test_the_parser_is_quoted_with_its_place() -> None:
    facts = seen(ApparmorFile().observe(Machine(BAD, REFUSES)))
    assert (facts["valid"], facts["problem"], facts["line"]) == (False, "missing-comma", 3)
    assert (facts["program"], facts["text"]) == ("apparmor_parser", REFUSES.text)
    assert facts["place"] == "docker-nginx-profile:3"


@pytest.mark.parametrize(
    ("file", "answer", "here", "valid"),
    [
        (GOOD, REFUSES, True, False),
        # Another machine's parser may be older than the engine's.
        (GOOD, REFUSES, False, True),
        (BAD, REFUSES, False, False),
        (BAD, ParserAnswer(accepts=True), False, True),
        (BAD, NotThere("x"), True, False),
        (BAD, OutOfReach(UnobservableReason.DEADLINE), True, False),
        (GOOD, NotThere("x"), True, True),
        ("# nothing\n", ParserAnswer(accepts=True), True, False),
    ],
)
def test_what_the_parser_says_counts(
    file: str, answer: ParserAnswer | Exception, *, here: bool, valid: bool
) -> None:
    facts = seen(ApparmorFile().observe(Machine(file, answer, here=here)))
    assert facts["valid"] is valid
    assert facts["valid"] is (facts["problem"] is None)
    assert not (facts["valid"] and facts["text"])


def test_a_fault_in_an_include_is_placed_there() -> None:
    answer = ParserAnswer(accepts=False, text="syntax error", file="/etc/apparmor.d/local/web", line=9)
    facts = seen(ApparmorFile().observe(Machine(GOOD, answer)))
    assert (facts["place"], facts["line"]) == ("/etc/apparmor.d/local/web:9", 1)


def test_where_the_profile_cannot_be_read_only_a_refusal_tells() -> None:
    assert seen(written(WRITE_REFUSED, file=None)[0])["refused"] is True
    found, scene = written(*[CommandResult(0, "")] * 3, file=None)
    assert isinstance(found, Unobservable)
    assert [argv[-1] for _, argv in scene.ran] == list(CANDIDATE_FILES[:3])


@pytest.mark.parametrize(
    "ran",
    [
        CommandResult(90, ""),
        CommandResult(2, "sh: can't create /etc/hostname: Text file busy"),
        CommandResult(1, "sh: can't create /etc/hostname: Read-only file system"),
        CommandResult(127, "OCI runtime exec failed: executable file not found"),
    ],
)
def test_what_is_neither_a_refusal_nor_a_success_decides_nothing(ran: CommandResult) -> None:
    assert isinstance(written(ran)[0], Unobservable)


def test_http_asks_the_container_that_bears_the_profile() -> None:
    scene = Scene().add("plain").add("mine", OWN_APPARMOR)
    assert seen(Http(container="@apparmor").observe(scene))["server"] == "mine/"


@pytest.mark.parametrize(
    ("info", "supported", "rootless", "desktop"),
    [
        ({"SecurityOptions": ["name=apparmor", "name=seccomp,profile=default"]}, True, False, False),
        ({"SecurityOptions": ["name=seccomp,profile=builtin", "name=cgroupns"]}, False, False, False),
        ({"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}, False, True, False),
        ({"OperatingSystem": "Docker Desktop", "SecurityOptions": None}, False, False, True),
        ({}, False, False, False),
    ],
)
def test_what_the_engine_says_of_its_machine(
    info: Json, *, supported: bool, rootless: bool, desktop: bool
) -> None:
    facts = host(info)
    assert (facts.supported, facts.rootless, facts.desktop) == (supported, rootless, desktop)


def test_the_host_is_asked_once() -> None:
    assert seen(ApparmorHost().observe(Scene()))["supported"] is True


def test_a_young_container_is_not_yet_stable() -> None:
    scene = Scene().add("mine", OWN_APPARMOR)
    assert scene.facts()["stable"] is True
    scene.now = lambda: NOW - timedelta(seconds=59)  # type: ignore[method-assign]
    assert scene.facts()["stable"] is False
