"""Kinds about hardening: what the kernel grants, what of the machine is inside, what the engine keeps."""

from typing import Any

import pytest

from dckgrade.engine.answers import CommandResult
from dckgrade.probes.docker.container_host_access import (
    ContainerHostAccess,
    find_engine_socket,
    list_system_folders,
)
from dckgrade.probes.docker.container_privileges import (
    ContainerPrivileges,
    build_privileges_facts,
    list_capabilities,
    normalize_capabilities,
    parse_no_new_privileges,
    parse_status,
)
from dckgrade.probes.docker.engine_hardening import EngineHardening, build_hardening_facts
from dckgrade.report.observation import Unobservable, UnobservableReason
from tests.support.fake_engine import facts
from tests.support.hardened_engine import HARDENING_VERSIONS, EngineWithHardenedContainers

every_version = pytest.mark.parametrize("version", HARDENING_VERSIONS)
either_way = pytest.mark.parametrize("local", [True, False])
DEFAULT_BOUNDING = 0xA80425FB
ALL_BUT_ONE = "CapBnd: {bnd}\nCapEff: 0\nNoNewPrivs: {nnp}\nSeccomp: 2\n"


def ask_privileges(engine: EngineWithHardenedContainers, name: str) -> dict[str, Any]:
    return facts(ContainerPrivileges(container=name).observe(engine))


def ask_access(engine: EngineWithHardenedContainers, name: str) -> dict[str, Any]:
    return facts(ContainerHostAccess(container=name).observe(engine))


def ask_engine(version: str, state: str = "") -> dict[str, Any]:
    return facts(EngineHardening().observe(EngineWithHardenedContainers(version, state)))


def borrow(engine: EngineWithHardenedContainers, name: str, **lenders: str) -> None:
    """Have a container borrow namespaces of others."""
    modes = {mode: f"container:{engine.find(lender)['Id']}" for mode, lender in lenders.items()}
    engine.find(name)["HostConfig"].update(modes)


@every_version
@either_way
def test_a_hardened_container_has_no_capability_and_may_gain_none(version: str, *, local: bool) -> None:
    found = ask_privileges(EngineWithHardenedContainers(version, local=local), "hardened")
    assert (found["bounding"], found["effective"], found["no_new_privileges"]) == ([], [], True)
    assert (found["seccomp_mode"], found["dropped"], found["added"]) == (2, ["ALL"], [])
    assert (found["by"], bool(found["command"])) == (("proc", False) if local else ("exec", True))


@every_version
def test_where_the_kernel_itself_tells_nothing_is_run_in_the_container(version: str) -> None:
    engine = EngineWithHardenedContainers(version)
    ask_privileges(engine, "hardened")
    asked = [question for question in engine.questions if question.startswith(("run", "proc"))]
    assert asked == ["proc status"]


@every_version
def test_fourteen_capabilities_are_there_by_default(version: str) -> None:
    found = ask_privileges(EngineWithHardenedContainers(version), "plain")
    assert len(found["bounding"]) == 14
    assert found["bounding"] == found["effective"]
    assert {"CHOWN", "NET_RAW", "MKNOD", "SETFCAP"} <= {*found["bounding"]}


@every_version
def test_an_option_that_says_no_new_privileges_and_means_the_contrary_is_not_believed(version: str) -> None:
    found = ask_privileges(EngineWithHardenedContainers(version), "kept")
    assert (found["no_new_privileges"], found["declared_no_new_privileges"]) == (False, False)
    assert found["bounding"] == found["added"] == ["CHOWN", "NET_BIND_SERVICE", "SETGID", "SETUID"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], None),
        (["no-new-privileges"], True),
        (["no-new-privileges:true", "seccomp=unconfined"], True),
        (["no-new-privileges=false"], False),
        (["no-new-privileges", "no-new-privileges:false"], False),
    ],
)
def test_of_several_options_the_last_counts(options: list[str], *, said: bool | None) -> None:
    assert parse_no_new_privileges(options) is said


def test_an_engine_that_forbids_new_privileges_to_all_is_seen_in_the_kernel_alone() -> None:
    status = ALL_BUT_ONE.format(bnd=f"{DEFAULT_BOUNDING:016x}", nnp=1)
    found = build_privileges_facts("web", {"HostConfig": {"SecurityOpt": None}}, parse_status(status), "proc")
    assert (found.no_new_privileges, found.declared_no_new_privileges) == (True, None)


def test_a_kernel_without_seccomp_has_no_mode() -> None:
    status = ALL_BUT_ONE.format(bnd="0", nnp=0).replace("Seccomp: 2\n", "")
    assert build_privileges_facts("web", {}, parse_status(status), "proc").seccomp_mode is None


