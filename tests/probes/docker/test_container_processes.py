"""Kind `container-processes`: users and signals, by the engine's `ps` or by `/proc` inside."""

from typing import Any

import pytest

from dckgrade.engine.answers import CommandResult, OutOfReach
from dckgrade.probes.docker.container_processes import (
    TERM_BIT,
    ContainerProcesses,
    Process,
    find_remapped_base,
    get_program_name,
    heeds_term,
    select_own,
    shift_uid,
)
from dckgrade.report.observation import Absent, Unobservable, UnobservableReason
from tests.support.fake_engine import FakeEngine, facts
from tests.support.scenes.docker import KEPT_VERSIONS, EngineWithKeptContainers

every_version = pytest.mark.parametrize("version", KEPT_VERSIONS)


def look(engine: FakeEngine, name: str) -> dict[str, Any]:
    return facts(ContainerProcesses(container=name).observe(engine))


@every_version
def test_an_init_and_its_child_of_a_plain_user_are_not_root(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "limited")
    assert (found["uids"], found["root"], found["first_root"]) == ([1000], [], False)
    assert (found["first"], found["init"], found["shares_with_machine"]) == ("docker-init", True, [])


@every_version
def test_what_docker_exec_runs_as_root_is_not_the_container_s_own(version: str) -> None:
    engine = EngineWithKeptContainers(version)
    engine.questions.clear()
    assert "sleep" not in look(engine, "limited")["root"]
    written = (engine.folder / "status-limited.txt").read_text()
    shown = engine.answers["top"].get(engine.id_of("limited"), {}).get("Processes", [])
    assert "Name:\tsleep" in written or any("sleep" in row[-1] for row in shown), "no such process there"


@every_version
def test_an_init_heeds_the_signal_although_no_mask_says_so(version: str) -> None:
    assert look(EngineWithKeptContainers(version), "limited")["handles_term"] is True


@every_version
def test_a_shell_that_traps_heeds_it_and_one_that_does_not_is_deaf(version: str) -> None:
    engine = EngineWithKeptContainers(version)
    assert look(engine, "handling")["handles_term"] is True
    assert look(engine, "checked")["handles_term"] is False
    assert look(engine, "unlimited")["handles_term"] is False


@every_version
def test_a_pid_namespace_that_podman_calls_private_is_its_own(version: str) -> None:
    engine = EngineWithKeptContainers(version)
    engine.inspected[engine.id_of("checked")]["HostConfig"]["PidMode"] = "private"
    assert look(engine, "checked")["handles_term"] is False


@pytest.mark.parametrize("version", ["26.1.5", "28.5.2"])
def test_the_processes_of_another_container_are_not_read_as_its_own(version: str) -> None:
    engine = EngineWithKeptContainers(version)
    lender = engine.id_of("quota")
    engine.inspected[engine.id_of("limited")]["HostConfig"]["PidMode"] = f"container:{lender}"
    assert isinstance(ContainerProcesses(container="limited").observe(engine), Unobservable)


@every_version
def test_a_master_of_root_above_workers_of_another_user_is_told(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "quota")
    assert (found["uids"], found["root"], found["first_root"]) == ([0, 1000], ["sh"], True)
    assert found["shares_with_machine"] == ["ipc", "uts"]
    assert look(EngineWithKeptContainers(version), "unlimited")["shares_with_machine"] == ["net"]


def test_the_engine_s_ps_runs_nothing_in_the_container() -> None:
    engine = EngineWithKeptContainers("20.10.24")
    found = look(engine, "limited")
    assert (found["by"], found["command"]) == ("top", "")
    assert [question for question in engine.questions if question.startswith("run")] == []


@pytest.mark.parametrize("version", ["26.1.5", "28.5.2"])
def test_a_machine_without_ps_is_helped_by_a_command_inside(version: str) -> None:
    found = look(EngineWithKeptContainers(version), "limited")
    assert (found["by"], found["command"]) == ("exec", "sh -c cat /proc/[0-9]*/status")


