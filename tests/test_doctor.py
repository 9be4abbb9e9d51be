"""What an engine says of itself → which labs can be graded on it; no name, id or secret in it."""

import json
from typing import Any

import pytest

from dckgrade.doctor import Examination, Machine, document, here, machine
from dckgrade.lab.load import load
from dckgrade.lab.shelf import find
from tests.cli.running import NOWHERE, dckgrade
from tests.probe.worlds import ENGINES, answer


def told(engine: str, **changes: Any) -> Machine:
    return machine({**answer(engine, "info"), **changes}, "28.5.2", "1.51", rootless=False)


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
    assert [here(load(find(lab)).lab, told(engine), "en").reasons for lab in ("tp1", "tp2", "tp5")] == [
        [],
        [],
        [],
    ]


def test_what_stands_in_the_way_of_a_lab_is_told_once_in_the_user_s_language() -> None:
    without = told(ENGINES[0], SecurityOptions=[])
    (reason,) = here(load(find("tp2")).lab, without, "fr").reasons
    assert "seccomp" in reason
    assert here(load(find("tp5")).lab, without, "fr").reasons == []


def test_podman_desktop_wsl_snap_and_rootless_are_told_apart() -> None:
    engine = ENGINES[0]
    assert told(engine, BuildahVersion="1.33").sort == "Podman"
    assert told(engine, OperatingSystem="Docker Desktop").sort == "Docker Desktop"
    assert told(engine, KernelVersion="5.15.153.1-microsoft-standard-WSL2").wsl
    assert told(engine, DockerRootDir="/var/snap/docker/common/var-lib-docker").snap
    assert told(engine, SecurityOptions=["name=seccomp,profile=builtin", "name=rootless"]).rootless
    assert here(load(find("tp1")).lab, told(engine, BuildahVersion="1.33"), "en").reasons == [
        "Podman has no Swarm."
    ]


def test_an_engine_that_says_nothing_breaks_nothing() -> None:
    empty = machine({}, "", "1.41", rootless=False)
    assert (empty.cpus, empty.seccomp, empty.swarm) == (0, False, "")


def test_the_document_names_no_machine_and_no_engine() -> None:
    info = answer(ENGINES[-1], "info")
    written = document(Examination(endpoint="unix:///x", found_by="default", machine=told(ENGINES[-1])))
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
