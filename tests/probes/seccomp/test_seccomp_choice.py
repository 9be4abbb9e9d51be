"""Containers in, the one that is graded out: chosen by what they are, never by a name; decoys never count."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from dckgrade.engine.answers import CommandResult, NotThere
from dckgrade.probes.seccomp.candidate import choose_container, parse_seccomp_option
from dckgrade.probes.seccomp.machine import EngineSeccomp
from dckgrade.probes.seccomp.policy import Machine
from dckgrade.probes.seccomp.seccomp_call import SeccompCall
from dckgrade.probes.seccomp.seccomp_container import SeccompContainer
from dckgrade.probes.seccomp.seccomp_file import SeccompFile
from dckgrade.probes.seccomp.seccomp_filter import SeccompFilter
from dckgrade.probes.support.condition import shorten_engine_error
from dckgrade.report.observation import Absent, EngineInfo, Seen, Unobservable, UnobservableReason
from tests.support.handmade_engine import DENY_MKDIR, LATE, NOW, OWN_SECCOMP, HandmadeEngine


class Scene(HandmadeEngine):
    """An engine of which a test asks what kind `seccomp-container` chooses and sees."""

    def chosen(self) -> str:
        return choose_container(self).candidate.id

    def facts(self) -> dict[str, Any]:
        seen = SeccompContainer().observe(self)
        assert isinstance(seen, Seen)
        return seen.facts


def test_the_container_with_a_profile_comes_before_newer_ones_without() -> None:
    scene = Scene().add("mine", OWN_SECCOMP).add("plain").add("open", "seccomp=unconfined")
    assert scene.chosen() == "mine"
    assert scene.facts()["others"] == 2


def test_a_running_profile_comes_before_a_newer_one_that_died_or_hangs() -> None:
    scene = (
        Scene()
        .add("mine", OWN_SECCOMP)
        .add("dead", OWN_SECCOMP, state="exited")
        .add("hung", state="created", fails=LATE)
    )
    assert scene.chosen() == "mine"


def test_one_that_ended_since_it_was_listed_does_not_come_before_one_that_runs() -> None:
    scene = Scene().add("mine", OWN_SECCOMP).add("tried", OWN_SECCOMP, state="exited")
    scene.listed[-1] = {**scene.listed[-1], "State": "running"}

    assert (scene.chosen(), scene.facts()["status"]) == ("mine", "running")


def test_a_dead_profile_comes_before_a_running_nginx_without() -> None:
    scene = Scene().add("mine", OWN_SECCOMP, state="exited").add("plain")
    assert scene.facts()["name"] == "mine"
    assert scene.facts()["other_runs"] is True


def test_without_any_profile_the_newest_running_nginx_is_meant() -> None:
    assert Scene().add("old").add("new").add("dead", state="exited").chosen() == "new"


@pytest.mark.parametrize(
    ("image", "command", "chosen"),
    [
        ("registry.test:5000/x/nginx:1.27@sha256:00", "", True),
        ("nginxinc/nginx-unprivileged", "", True),
        ("my-web", "/docker-entrypoint.sh nginx -g 'daemon off;'", True),
        ("6d79abd4c962", "nginx -g 'daemon off;'", True),
        ("nginx/nginx-prometheus-exporter", "/usr/bin/nginx-prometheus-exporter", False),
        ("jc21/nginx-proxy-manager", "/init", False),
        ("busybox", "sleep 10 nginx", False),
    ],
)
def test_only_what_runs_nginx_itself_is_taken_for_it(image: str, command: str, *, chosen: bool) -> None:
    scene = Scene().add("one", OWN_SECCOMP, image=image, command=command)
    assert isinstance(SeccompContainer().observe(scene), Seen) is chosen


def test_others_are_asked_about_only_when_the_file_could_make_them_the_one() -> None:
    for file, asked in (("{", ["mine"]), (DENY_MKDIR, ["db", "mine"])):
        scene = Scene(file=file).add("mine", OWN_SECCOMP).add("db", image="postgres")
        choose_container(scene)
        assert sorted(scene.inspections) == asked


def test_nothing_that_could_be_meant_is_absent() -> None:
    scene = Scene().add("db", OWN_SECCOMP, image="postgres")
    for probe in (SeccompContainer(), SeccompFilter(), SeccompCall()):
        assert probe.observe(scene) == Absent(kind=str(probe.__struct_config__.tag))
    assert scene.ran == []


def test_another_image_is_meant_only_when_its_profile_is_the_file() -> None:
    assert Scene(file=DENY_MKDIR).add("site", OWN_SECCOMP, image="my-web").add("plain").chosen() == "site"
    assert Scene(file="{}").add("site", OWN_SECCOMP, image="my-web").add("plain").chosen() == "plain"


@pytest.mark.parametrize(
    "labels",
    [{"com.docker.swarm.task.id": "x"}, {"io.kubernetes.pod.name": "x"}],
    ids=["swarm", "kubernetes"],
)
def test_what_an_orchestrator_made_is_never_meant(labels: Mapping[str, str]) -> None:
    scene = Scene().add("task", OWN_SECCOMP, labels=labels).add("k8s_nginx_x", OWN_SECCOMP)
    assert isinstance(SeccompContainer().observe(scene), Absent)


def test_the_one_that_is_asked_for_is_graded_and_no_other() -> None:
    scene = Scene(asked="plain").add("mine", OWN_SECCOMP).add("plain", image="other")
    assert scene.chosen() == "plain"
    assert scene.facts()["others"] == 0
    assert isinstance(SeccompContainer().observe(Scene(asked="none").add("mine", OWN_SECCOMP)), Absent)


def test_a_start_that_never_ends_is_named_and_one_that_is_slow_is_waited_for() -> None:
    scene = Scene().add("hung", state="created", fails=LATE)
    assert scene.facts()["stuck"] is True
    scene.listed[0] = {**scene.listed[0], "Created": (NOW - timedelta(seconds=4)).timestamp()}
    seen = SeccompContainer().observe(scene)
    assert isinstance(seen, Seen)
    assert (seen.facts["stuck"], seen.facts["stable"], seen.age_s) == (False, False, 4.0)


def test_a_stuck_container_is_asked_nothing_more() -> None:
    scene = Scene().add("hung", state="created", fails=LATE)
    for probe in (SeccompFilter(), SeccompCall()):
        seen = probe.observe(scene)
        assert isinstance(seen, Unobservable)
        assert seen.why is UnobservableReason.STUCK
    assert scene.ran == []


def test_a_running_nginx_that_does_not_answer_is_not_replaced_by_another() -> None:
    scene = Scene().add("slow", fails=LATE).add("plain")
    seen = SeccompContainer().observe(scene)
    assert isinstance(seen, Unobservable)
    assert seen.why is UnobservableReason.DEADLINE


def test_what_has_gone_or_hangs_elsewhere_hinders_nobody() -> None:
    scene = (
        Scene()
        .add("gone", fails=NotThere("gone"))
        .add("slow", image="db", fails=LATE)
        .add("mine", OWN_SECCOMP)
    )
    assert scene.chosen() == "mine"


@pytest.mark.parametrize(
    ("options", "declared"),
    [
        ([], "default"),
        (["seccomp=builtin"], "default"),
        (["label=disable", "no-new-privileges", "apparmor=x"], "default"),
        (["seccomp=unconfined"], "unconfined"),
        (["seccomp:unconfined"], "unconfined"),
        ([OWN_SECCOMP], "own"),
        ([f"seccomp:{DENY_MKDIR}"], "own"),
        (["seccomp=unconfined", OWN_SECCOMP], "own"),
        ([OWN_SECCOMP, "seccomp=unconfined"], "unconfined"),
        (["seccomp=./seccomp_profile.json"], "path"),
        (["seccomp=[]"], "refused"),
        (["seccomp={"], "refused"),
    ],
)
def test_the_last_option_counts_in_either_spelling(options: list[str], declared: str) -> None:
    assert parse_seccomp_option({"SecurityOpt": options}, EngineSeccomp(machine=Machine()))[0] == declared


@pytest.mark.parametrize(
    ("options", "engine_default", "declared"),
    [
        ([], "builtin", "default"),
        ([], "/etc/docker/seccomp_profile.json", "engine"),
        ([], "unconfined", "unconfined"),
        (["seccomp=builtin"], "/etc/docker/seccomp_profile.json", "default"),
        (["seccomp=unconfined"], "/etc/docker/seccomp_profile.json", "unconfined"),
        ([OWN_SECCOMP], "unconfined", "own"),
        (["no-new-privileges"], "/x.json", "engine"),
    ],
)
def test_a_container_without_a_profile_has_the_engines(
    options: list[str], engine_default: str, declared: str
) -> None:
    scene = Scene().add("one", *options)
    scene.info = {
        "SecurityOptions": ["name=apparmor", f"name=seccomp,profile={engine_default}", "name=cgroupns"]
    }
    assert (scene.facts()["declared"], scene.facts()["engine_default"]) == (declared, engine_default)


def test_an_engine_that_does_not_tell_is_taken_for_a_usual_one() -> None:
    for info in (LATE, {}, {"SecurityOptions": None}, {"SecurityOptions": ["seccomp"]}):
        scene = Scene().add("mine", OWN_SECCOMP).add("plain")
        scene.info = info
        assert (scene.facts()["declared"], scene.facts()["forbids"]) == ("own", ["mkdir"])


def test_the_machines_own_architecture_decides() -> None:
    scene = Scene().add("mine", OWN_SECCOMP)
    scene.info = {"Architecture": "aarch64", "KernelVersion": "6.12.1-arm64"}
    facts = scene.facts()
    assert (facts["forbids_count"], facts["absent_calls"]) == (0, ["mkdir"])


@pytest.mark.parametrize(
    ("action", "kills"),
    [("TRAP", True), ("KILL", True), ("KILL_PROCESS", True), ("ERRNO", False), ("TRACE", False)],
)
def test_a_trap_kills_too(action: str, *, kills: bool) -> None:
    scene = Scene().add("mine", OWN_SECCOMP.replace("ERRNO", action))
    assert scene.facts()["kills"] is kills


def test_a_kill_that_docker_orders_too_or_that_does_not_count_is_none() -> None:
    for rule in ('"names": ["mount"]', '"includes": {"caps": ["CAP_SYS_ADMIN"]}, "names": ["mkdir"]'):
        profile = OWN_SECCOMP.replace('"names": ["mkdir"]', rule).replace("ERRNO", "KILL")
        assert Scene().add("mine", profile).facts()["kills"] is False


def test_nothing_is_run_where_there_is_no_profile() -> None:
    scene = Scene().add("plain")
    for probe in (SeccompFilter(), SeccompCall()):
        seen = probe.observe(scene)
        assert isinstance(seen, Unobservable)
        assert seen.why is UnobservableReason.NOT_TRIED
    assert scene.ran == []


def test_the_kernels_mode_is_read_whatever_the_exit_code() -> None:
    scene = Scene().add("mine", OWN_SECCOMP)
    scene.answers["cat"] = CommandResult(139, "Name:\tnginx\nSeccomp:\t2\nSeccomp_filters:\t1\n")
    seen = SeccompFilter().observe(scene)
    assert isinstance(seen, Seen)
    assert (seen.facts["mode"], seen.facts["filters"]) == (2, 1)


def test_process_1_of_another_container_tells_nothing_of_this_one() -> None:
    scene = Scene().add("mine", OWN_SECCOMP, PidMode="container:" + "0" * 64)
    assert isinstance(SeccompFilter().observe(scene), Unobservable)
    assert scene.ran == [("mine", ("cat", "/proc/self/status"))]


def test_podmans_word_for_processes_of_its_own_is_no_sharing() -> None:
    scene = Scene().add("mine", OWN_SECCOMP, PidMode="private")
    SeccompFilter().observe(scene)
    assert scene.ran == [("mine", ("cat", "/proc/1/status"))]


def test_without_a_program_to_try_with_nothing_is_decided() -> None:
    scene = Scene().add("mine", OWN_SECCOMP)
    for probe in (SeccompFilter(), SeccompCall()):
        seen = probe.observe(scene)
        assert isinstance(seen, Unobservable)
        assert seen.why is UnobservableReason.NOT_TRIED
    assert scene.ran == [("mine", ("cat", "/proc/1/status")), ("mine", ("mkdir", "/proc"))]


@pytest.mark.parametrize(
    ("version", "cancels"), [("20.10.24+dfsg1", True), ("26.1.5", True), ("27.0.1", False)]
)
def test_a_privileged_container_keeps_its_profile_since_engine_27(version: str, *, cancels: bool) -> None:
    scene = Scene().add("mine", OWN_SECCOMP, Privileged=True)
    scene.engine = EngineInfo(endpoint="unix:///x", version=version)
    assert scene.facts()["privileged"] is cancels


@pytest.mark.parametrize(("file", "same"), [(DENY_MKDIR, True), ("{}", False), ("{", None), (None, None)])
def test_the_file_is_compared_by_what_it_means(file: str | None, *, same: bool | None) -> None:
    assert Scene(file=file).add("mine", OWN_SECCOMP).facts()["same_as_file"] is same


def test_the_line_of_the_log_that_tells_of_a_refusal_is_kept() -> None:
    facts = Scene().add("mine", OWN_SECCOMP, state="exited").facts()
    assert facts["clue"] == "listen() failed (1: Operation not permitted)"


def test_an_engines_error_is_told_without_the_hands_it_came_through() -> None:
    came = "failed to create shim task: OCI runtime create failed: runc create failed: "
    assert shorten_engine_error(
        f"{came}unable to start container process: unable to apply caps: operation not permitted: unknown"
    ).startswith("unable to apply caps")
    assert shorten_engine_error("Decoding seccomp profile failed: x") == "Decoding seccomp profile failed: x"


def test_a_file_is_told_with_its_fault_and_place() -> None:
    seen = SeccompFile(file="seccomp_profile.json").observe(Scene(file='{"defaultAction":\n "x"}'))
    assert isinstance(seen, Seen)
    assert seen.facts["error"] == "string x is not a valid action for seccomp (2:2)"
    assert isinstance(SeccompFile(file="seccomp_profile.json").observe(Scene()), Absent)