def test_a_capability_that_is_newer_than_we_are_is_told_by_its_number() -> None:
    assert list_capabilities(1 << 50 | 1) == ["CAP_50", "CHOWN"]
    assert normalize_capabilities(["cap_chown", "ALL", "CAP_CHOWN"]) == ["ALL", "CHOWN"]


def test_what_is_no_status_has_not_told() -> None:
    engine = EngineWithHardenedContainers(local=False)
    engine.run_command = lambda *_: CommandResult(127, "cat: not found")  # type: ignore[method-assign]
    seen = ContainerPrivileges(container="plain").observe(engine)
    assert isinstance(seen, Unobservable)
    assert (seen.why, seen.detail) == (UnobservableReason.NOT_TRIED, "cat: not found")


def test_one_that_shares_the_machine_s_processes_is_asked_nothing_inside() -> None:
    seen = ContainerPrivileges(container="sharing").observe(EngineWithHardenedContainers(local=False))
    assert isinstance(seen, Unobservable)


def test_one_that_does_not_run_may_do_nothing() -> None:
    engine = EngineWithHardenedContainers("20.10.24")
    found = ask_privileges(engine, "refused")
    assert (found["running"], found["bounding"], found["no_new_privileges"]) == (False, None, None)
    assert (found["privileged"], found["by"], engine.questions[-1]) == (True, None, "container")


@every_version
def test_a_hardened_container_has_nothing_of_the_machine(version: str) -> None:
    for name in ("hardened", "plain"):
        found = ask_access(EngineWithHardenedContainers(version), name)
        assert (found["privileged"], found["engine_socket"], found["socket_place"]) == (False, "none", "")
        assert (found["shares_with_machine"], found["host_folders"], found["devices"]) == ([], [], [])


@every_version
def test_a_socket_is_the_engine_s_read_only_or_not(version: str) -> None:
    found = ask_access(EngineWithHardenedContainers(version), "kept")
    assert (found["engine_socket"], found["socket_place"]) == ("mounted", "/var/run/docker.sock")


@every_version
def test_what_was_shared_on_purpose_is_named(version: str) -> None:
    found = ask_access(EngineWithHardenedContainers(version), "open")
    assert (found["engine_socket"], found["socket_place"]) == ("in-a-folder", "/host/run")
    assert (found["shares_with_machine"], found["devices"]) == (["net", "uts"], ["/dev/null"])
    assert found["host_folders"] == ["/etc", "/proc", "/var/run"]


@every_version
def test_what_another_container_lends_of_the_machine_is_the_machine_s(version: str) -> None:
    engine = EngineWithHardenedContainers(version)
    borrow(engine, "hardened", PidMode="plain", IpcMode="plain", NetworkMode="plain")
    borrow(engine, "plain", PidMode="sharing")
    assert ask_access(engine, "hardened")["shares_with_machine"] == ["pid"]
    assert ask_access(engine, "plain")["shares_with_machine"] == ["pid"]


def test_what_a_container_that_is_gone_has_lent_is_not_known() -> None:
    engine = EngineWithHardenedContainers()
    engine.find("hardened")["HostConfig"]["IpcMode"] = "container:" + "0" * 64
    seen = ContainerHostAccess(container="hardened").observe(engine)
    assert isinstance(seen, Unobservable)
    assert seen.why is UnobservableReason.UNREADABLE


def test_containers_that_lend_to_each_other_end_the_question() -> None:
    engine = EngineWithHardenedContainers()
    borrow(engine, "hardened", IpcMode="plain")
    borrow(engine, "plain", IpcMode="hardened")
    assert isinstance(ContainerHostAccess(container="hardened").observe(engine), Unobservable)


def test_one_that_shares_another_s_processes_is_asked_nothing_inside() -> None:
    engine = EngineWithHardenedContainers(local=False)
    borrow(engine, "hardened", PidMode="plain")
    assert isinstance(ContainerPrivileges(container="hardened").observe(engine), Unobservable)
    assert not [question for question in engine.questions if question.startswith("run")]


@every_version
def test_a_volume_that_stands_for_the_machine_s_root_is_told_like_a_folder(version: str) -> None:
    found = ask_access(EngineWithHardenedContainers(version), "sharing")
    assert (found["shares_with_machine"], found["host_folders"]) == (["pid"], ["/"])
    assert found["engine_socket"] == "in-a-folder"


