"""Kinds `mount` and `mount-in-force`: what a path lies on, as asked for and as the kernel has it."""

from typing import Any

import pytest

from dckgrade.engine.answers import CommandResult, OutOfReach
from dckgrade.probes.storage.mount import Mount, find_nearest_destination
from dckgrade.probes.storage.mount_in_force import (
    MountInForce,
    find_kernel_mount,
    parse_size_kib,
)
from dckgrade.probes.support.kernel_mounts import parse_mountinfo, parse_mounts
from dckgrade.probes.support.mount_points import expand_path, parse_size
from dckgrade.report.observation import Absent, Seen, Unobservable, UnobservableReason
from tests.support.fake_engine import facts
from tests.support.hardened_engine import HARDENING_VERSIONS, EngineWithHardenedContainers
from tests.support.scenes.storage import CONFIG_PATH, STORAGE_VERSIONS, EngineWithVolumes

every_version = pytest.mark.parametrize("version", STORAGE_VERSIONS)


def look(engine: EngineWithVolumes, name: str, path: str) -> dict[str, Any]:
    return facts(Mount(container=name, destination=path).observe(engine))


def measure(engine: EngineWithVolumes, path: str) -> dict[str, Any]:
    return facts(MountInForce(container="lecteur", destination=path).observe(engine))


@every_version
def test_a_named_volume_is_found_at_the_folder_that_the_image_names(version: str) -> None:
    found = look(EngineWithVolumes(version), "base", "$PGDATA")
    assert (found["type"], found["volume"], found["path"]) == (
        "volume",
        "donnees",
        "/var/lib/postgresql/data",
    )
    assert (found["anonymous"], found["writable"], found["in_memory"]) == (False, True, False)


@every_version
def test_two_containers_of_one_volume_have_one_source_and_others_have_not(version: str) -> None:
    engine = EngineWithVolumes(version)
    reader, writer = look(engine, "lecteur", "/srv"), look(engine, "redacteur", "/data")
    assert (reader["name"], reader["source"]) == (writer["name"], writer["source"])
    assert (reader["writable"], writer["writable"]) == (False, True)
    assert look(engine, "archive", "/data")["source"] != writer["source"]


@every_version
def test_a_path_of_the_machine_is_not_shown(version: str) -> None:
    found = look(EngineWithVolumes(version), "lecteur", CONFIG_PATH)
    assert (found["type"], found["writable"], found["name"], found["volume"]) == ("bind", False, None, None)
    assert "eleve" not in repr(found)
    assert found["others"] == ["tmpfs:/cache", "journal:/srv"]


@every_version
def test_memory_is_told_elsewhere_than_the_other_mounts(version: str) -> None:
    found = look(EngineWithVolumes(version), "lecteur", "/cache")
    assert (found["type"], found["in_memory"], found["size_bytes"]) == ("tmpfs", True, 16 << 20)


def test_memory_by_mount_tells_its_size_too() -> None:
    engine = EngineWithVolumes()
    inspected = engine.inspected[engine.id_of("lecteur")]
    inspected["HostConfig"]["Tmpfs"] = None
    inspected["HostConfig"]["Mounts"] = [
        {"Type": "tmpfs", "Target": "/cache", "TmpfsOptions": {"SizeBytes": 7}}
    ]
    inspected["Mounts"].append({"Type": "tmpfs", "Source": "", "Destination": "/cache", "RW": True})
    assert look(engine, "lecteur", "/cache")["size_bytes"] == 7


def test_a_volume_that_is_a_tmpfs_is_in_memory() -> None:
    engine = EngineWithVolumes()
    engine.volumes["donnees"]["Options"] = {"type": "tmpfs", "device": "tmpfs"}
    found = look(engine, "base", "$PGDATA")
    assert (found["type"], found["in_memory"]) == ("volume", True)


def test_compose_s_prefix_is_left_off_a_volume_s_name() -> None:
    engine = EngineWithVolumes()
    engine.volumes["donnees"]["Labels"] = {"com.docker.compose.volume": "pg"}
    assert look(engine, "base", "$PGDATA")["volume"] == "pg"


