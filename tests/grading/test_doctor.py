"""What an engine says of itself → which labs can be graded on it; no name, id or secret in it."""

import json
from pathlib import Path
from typing import Any

import pytest

from dckgrade.grading.doctor import DoctorReport, Machine, assess_lab, encode_doctor_report, parse_machine
from dckgrade.lab.discovery import find_lab_path
from dckgrade.lab.load import load_lab
from tests.support.cli_runner import NOWHERE, dckgrade
from tests.support.fake_engine import ENGINES, answer
from tests.support.fault_engine import FaultEngine
from tests.support.fault_engine import reply_with as engine_answer


def told(engine: str, **changes: Any) -> Machine:
    return parse_machine({**answer(engine, "info"), **changes}, "28.5.2", "1.51", rootless=False)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_is_described_from_what_it_says(engine: str) -> None:
    found = told(engine)
    assert found.sort == "Docker Engine"
    assert found.seccomp
    assert found.apparmor == ("cgroup2" in engine)
    assert found.cgroup_version == engine[-1]
    assert found.memory_bytes > 2**30
    assert found.storage_driver == "overlay2"


@pytest.mark.parametrize("engine", ENGINES)
def test_an_ordinary_engine_can_be_graded_on_all_it_has(engine: str) -> None:
    assert [
        assess_lab(load_lab(find_lab_path(lab)).lab, told(engine), "en").reasons
        for lab in ("tp1", "tp2", "tp5")
    ] == [
        [],
        [],
        [],
    ]


def test_what_stands_in_the_way_of_a_lab_is_told_once_in_the_user_s_language() -> None:
    without = told(ENGINES[0], SecurityOptions=[])
    (reason,) = assess_lab(load_lab(find_lab_path("tp2")).lab, without, "fr").reasons
    assert "seccomp" in reason
    assert assess_lab(load_lab(find_lab_path("tp5")).lab, without, "fr").reasons == []


def test_podman_desktop_wsl_snap_and_rootless_are_told_apart() -> None:
    engine = ENGINES[0]
    assert told(engine, BuildahVersion="1.33").sort == "Podman"
    assert told(engine, OperatingSystem="Docker Desktop").sort == "Docker Desktop"
    assert told(engine, KernelVersion="5.15.153.1-microsoft-standard-WSL2").wsl
    assert told(engine, DockerRootDir="/var/snap/docker/common/var-lib-docker").snap
    assert told(engine, SecurityOptions=["name=seccomp,profile=builtin", "name=rootless"]).rootless
    assert assess_lab(
        load_lab(find_lab_path("tp1")).lab, told(engine, BuildahVersion="1.33"), "en"
    ).reasons == ["Podman has no Swarm."]


@pytest.mark.parametrize(
    ("lab", "changes", "reason"),
    [
        ("tp1", {"OperatingSystem": "Docker Desktop"}, "Docker Desktop's swarm has one node and no other."),
        ("tp3", {"SecurityOptions": ["name=seccomp"]}, "This engine's machine has no AppArmor"),
        ("tp3", {"SecurityOptions": ["name=apparmor", "name=rootless"]}, "A rootless engine applies no"),
        ("tp5", {"MemoryLimit": False}, "This machine does not count the memory of containers."),
    ],
)
def test_a_lab_that_this_machine_cannot_grade_has_its_reason(
    lab: str, changes: dict[str, Any], reason: str
) -> None:
    (told_reason,) = assess_lab(load_lab(find_lab_path(lab)).lab, told(ENGINES[-1], **changes), "en").reasons
    assert told_reason.startswith(reason)


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
            *("seccomp: yes", "cgroup v2", "GiB of memory", "storage overlay2"),
        ]
        assert [word for word in words if word not in shown] == []
    else:
        read = json.loads(shown)
        assert (read["found_by"], read["machine"]["sort"]) == ("--host", "Docker Engine")
        assert {"rootless", "wsl", "snap", "apparmor", "cgroup_version", "memory_bytes"} <= set(
            read["machine"]
        )


def test_an_engine_that_says_nothing_breaks_nothing() -> None:
    empty = parse_machine({}, "", "1.41", rootless=False)
    assert (empty.cpus, empty.seccomp, empty.swarm) == (0, False, "")


def test_the_document_names_no_machine_and_no_engine() -> None:
    info = answer(ENGINES[-1], "info")
    written = encode_doctor_report(
        DoctorReport(endpoint="unix:///x", found_by="default", machine=told(ENGINES[-1]))
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