def test_a_ps_of_other_columns_is_helped_by_a_command_inside() -> None:
    engine = EngineWithKeptContainers("20.10.24")
    engine.answers["top"][engine.id_of("limited")] = {"Processes": [["1", "root", "httpd"]]}
    assert look(engine, "limited")["by"] == "exec"


def test_without_ps_and_without_a_command_nothing_is_said() -> None:
    engine = EngineWithKeptContainers("28.5.2")
    engine.trouble["run"] = OutOfReach(UnobservableReason.NOT_TRIED, "--passive")
    observed = ContainerProcesses(container="limited").observe(engine)
    assert isinstance(observed, Unobservable)
    assert observed.why is UnobservableReason.NOT_TRIED


def test_an_image_without_a_shell_says_nothing_and_is_not_blamed() -> None:
    engine = FakeEngine()
    engine.trouble["top"] = OutOfReach(UnobservableReason.ENGINE_ERROR, "ps")
    engine.inside = lambda _ref: CommandResult(127, 'exec: "sh": executable file not found in $PATH')
    assert isinstance(ContainerProcesses(container="webservers").observe(engine), Unobservable)


@every_version
@pytest.mark.parametrize("name", ["killed", "stopped", "refused", "nobody"])
def test_what_does_not_run_has_no_processes_and_passes_nothing(version: str, name: str) -> None:
    assert isinstance(ContainerProcesses(container=name).observe(EngineWithKeptContainers(version)), Absent)


def test_with_remapped_users_the_container_s_root_is_root_all_the_same() -> None:
    info = {
        "SecurityOptions": ["name=seccomp,profile=default", "name=userns"],
        "DockerRootDir": "/var/lib/docker/100000.100000",
    }
    assert find_remapped_base({}, info) == 100_000
    assert find_remapped_base({"HostConfig": {"UsernsMode": "host"}}, info) == 0
    assert find_remapped_base({}, {"SecurityOptions": ["name=seccomp,profile=default"]}) == 0
    with pytest.raises(OutOfReach):
        find_remapped_base({}, {**info, "DockerRootDir": "/somewhere"})
    process = Process(pid=1, parent=0, uid=101_000, name="x")
    assert shift_uid(process, 100_000).uid == 1000
    assert shift_uid(process, 0).uid == 101_000
    engine = EngineWithKeptContainers("20.10.24")
    engine.info = {**engine.info, **info}
    rows = engine.answers["top"][engine.id_of("quota")]["Processes"]
    for row in rows:
        row[2] = str(int(row[2]) + 100_000)
    assert look(engine, "quota")["root"] == ["sh"]


@pytest.mark.parametrize(
    ("caught", "ignored", "init", "protected", "heeds"),
    [
        (TERM_BIT, 0, False, True, True),
        (0, 0, False, True, False),
        (0, TERM_BIT, False, True, False),
        (0, 0, False, False, True),
        (0, TERM_BIT, False, False, False),
        (0, 0, True, True, True),
        (None, None, False, True, None),
    ],
)
def test_number_one_of_its_own_namespace_drops_what_it_does_not_handle(
    caught: int | None, ignored: int | None, *, init: bool, protected: bool, heeds: bool | None
) -> None:
    process = Process(pid=1, parent=0, uid=0, name="x", caught=caught, ignored=ignored)
    assert heeds_term(process, init=init, protected=protected) is heeds


def test_only_descendants_of_the_first_process_are_the_container_s_own() -> None:
    def process(pid: int, parent: int) -> Process:
        return Process(pid=pid, parent=parent, uid=0, name=str(pid))

    own = select_own([process(9, 5), process(5, 1), process(1, 0), process(7, 0), process(8, 7)], 1)
    assert [process.pid for process in own] == [1, 5, 9]
    with pytest.raises(OutOfReach):
        select_own([process(5, 1)], 1)


@pytest.mark.parametrize(
    ("args", "name"),
    [
        ("nginx: master process nginx -g daemon off;", "nginx"),
        ("/usr/sbin/httpd -f", "httpd"),
        ("", ""),
        ("sh -c true", "sh"),
    ],
)
def test_a_program_is_known_by_its_own_word(args: str, name: str) -> None:
    assert get_program_name(args) == name
