"""Containers, volumes and events that Trivy may have left, in; what is proven, blamed or unknown, out."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import pytest

from dckgrade.engine.answers import OTHER_USERS_DETAIL, NotThere, OutOfReach
from dckgrade.probes.trivy.containers import MAX_CONTAINERS, TrivyContainer, is_trivy_container
from dckgrade.probes.trivy.trivy_database import TrivyDatabase
from dckgrade.probes.trivy.trivy_scan import TrivyScan
from dckgrade.probes.trivy.trivy_tool import TrivyTool
from dckgrade.report.observation import Unobservable, UnobservableReason
from tests.support.fake_engine import facts
from tests.support.scenes.trivy import (
    ANSWERS,
    DATABASE,
    IMAGE,
    IMAGE_NAME,
    REPORT,
    SCANS,
    TrivyMachine,
    add_container,
)

REF = "c" * 64
TABLE = (ANSWERS / "0.68.2-table.out").read_text()
FATAL = "2026-01-01T00:00:00Z\tFATAL\tFatal error\t"
HERE = "./somewhere"


class Machine(TrivyMachine):
    """A machine on which files lie in containers and volumes, and that remembers events."""

    def __init__(self, **cache: bytes | Exception) -> None:
        super().__init__(**cache)
        self.archives: dict[str, bytes | Exception] = {}
        self.in_volumes: dict[str, bytes | Exception] = {}

    def read_archive(self, ref: str, path: str) -> bytes:  # noqa: ARG002
        return self._give(self.archives, path)

    def read_volume_file(self, folder: str, name: str) -> bytes:
        return self._give(self.in_volumes, f"{folder}/{name}")

    def _give(self, files: dict[str, bytes | Exception], path: str) -> bytes:
        found = files.get(path, NotThere(path))
        if isinstance(found, Exception):
            raise found
        return found

    def remember(self, *events: tuple[str, str, str, dict[str, str]]) -> None:
        """Let the engine remember these events: type, action, id and attributes."""
        lines = [
            {"Type": kind, "Action": action, "Actor": {"ID": ref, "Attributes": attributes}, "timeNano": at}
            for at, (kind, action, ref, attributes) in enumerate(events, start=10**18 * 2)
        ]
        self.answers["events"] = {"": "\n".join(map(json.dumps, lines)).encode()}


def container_machine(log: str = "", **inspected: Any) -> Machine:
    """Have a container of Trivy that has ended, printed *log*, and is otherwise as *inspected* says."""
    engine = Machine()
    add_container(engine)
    engine.logs[REF] = log
    for part, value in inspected.items():
        own = engine.inspected[REF]
        own[part] = {**own[part], **value} if isinstance(value, dict) else value
    return engine


def see_scan(engine: TrivyMachine) -> dict[str, Any]:
    return facts(TrivyScan(image=IMAGE_NAME).observe(engine))


def see_database(engine: TrivyMachine) -> dict[str, Any]:
    return facts(TrivyDatabase(image=IMAGE_NAME).observe(engine))


@pytest.mark.parametrize(
    ("inspected", "folder"),
    [
        ({}, "/root/.cache/trivy"),
        ({"Args": ["--cache-dir", "/kept/.cache", "image", IMAGE_NAME]}, "/kept/.cache"),
        ({"Args": ["image", "--cache-dir=/c", IMAGE_NAME]}, "/c"),
        ({"Path": "sh", "Args": ["-c", "trivy --cache-dir '/c' image nginx:1.17"]}, "/c"),
        ({"Args": ["--cache-dir", "kept", "image"], "Config": {"WorkingDir": "/work"}}, "/work/kept"),
        ({"Config": {"Env": ["TRIVY_CACHE_DIR=/cache"]}}, "/cache"),
        ({"Config": {"Env": ["XDG_CACHE_HOME=/shared"]}}, "/shared/trivy"),
        ({"Config": {"Env": ["HOME=/home/me"]}}, "/home/me/.cache/trivy"),
        ({"Config": {"User": "1000:1000"}}, "/.cache/trivy"),
        ({"Mounts": [{"Type": "bind", "Destination": "/data"}]}, "/data"),
        ({"Mounts": [{"Type": "volume", "Destination": "/root/.cache"}]}, "/root/.cache/trivy"),
    ],
)
def test_a_containers_cache_is_found_where_it_was_told_to_be(inspected: dict[str, Any], folder: str) -> None:
    engine = container_machine(**inspected)
    engine.archives = {f"{folder}/fanal/fanal.db": SCANS, f"{folder}/db/metadata.json": DATABASE}
    assert (see_scan(engine)["evidence"], see_database(engine)["evidence"]) == ("container-cache",) * 2


def test_what_is_mounted_as_a_socket_is_no_cache() -> None:
    mounts = [{"Destination": "/var/run/docker.sock"}, {"Destination": "/c"}]
    container = TrivyContainer(ref="x", name="x", inspected={"Mounts": mounts, "Path": "trivy"})
    assert container.list_cache_folders() == [
        PurePosixPath("/root/.cache/trivy"),
        PurePosixPath("/c"),
        PurePosixPath("/c/trivy"),
    ]


@pytest.mark.parametrize(
    ("entry", "is_trivy"),
    [
        ({"Image": "aquasec/trivy:0.60.0"}, True),
        ({"Image": "ghcr.io/aquasecurity/trivy@sha256:0"}, True),
        ({"Image": "sha256:0123", "Command": "trivy image nginx:1.17"}, True),
        ({"Image": "lab-scanner", "Command": "/usr/local/bin/trivy image nginx:1.17"}, True),
        ({"Image": "lab-scanner", "Command": "sh -c 'trivy image nginx:1.17'"}, True),
        ({"Image": "lab-scanner", "Labels": {"org.opencontainers.image.title": "Trivy"}}, True),
        ({"Image": "nginx", "Command": "nginx -g 'daemon off;'"}, False),
        ({"Image": "aquasec/trivy-operator", "Command": "trivy-operator"}, False),
        ({"Image": "nginx", "Command": None, "Labels": None}, False),
    ],
)
def test_a_container_of_trivy_is_known_by_image_command_or_label(entry: Any, *, is_trivy: bool) -> None:
    assert is_trivy_container(entry) is is_trivy


@pytest.mark.parametrize("exit_code", [0, 1])
@pytest.mark.parametrize("tty", [False, True])
def test_a_table_that_a_container_printed_proves_scan_and_database(exit_code: int, *, tty: bool) -> None:
    state = {"Running": False, "ExitCode": exit_code}
    engine = container_machine(TABLE, State=state, Config={"Tty": tty})
    assert (see_scan(engine)["evidence"], see_database(engine)["evidence"]) == ("container-log",) * 2
    assert see_scan(engine)["where"] == "scan"


def test_a_report_that_a_container_printed_is_weighed_by_its_layers() -> None:
    assert see_scan(container_machine(json.dumps(REPORT)))["evidence"] == "container-log"
    other = json.dumps(REPORT).replace(IMAGE["RootFS"]["Layers"][0], "sha256:" + "0" * 64)
    seen = see_scan(container_machine(other))
    assert (seen["evidence"], seen["lack"], seen["where"]) == (None, "foreign", "scan")


def test_a_table_of_an_image_that_is_gone_has_nothing_to_be_compared_with() -> None:
    engine = container_machine(TABLE)
    engine.images = {}
    seen = see_scan(engine)
    assert (seen["evidence"], seen["lack"], seen["where"]) == (None, "image-gone", "scan")


def test_a_table_is_no_proof_where_the_containers_own_cache_has_other_layers() -> None:
    engine = container_machine(TABLE)
    engine.archives = {"/root/.cache/trivy/fanal/fanal.db": SCANS}
    layers = [*IMAGE["RootFS"]["Layers"], "sha256:" + "1" * 64]
    engine.images = {IMAGE_NAME: {**IMAGE, "RootFS": {"Layers": layers}}}
    seen = see_scan(engine)
    assert (seen["evidence"], seen["lack"]) == (None, "base-only")


def test_a_cache_that_the_engine_cannot_export_does_not_hide_the_table() -> None:
    broken = OutOfReach(UnobservableReason.ENGINE_ERROR, "HTTP 500 path escapes from parent")
    engine = container_machine(TABLE)
    engine.archives = dict.fromkeys(
        ("/root/.cache/trivy/fanal/fanal.db", "/root/.cache/trivy/db/metadata.json"), broken
    )
    assert (see_scan(engine)["evidence"], see_database(engine)["evidence"]) == ("container-log",) * 2
    engine.logs[REF] = ""
    assert isinstance(TrivyScan(image=IMAGE_NAME).observe(engine), Unobservable)


@pytest.mark.parametrize(
    ("log", "scan", "database"),
    [
        ("DB error: failed to download vulnerability DB", "database", "database"),
        ("scan error: write /tmp/x: no space left on device", "disk-full", None),
        ("scan error: unknown flag: --foo", "", None),
    ],
)
def test_what_trivy_ended_with_tells_of_a_cache_that_cannot_be_exported(
    log: str, scan: str, database: str | None
) -> None:
    engine = container_machine(FATAL + log)
    engine.archives = dict.fromkeys(
        ("/root/.cache/trivy/fanal/fanal.db", "/root/.cache/trivy/db/metadata.json"),
        OutOfReach(UnobservableReason.ENGINE_ERROR, "HTTP 500 path escapes from parent"),
    )
    assert (see_scan(engine)["evidence"], see_scan(engine)["clue"] or "") == (None, scan)
    if database:
        assert (see_database(engine)["evidence"], see_database(engine)["clue"]) == (None, database)
    else:
        assert isinstance(TrivyDatabase(image=IMAGE_NAME).observe(engine), Unobservable)


def test_of_many_containers_one_that_succeeded_is_enough() -> None:
    engine = container_machine(FATAL + "unknown flag: --foo")
    older = {**engine.listed[0], "Id": "d" * 64, "Names": ["/older"], "Created": 1}
    engine.listed.append(older)
    engine.inspected["d" * 64] = {**engine.inspected[REF], "Id": "d" * 64}
    engine.logs["d" * 64] = TABLE
    seen = see_scan(engine)
    assert (seen["evidence"], seen["where"]) == ("container-log", "older")


def test_where_there_are_more_containers_than_are_looked_into_nobody_is_blamed() -> None:
    engine = container_machine(FATAL + "unknown flag: --foo")
    engine.listed *= MAX_CONTAINERS + 1
    assert isinstance(TrivyScan(image=IMAGE_NAME).observe(engine), Unobservable)
    engine.listed.pop()
    assert see_scan(engine)["text"] == "unknown flag: --foo"


@pytest.mark.parametrize(
    ("args", "running", "unseen"),
    [
        (["image", IMAGE_NAME], True, "running"),
        (["server", "--listen", "0.0.0.0:4954"], True, "container"),
        (["image", IMAGE_NAME], False, "container"),
    ],
)
def test_a_scan_under_way_is_told_from_a_server_and_from_one_that_ended(
    args: list[str], *, running: bool, unseen: str
) -> None:
    engine = container_machine("INFO\n", Args=args, State={"Running": running})
    assert see_scan(engine)["unseen"] == see_database(engine)["unseen"] == unseen


@pytest.mark.parametrize(
    ("script", "is_scanning"),
    [
        ("trivy image nginx:1.17", True),
        (
            "trivy image --download-db-only && /usr/local/bin/trivy -q image nginx:1.17 > /out/r.txt 2>&1",
            True,
        ),
        ("trivy image nginx:1.17 2>&1 | tee /out/table.txt", True),
        ("trivy image nginx:1.17;", True),
        # It waits for somebody, with the scan at its end.
        ("trivy image nginx:1.17; sleep infinity", False),
        ("trivy image nginx:1.17\ntail -f /dev/null", False),
        ("trivy server", False),
        ("echo image", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("shell", ["sh", "/bin/sh", "/bin/bash"])
def test_a_shell_whose_last_command_is_a_scan_is_at_work(
    shell: str, script: str, *, is_scanning: bool
) -> None:
    inspected = {"Path": shell, "Args": ["-c", script], "State": {"Running": True}}
    assert TrivyContainer(ref="x", name="x", inspected=inspected).is_scanning is is_scanning
    ended = {**inspected, "State": {"Running": False, "ExitCode": 137}}
    signal = TrivyContainer(ref="x", name="x", inspected=ended).killing_signal
    assert signal == (9 if is_scanning else 0)


def test_the_engines_own_error_is_quoted_where_the_container_could_not_start() -> None:
    engine = container_machine(State={"Running": False, "Error": 'exec: "imgae":\nnot found'})
    seen = see_scan(engine)
    assert (seen["program"], seen["text"], seen["place"]) == (
        "Docker",
        'exec: "imgae": not found',
        "docker inspect scan: State.Error",
    )


@pytest.mark.parametrize(
    ("args", "code", "clue"),
    [
        (["image", IMAGE_NAME], 137, "interrupted"),
        (["image", IMAGE_NAME], 1, None),
        (["server"], 137, None),
        (["image", IMAGE_NAME], 0, None),
    ],
)
def test_a_scan_that_was_killed_is_said_to_be_interrupted(
    args: list[str], code: int, clue: str | None
) -> None:
    engine = container_machine("INFO\n", Args=args, State={"Running": False, "ExitCode": code})
    assert see_scan(engine)["clue"] == clue


VOLUMES = {"Volumes": [{"Name": "kept", "Driver": "local", "Mountpoint": HERE}]}


@pytest.mark.parametrize("below", ["", "trivy/", ".cache/trivy/"])
def test_a_volume_that_can_be_read_is_a_cache(below: str) -> None:
    engine = Machine()
    engine.answers["volumes"] = {"": VOLUMES}
    engine.in_volumes = {
        f"{HERE}/{below}fanal/fanal.db": SCANS,
        f"{HERE}/{below}db/metadata.json": DATABASE,
    }
    seen = see_scan(engine)
    assert (seen["evidence"], seen["where"], see_database(engine)["evidence"]) == ("volume", "kept", "volume")
    assert facts(TrivyTool(image=IMAGE_NAME).observe(engine))["ways"] == ["cache"]


def test_a_volume_that_is_closed_is_named_and_nobody_is_blamed() -> None:
    closed = OutOfReach(UnobservableReason.NOT_TRIED, OTHER_USERS_DETAIL)
    engine = Machine()
    engine.answers["volumes"] = {"": {"Volumes": [{**VOLUMES["Volumes"][0], "Name": "trivy-cache"}]}}
    engine.in_volumes = {f"{HERE}/fanal/fanal.db": closed, f"{HERE}/db/metadata.json": closed}
    for seen in (see_scan(engine), see_database(engine)):
        assert (seen["unseen"], seen["unseen_name"], seen["not_ours"]) == ("volume", "trivy-cache", False)
    engine.answers["volumes"] = {"": VOLUMES}
    assert see_scan(engine)["unseen"] is None
    mounted = {"container": "x", "destination": "/root/.cache/trivy"}
    engine.remember(("volume", "mount", "kept", mounted))
    assert see_scan(engine)["unseen_name"] == "kept"


DIED = ("container", "die", "e" * 64, {"image": "aquasec/trivy", "name": "gone", "exitCode": "0"})
SAVED = ("image", "save", str(IMAGE["Id"]), {"name": str(IMAGE["Id"])})
PULLED = ("image", "pull", "aquasec/trivy:latest", {"name": "aquasec/trivy"})
LOADED = ("image", "load", "sha256:1", {"name": "sha256:1"})
DELETED = ("image", "delete", "sha256:1", {"name": "sha256:1"})
IMAGE_BACK: tuple[Any, ...] = (
    ("image", "delete", str(IMAGE["Id"]), {}),
    ("image", "load", str(IMAGE["Id"]), {}),
)


@pytest.mark.parametrize(
    ("has_image", "events", "unseen"),
    [
        (True, [], ("container", "")),
        (True, [PULLED], (None, "")),
        (True, [LOADED], (None, "")),
        (True, [PULLED, DIED], ("container", "gone")),
        (True, [PULLED, DIED, PULLED], ("container", "gone")),
        (True, [LOADED, DIED, DELETED, LOADED], (None, "")),
        (False, [DIED], (None, "")),
        (False, [], (None, "")),
        (False, [SAVED], ("export", "")),
        (False, [("image", "save", "sha256:2", {})], (None, "")),
        (False, [SAVED, *IMAGE_BACK], (None, "")),
    ],
)
def test_a_run_that_has_left_nothing_is_told_from_one_that_was_not_made(
    *, has_image: bool, events: list[Any], unseen: tuple[str | None, str]
) -> None:
    engine = Machine()
    if has_image:
        engine.answers["images"] = {"": [{"Id": "sha256:1", "RepoTags": ["aquasec/trivy:latest"]}]}
    engine.remember(*events)
    for seen in (see_scan(engine), see_database(engine)):
        assert (seen["unseen"], seen["unseen_name"]) == unseen


def test_an_image_of_trivy_is_known_by_digest_or_label_too() -> None:
    for image in (
        {"Id": "sha256:1", "RepoTags": None, "RepoDigests": ["aquasec/trivy@sha256:0"]},
        {"Id": "sha256:1", "RepoTags": ["lab:1"], "Labels": {"org.opencontainers.image.title": "trivy"}},
    ):
        engine = Machine()
        engine.answers["images"] = {"": [image]}
        assert facts(TrivyTool(image=IMAGE_NAME).observe(engine))["ways"] == ["image"]


def test_an_error_of_a_container_is_not_quoted_after_a_later_run_that_is_gone() -> None:
    engine = container_machine(FATAL + "unknown flag: --foo")
    engine.answers["images"] = {"": [{"Id": "sha256:1", "RepoTags": ["aquasec/trivy:latest"]}]}
    assert see_scan(engine)["text"] == "unknown flag: --foo"
    engine.remember(PULLED, DIED)
    seen = see_scan(engine)
    assert (seen["text"], seen["unseen"]) == (None, "container")
    ended = datetime.fromtimestamp(2.1e9, UTC).isoformat()
    engine.inspected[REF]["State"]["FinishedAt"] = ended
    assert see_scan(engine)["text"] == "unknown flag: --foo"


@pytest.mark.parametrize("observe", [see_scan, see_database])
def test_what_cannot_be_asked_of_an_old_engine_is_not_missed(
    observe: Callable[[TrivyMachine], dict[str, Any]],
) -> None:
    engine = Machine(scans=b"")
    engine.trouble = {
        "events": OutOfReach(UnobservableReason.DEADLINE, "3 s"),
        "volumes": OutOfReach(UnobservableReason.ENGINE_ERROR, "HTTP 500"),
    }
    assert (observe(engine)["evidence"], observe(engine)["unseen"]) == (None, None)