def test_a_volume_in_another_place_is_named_beside_the_anonymous_one() -> None:
    engine = EngineWithVolumes()
    inspected = engine.inspected[engine.id_of("base")]
    inspected["Mounts"] = [
        {"Type": "volume", "Name": "a" * 64, "Destination": "/var/lib/postgresql/data", "RW": True},
        {"Type": "volume", "Name": "donnees", "Destination": "/data", "RW": True},
    ]
    found = look(engine, "base", "$PGDATA")
    assert (found["anonymous"], found["others"]) == (True, ["donnees:/data"])


def test_the_longest_mount_point_at_or_above_a_path_is_its_own() -> None:
    engine = EngineWithVolumes()
    assert look(engine, "base", "/var/lib/postgresql/data/base/1")["volume"] == "donnees"
    beside = look(engine, "base", "/var/lib/postgresql/database")
    assert (beside["type"], beside["destination"], beside["source"]) == ("none", "", None)


@pytest.mark.parametrize(
    ("found", "nearest"), [(["/srv,ro"], "/srv,ro"), (["/srb", "/x"], "/srb"), (["/data"], None), ([], None)]
)
def test_a_mount_that_is_nearly_there_is_named(found: list[str], nearest: str | None) -> None:
    assert find_nearest_destination("/srv", found) == nearest


def test_a_variable_that_is_not_set_is_no_path() -> None:
    engine = EngineWithVolumes()
    assert isinstance(Mount(container="base", destination="$NOPE/x").observe(engine), Absent)
    assert expand_path("$A/../b", {"Config": {"Env": ["A=/x/y", "AB=/z"]}}) == "/x/b"


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ("size=16m", 16 << 20),
        ("rw,size=16777216", 16 << 20),
        ("mode=1777", None),
        ("size=50%", 50),
        ("", None),
    ],
)
def test_the_size_of_memory_is_read_among_its_options(options: str, size: int | None) -> None:
    assert parse_size(options) == size


@every_version
def test_the_kernel_tells_memory_and_its_limit(version: str) -> None:
    found = measure(EngineWithVolumes(version), "/cache")
    assert (found["mounted"], found["filesystem"], found["size_kib"]) == (True, "tmpfs", 16384)
    assert (found["read_only"], found["refused_write"]) == (False, None)


@every_version
def test_a_write_is_tried_where_it_should_be_refused_and_nowhere_else(version: str) -> None:
    engine = EngineWithVolumes(version)
    found = measure(engine, CONFIG_PATH)
    assert (found["read_only"], found["refused_write"]) == (True, True)
    asked = len(engine.questions)
    measure(engine, "/cache")
    assert not [question for question in engine.questions[asked:] if question.startswith("run sh")]


@pytest.mark.parametrize(
    "written",
    [
        CommandResult(1, "sh: can't create x: Permission denied"),
        CommandResult(126, "exec: sh: not found"),
        CommandResult(0, ""),
    ],
)
def test_want_of_rights_or_of_a_shell_is_no_refusal_by_the_mount(written: CommandResult) -> None:
    engine = EngineWithVolumes()
    engine.written = written
    found = measure(engine, CONFIG_PATH)
    assert (found["refused_write"], found["read_only"]) == (None, True)


def test_what_has_no_mount_of_its_own_lies_on_another() -> None:
    found = measure(EngineWithVolumes(), "/usr/share/nginx")
    assert (found["mounted"], found["filesystem"]) == (False, "overlay")


def test_nothing_is_in_force_of_what_does_not_run_and_nothing_is_run_in_it() -> None:
    engine = EngineWithVolumes()
    engine.inspected[engine.id_of("lecteur")]["State"] |= {"Running": False, "Status": "exited"}
    found = measure(engine, "/cache")
    assert (found["running"], found["filesystem"], found["read_only"], found["command"]) == (
        False,
        None,
        None,
        "",
    )
    assert not [question for question in engine.questions if question.startswith("run")]


def test_a_run_that_only_reads_and_an_image_without_cat_leave_it_untold() -> None:
    engine = EngineWithVolumes()
    engine.trouble["run"] = OutOfReach(UnobservableReason.NOT_TRIED, "--passive")
    assert isinstance(MountInForce(container="lecteur", destination="/cache").observe(engine), Unobservable)


