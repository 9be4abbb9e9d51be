"""What an engine says of itself → which labs can be graded on it; no name, id or secret in it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading import doctor as about
from dckgrade.grading import judging, run
from dckgrade.lab.discovery import list_lab_paths
from dckgrade.lab.load import load_lab
from dckgrade.lab.model import Lab
from dckgrade.report import codec
from dckgrade.report.observation import EngineInfo
from dckgrade.report.result import Verdict
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab
from tests.support.cli_runner import NOWHERE, dckgrade
from tests.support.fake_engine import ENGINES, NEWEST, FakeEngine, answer
from tests.support.fault_engine import FaultEngine, reply_to_ping
from tests.support.fault_engine import reply_with as engine_answer

ALL_LABS = [load_lab(path).lab for path in list_lab_paths().values()]


class Machine(FakeEngine):
    """A recorded engine whose `/info` a test changes; its containers are those of tp5, at work."""

    def __init__(self, engine: str = NEWEST, **info: Any) -> None:
        super().__init__(engine)
        self.renamed("dbserver", "ended").renamed("envs", "dbserver").only("webservers", "dbserver")
        self.info = {**self.info, **info}

    def take_snapshot(self, options: RunOptions = RunOptions()) -> Engine:
        self.lab_containers = options.lab_containers
        return self

    def end_run(self, within_s: float, *, keep: bool = False) -> None:  # noqa: ARG002
        return

    def without_figures(self, *parts: str) -> Self:
        """Leave *parts* out of the samples, as a machine does that does not count them."""
        for sample in self.measured.values():
            sample.update((part, {}) for part in parts)
        return self


WORKER: Mapping[str, Any] = {
    "LocalNodeState": "active",
    "ControlAvailable": False,
    "NodeID": "w",
    "NodeAddr": "10.0.0.2",
    "RemoteManagers": [{"Addr": "10.0.0.1:2377", "NodeID": "m"}],
}
PODMAN: Mapping[str, Any] = {"BuildahVersion": "1.39"}
DESKTOP: Mapping[str, Any] = {"OperatingSystem": "Docker Desktop", "SecurityOptions": ["name=seccomp"]}
NO_APPARMOR: Mapping[str, Any] = {"SecurityOptions": ["name=seccomp,profile=builtin"]}
ROOTLESS: Mapping[str, Any] = {"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}
NO_SECCOMP: Mapping[str, Any] = {"SecurityOptions": ["name=apparmor"]}
CONTAINERD_STORE: Mapping[str, Any] = {
    "Driver": "overlayfs",
    "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
}
NO_MEMORY: Mapping[str, Any] = {"MemoryLimit": False}
NO_CONTROL_GROUPS: Mapping[str, Any] = {"MemoryLimit": False, "CgroupDriver": "none", "CgroupVersion": "1"}


def parse_machine(engine: str, **changes: Any) -> about.Machine:
    machine = Machine(engine, **changes)
    return about.parse_machine(machine.info, EngineInfo(endpoint="unix:///x", version="28.5.2", api="1.51"))


def ask_doctor(lab: Lab, machine: Machine) -> about.LabSupport:
    return about.assess_lab(lab, machine.take_snapshot(), "en")


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_is_described_from_what_it_says(engine: str) -> None:
    found = parse_machine(engine)
    assert found.sort == "Docker Engine"
    assert found.seccomp
    assert found.apparmor == ("cgroup2" in engine)
    assert found.cgroup_version == engine[-1]
    assert found.memory_bytes > 2**30
    assert found.storage_driver == "overlay2"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("lab", ALL_LABS, ids=lambda lab: lab.id)
def test_an_ordinary_engine_can_be_graded_on_all_it_has(lab: Lab, engine: str) -> None:
    support = ask_doctor(lab, Machine(engine))
    needs_more = lab.id == "tp3" and "cgroup2" not in engine
    assert bool(support.reasons) == bool(support.checks) == needs_more


def test_podman_desktop_wsl_snap_and_rootless_are_told_apart() -> None:
    engine = ENGINES[0]
    assert parse_machine(engine, **PODMAN).sort == "Podman"
    assert parse_machine(engine, **DESKTOP).sort == "Docker Desktop"
    assert parse_machine(engine, KernelVersion="5.15.153.1-microsoft-standard-WSL2").wsl
    assert parse_machine(engine, DockerRootDir="/var/snap/docker/common/var-lib-docker").snap
    assert parse_machine(engine, **ROOTLESS).rootless


@pytest.mark.parametrize(
    ("lab", "info", "reason"),
    [
        ("tp1", PODMAN, "Podman has no Swarm"),
        ("tp1", DESKTOP, "Docker Desktop can only form a one-node swarm."),
        ("tp1", {"Swarm": WORKER}, "You are on a worker (manager: 10.0.0.1:2377)."),
        ("tp2", PODMAN, "does not show in a readable form"),
        ("tp2", NO_SECCOMP, "runs without seccomp"),
        ("tp3", NO_APPARMOR, "This machine has no AppArmor"),
        ("tp3", ROOTLESS, "This engine (rootless) does not apply profiles the same way"),
        ("tp6", CONTAINERD_STORE, "it needs at least 0.54.0"),
        ("tp5", NO_MEMORY, "This machine does not count memory"),
        ("tp5", NO_CONTROL_GROUPS, "This machine does not count memory"),
        ("ch1", NO_MEMORY, "This machine cannot limit containers"),
        ("ch1", NO_CONTROL_GROUPS, "This machine cannot limit containers"),
    ],
)
def test_what_stands_in_the_way_of_a_lab_is_told_once_in_the_words_of_its_report(
    lab: str, info: Mapping[str, Any], reason: str
) -> None:
    (given_reason,) = ask_doctor(load_built_in_lab(lab).lab, Machine(**info)).reasons
    assert reason in given_reason


def test_the_reason_is_told_in_the_user_s_language() -> None:
    engine = Machine(**NO_SECCOMP).take_snapshot()
    (reason,) = about.assess_lab(load_built_in_lab("tp2").lab, engine, "fr").reasons
    assert "sans seccomp" in reason


RECORDED_LIMITS = [
    ("ch1", "handmade/rootless-without-control-groups", NO_CONTROL_GROUPS),
    ("tp1", "handmade/docker-desktop", DESKTOP),
    ("tp1", "mistakes/graded-on-a-worker", {"Swarm": WORKER}),
    ("tp2", "handmade/profile-by-its-path", PODMAN),
    ("tp2", "handmade/no-seccomp", NO_SECCOMP),
    ("tp3", "handmade/no-apparmor", NO_APPARMOR),
    ("tp3", "handmade/rootless", ROOTLESS),
    ("tp3", "handmade/docker-desktop", DESKTOP),
    ("tp5", "handmade/memory-not-counted", NO_MEMORY),
    ("tp6", "handmade/containerd-keeps-the-containers", CONTAINERD_STORE),
]


@pytest.mark.parametrize(("lab", "case", "info"), RECORDED_LIMITS)
def test_the_doctor_says_of_a_machine_what_a_report_made_there_says(
    lab: str, case: str, info: Mapping[str, Any]
) -> None:
    loaded, path = load_built_in_lab(lab), FIXTURES / lab / case / "recording.json"
    graded = judging.judge_report_again(loaded, codec.from_json(path.read_bytes(), case), "en").checks
    undecided = [line.id for line in graded if line.verdict is Verdict.UNKNOWN]
    codes = {line.diagnosis.code for line in graded if line.verdict is Verdict.UNKNOWN and line.diagnosis}

    engine = Machine(**info).take_snapshot()
    limits = about.find_undecided_checks(loaded.lab, engine, "en").values()

    assert about.assess_lab(loaded.lab, engine, "en").checks == undecided
    assert {line.diagnosis.code for line in limits if line and line.diagnosis} == codes


@pytest.mark.parametrize("lab", ALL_LABS, ids=lambda lab: lab.id)
def test_the_doctor_forbids_nothing_that_a_solution_was_graded_on(lab: Lab) -> None:
    raw = (FIXTURES / lab.id / "solution" / "recording.json").read_bytes()
    graded = judging.judge_report_again(load_built_in_lab(lab.id), codec.from_json(raw, lab.id), "en")
    assert {line.verdict for line in graded.checks} == {Verdict.PASSED}
    assert ask_doctor(lab, Machine()).checks == []


@pytest.mark.parametrize(
    ("lab", "machine"),
    [
        ("tp1", Machine(**PODMAN)),
        ("tp1", Machine(Swarm=WORKER)),
        ("tp3", Machine(**NO_APPARMOR)),
        ("tp3", Machine(**ROOTLESS)),
        ("tp3", Machine(**DESKTOP)),
        ("tp5", Machine()),
        ("tp5", Machine(ENGINES[0])),
        ("tp5", Machine(**NO_MEMORY).without_figures("memory_stats")),
        ("tp5", Machine(**NO_CONTROL_GROUPS).without_figures("memory_stats", "pids_stats")),
        ("tp5", Machine(**NO_CONTROL_GROUPS).without_figures("pids_stats")),
    ],
)
def test_the_doctor_says_what_grading_on_the_same_engine_comes_to(lab: str, machine: Machine) -> None:
    loaded = load_built_in_lab(lab)
    report = run.grade_lab(loaded, machine, RunOptions(lang="en", at_once=True))
    undecided = [line.id for line in report.checks if line.verdict is Verdict.UNKNOWN]
    support = ask_doctor(loaded.lab, machine)
    assert support.checks == undecided
    if undecided:
        messages = [
            line.diagnosis.message for line in report.checks if line.diagnosis and line.id in undecided
        ]
        assert set(messages) <= set(support.reasons)


PROXY = "http://user:canary@proxy:3128"


@pytest.mark.parametrize("shape", ["text", "json"])
def test_everything_is_told_of_an_engine_but_no_secret_and_no_name(shape: str, tmp_path: Path) -> None:
    info = {**answer(ENGINES[-1], "info"), "HttpProxy": PROXY, "HttpsProxy": PROXY, "Name": "canary-host"}
    info["Labels"] = ["token=canary"]
    says = {"/info": engine_answer(info)}
    with FaultEngine(tmp_path / "e.sock", says) as engine:
        done = dckgrade("doctor", "--host", engine.url, "--lang", "en", "-f", shape)
    shown = done.stdout.decode()
    assert done.returncode == 0, done.stderr
    assert b"canary" not in done.stdout + done.stderr
    assert all(f"tp{at}" in shown for at in range(1, 7))
    if shape == "text":
        words = [
            *("--host", "Docker Engine", "API", "rootless: no", "WSL: no", "snap: no", "AppArmor: yes"),
            *("seccomp: yes", "cgroup: v2", "GiB of memory", "storage: overlay2"),
        ]
        assert [word for word in words if word not in shown] == []
    else:
        read = json.loads(shown)
        assert (read["found_by"], read["machine"]["sort"]) == ("--host", "Docker Engine")
        assert {"rootless", "wsl", "snap", "apparmor", "cgroup_version", "memory_bytes"} <= set(
            read["machine"]
        )


def test_an_engine_newer_than_tested_and_a_lab_that_cannot_be_graded_are_told(tmp_path: Path) -> None:
    says = {
        "/_ping": reply_to_ping("1.60"),
        "/info": engine_answer({**answer(ENGINES[-1], "info"), "SecurityOptions": ["name=apparmor"]}),
    }
    with FaultEngine(tmp_path / "e.sock", says) as engine:
        shown = dckgrade("doctor", "--host", engine.url, "--lang", "en").stdout.decode()
        read = json.loads(dckgrade("doctor", "--host", engine.url, "-f", "json").stdout)
    assert "It offers API 1.60, newer than those that dckgrade was tested with: dckgrade uses 1.56." in shown
    assert "✗ tp2" in shown
    assert "6 of 7 checks cannot be decided here: This engine, or its kernel, runs without seccomp" in shown
    assert read["machine"]["untested_api"] == "1.60"
    assert {lab["id"]: len(lab["checks"]) for lab in read["labs"] if lab["checks"]} == {"tp2": 6}


def test_an_engine_that_says_nothing_breaks_nothing() -> None:
    empty = about.parse_machine({}, EngineInfo(endpoint="unix:///x"))
    assert (empty.cpus, empty.seccomp, empty.swarm) == (0, False, "")


def test_the_document_names_no_machine_and_no_engine() -> None:
    info = answer(ENGINES[-1], "info")
    written = about.encode_doctor_report(
        about.DoctorReport(endpoint="unix:///x", found_by="default", machine=parse_machine(ENGINES[-1]))
    )
    assert json.loads(written)["schema"] == "dckgrade-doctor/1"
    assert info["ID"].encode() not in written
    assert info["DockerRootDir"].encode() not in written


@pytest.mark.parametrize("shape", ["text", "json"])
def test_without_an_engine_it_says_why_and_what_to_try(shape: str) -> None:
    done = dckgrade("doctor", "--host", NOWHERE, "--lang", "en", "-f", shape)
    assert done.returncode == 3
    assert "no such socket" in done.stdout.decode()
    assert b"Traceback" not in done.stderr


def test_secrets_of_an_address_are_not_shown() -> None:
    done = dckgrade("doctor", "--host", "tcp://user:canary@127.0.0.1:9", "-f", "json")
    assert b"canary" not in done.stdout + done.stderr