@pytest.mark.parametrize("options", ["bind", "rbind", "ro,bind", "ro,rbind", "rbind,ro", "bind ro"])
def test_a_volume_stands_for_a_folder_however_its_options_are_written(options: str) -> None:
    engine = EngineWithHardenedContainers()
    engine.volumes["all"]["Options"]["o"] = options
    assert ask_access(engine, "sharing")["host_folders"] == ["/"]


@every_version
def test_a_privileged_container_is_told_even_if_it_never_ran(version: str) -> None:
    assert ask_access(EngineWithHardenedContainers(version), "refused")["privileged"] is True


def test_somebody_s_home_is_told_without_its_name_and_what_is_in_it_is_theirs() -> None:
    sources = ["/home/ada", "/home/ada/site", "/etc/localtime", "/srv", "/var/lib/docker/volumes/x"]
    assert list(list_system_folders(sources)) == ["/home", "/var/lib/docker"]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("/etc/shadow", ["/etc/shadow"]),
        ("/etc/ssh/ssh_host_ed25519_key", ["/etc/ssh"]),
        ("/usr/bin", ["/usr/bin"]),
        ("/root/.ssh", ["~/.ssh"]),
        ("/home/ada/.ssh/id_ed25519", ["~/.ssh"]),
        ("/export/home/ada/.kube", ["~/.kube"]),
        ("/root/site", []),
        ("/home/ada/.sshd", []),
        ("/home/ada/site/.docker", []),
        ("/etc/ssl/certs", []),
        ("/usr/share/nginx/html", []),
    ],
)
def test_single_files_and_folders_that_are_as_sensitive_are_told(source: str, told: list[str]) -> None:
    assert list(list_system_folders([source])) == told


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("/run/user/1000/docker.sock", "mounted"),
        ("/home/ada/.docker/run/docker.sock", "mounted"),
        ("/run/mysqld/mysqld.sock", "none"),
        ("/", "in-a-folder"),
        ("/var/run", "in-a-folder"),
        ("/opt/engine", "in-a-folder"),
        ("/opt/engine-notes", "none"),
    ],
)
def test_a_socket_is_found_by_its_place_and_by_its_name(source: str, found: str) -> None:
    known = ["/run/docker.sock", "/var/run/docker.sock", "/opt/engine/api.sock"]
    assert find_engine_socket([(source, "/x")], known)[0] == found


@every_version
def test_an_engine_as_it_comes_protects_little(version: str) -> None:
    found = ask_engine(version)
    assert (found["live_restore"], found["containers_talk"], found["api_in_clear"]) == (False, True, False)
    assert (found["default_bridge"], found["in_swarm"], found["rootless"]) == (True, False, False)
    assert found["seccomp"] == "dockers-own"


@every_version
def test_a_hardened_engine_is_seen_in_what_it_does(version: str) -> None:
    found = ask_engine(version, "hardened")
    assert (found["live_restore"], found["containers_talk"]) == (True, False)


@every_version
def test_an_address_without_encryption_is_told_on_the_loopback_too(version: str) -> None:
    assert ask_engine(version, "clear")["api_in_clear"] is True


@every_version
def test_an_engine_that_kept_its_network_of_before_is_judged_by_that(version: str) -> None:
    # Restarted with `icc: true` among running containers (live-restore), it keeps the bridge that it found.
    engine, kept = EngineWithHardenedContainers(version), EngineWithHardenedContainers(version, "hardened")
    engine.answers["networks"] = kept.answers["networks"]
    assert facts(EngineHardening().observe(engine))["containers_talk"] is False


def test_without_a_default_bridge_nobody_talks_on_it() -> None:
    found = build_hardening_facts({"SecurityOptions": ["name=userns", "name=rootless"]}, [])
    assert (found.default_bridge, found.containers_talk, found.live_restore) == (False, False, None)
    assert (found.user_namespaces, found.rootless, found.seccomp) == (True, True, "not-in-kernel")


@pytest.mark.parametrize("state", ["active", "pending", "error", "locked"])
def test_an_engine_in_a_swarm_is_told(state: str) -> None:
    assert build_hardening_facts({"Swarm": {"LocalNodeState": state}}, []).in_swarm is True


@pytest.mark.parametrize(
    ("option", "seccomp"),
    [
        ("name=seccomp,profile=unconfined", "off"),
        ("name=seccomp,profile=/home/ada/p.json", "other"),
        ("name=seccomp,profile=builtin", "dockers-own"),
    ],
)
def test_the_default_filter_is_named_without_its_path(option: str, seccomp: str) -> None:
    assert build_hardening_facts({"SecurityOptions": [option]}, []).seccomp == seccomp