def test_of_two_mounts_in_one_place_the_first_is_the_container_s_own_and_blanks_are_octal() -> None:
    """Docker 20.10 mounts volumes again, writable, while `docker cp` reads: the second line."""
    mounts = parse_mounts("a /x ext4 ro,size=4g 0 0\na /x ext4 rw 0 0\nc /my\\040files ext4 rw 0 0\nodd\n")
    own = find_kernel_mount("/x", mounts)
    assert own
    assert "ro" in own.options
    assert parse_size_kib(own.options) == 4 << 20
    assert mounts[-1].destination == "/my files"


def measure_root(name: str, version: str, *, local: bool = True, trouble: bool = False) -> dict[str, Any]:
    engine = EngineWithHardenedContainers(version, local=local)
    ref = engine.id_of(name)
    engine.answers["path-stat"] = {ref: {"name": "/", "size": 0, "mode": 1 << 31 | 0o755, "mtime": ""}}
    if trouble:
        engine.trouble["run"] = OutOfReach(UnobservableReason.NOT_TRIED, "--passive")
    return facts(MountInForce(container=name, destination="/").observe(engine))


@pytest.mark.parametrize("version", HARDENING_VERSIONS)
@pytest.mark.parametrize("local", [True, False])
def test_a_root_that_is_read_only_refuses_the_change_of_a_date(version: str, *, local: bool) -> None:
    found = measure_root("hardened", version, local=local)
    assert (found["mounted"], found["read_only"], found["refused_write"]) == (True, True, True)
    assert (found["writable_below"], found["by"]) == ([], "proc" if local else "exec")
    assert (found["filesystem"], found["command"] == "") == ("overlay", local)


@pytest.mark.parametrize("version", HARDENING_VERSIONS)
def test_a_writable_root_is_told_with_the_folders_on_a_disk_and_nothing_is_tried(version: str) -> None:
    found = measure_root("plain", version)
    assert (found["read_only"], found["refused_write"]) == (False, None)
    assert found["writable_below"] == [
        *("/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/usr/share/nginx/html")
    ]


def test_without_leave_to_run_anything_the_machine_s_kernel_still_tells() -> None:
    found = measure_root("hardened", HARDENING_VERSIONS[0], trouble=True)
    assert (found["read_only"], found["refused_write"], found["by"]) == (True, None, "proc")


@pytest.mark.parametrize("version", HARDENING_VERSIONS)
@pytest.mark.parametrize("name", ["hardened", "kept", "open", "plain"])
def test_both_files_of_the_kernel_tell_the_same_mounts(version: str, name: str) -> None:
    engine = EngineWithHardenedContainers(version)
    ref = engine.id_of(name)
    info = parse_mountinfo(engine.read_text("mountinfo", ref))
    mounts = parse_mounts(engine.read_text("mounts", ref))
    assert len(info) > 15
    for told, other in zip(info, mounts, strict=True):
        assert (told.destination, told.filesystem) == (other.destination, other.filesystem)
        assert ("ro" in told.options) is ("ro" in other.options)
        assert parse_size_kib(told.options) == parse_size_kib(other.options)


def test_blanks_in_a_mount_point_are_read_and_what_is_no_line_is_passed_over() -> None:
    line = "36 35 0:1 / /my\\040folder ro,relatime shared:1 master:2 - tmpfs tmpfs rw,size=64k"
    (mount,) = parse_mountinfo(f"{line}\n1 2 3\n\n - x\nno dash /x a b c d e f g\n")
    assert (mount.destination, mount.filesystem, parse_size_kib(mount.options)) == ("/my folder", "tmpfs", 64)


def test_an_older_recording_was_told_by_a_command() -> None:
    probe = MountInForce(container="lecteur", destination="/cache")
    whole = measure(EngineWithVolumes(), "/cache")
    older = {name: value for name, value in whole.items() if name not in {"by", "writable_below"}}
    recalled = probe.recall({probe.observation_key: Seen(kind="mount-in-force", facts=older)})
    assert isinstance(recalled, Seen)
    assert (recalled.facts["by"], recalled.facts["writable_below"]) == ("exec", None)
