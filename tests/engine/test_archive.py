"""Reading a file inside a container, and a volume by its name."""

import gzip
import io
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import Endpoint
from dckgrade.report.observation import UnobservableReason
from tests.support.fault_engine import (
    Reply,
    connect_fault_engine,
    reply_bytes,
    reply_with,
    start_fault_engine,
)
from tests.support.recording_proxy import RecordingProxy

FILE = "/etc/prometheus/prometheus.yml"
CHANGED = datetime(2026, 11, 24, 4, 39, 41, tzinfo=UTC)


def pack_archive(
    kind: bytes = tarfile.REGTYPE, content: bytes = b"global: {}\n", *, empty: bool = False
) -> bytes:
    """Pack one file as an engine does."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        member = tarfile.TarInfo("prometheus.yml")
        member.type, member.mtime, member.linkname = kind, int(CHANGED.timestamp()), "x"
        member.size = len(content) if kind == tarfile.REGTYPE else 0
        if not empty:
            tar.addfile(member, io.BytesIO(content))
    return written.getvalue()


def build_replies(body: bytes) -> dict[str, Reply]:
    return {"/archive": reply_with(body, Content_Type="application/x-tar")}


def test_a_file_comes_with_the_time_of_its_last_change(tmp_path: Path) -> None:
    with connect_fault_engine(tmp_path, build_replies(pack_archive())) as (connected, there):
        look = connected.take_snapshot()
        for _ in range(2):
            assert look.read_modified_at("web", FILE) == CHANGED
            assert look.read_archive("web", FILE) == b"global: {}\n"
    asked = "GET /v1.51/containers/web/archive?path=%2Fetc%2Fprometheus%2Fprometheus.yml"
    assert there.requests[1:] == [asked]


@pytest.mark.parametrize(
    "body",
    [
        lambda: pack_archive(tarfile.DIRTYPE),
        lambda: pack_archive(tarfile.SYMTYPE),
        lambda: pack_archive(tarfile.FIFOTYPE),
        lambda: pack_archive(empty=True),
        lambda: pack_archive()[:515],
        lambda: gzip.compress(pack_archive()),
        lambda: b"",
        lambda: b"no archive",
    ],
    ids=["folder", "link", "pipe", "nothing", "cut", "packed", "empty", "other"],
)
def test_what_is_not_a_file_has_not_been_changed(body: Callable[[], bytes], tmp_path: Path) -> None:
    with (
        connect_fault_engine(tmp_path, build_replies(body())) as (connected, _),
        pytest.raises(OutOfReach) as caught,
    ):
        connected.take_snapshot().read_modified_at("web", FILE)
    assert caught.value.why is UnobservableReason.UNREADABLE


def test_a_volume_is_there_or_it_is_not(tmp_path: Path) -> None:
    missing = reply_with({"message": "get x: no such volume"}, 404)
    found = reply_with({"Name": "data", "Driver": "local"})
    with connect_fault_engine(tmp_path, {"/volumes/data": found, "/volumes/x": missing}) as (connected, _):
        look = connected.take_snapshot()
        assert look.inspect_volume("data")["Driver"] == "local"
        with pytest.raises(NotThere):
            look.inspect_volume("x")


STAT = (
    "eyJuYW1lIjoiZiIsInNpemUiOjIsIm1vZGUiOjQyMCwibXRpbWUiOiIyMDI2LTExLTI5VD"
    "A2OjQ3OjI0LjM3ODY1ODg4WiIsImxpbmtUYXJnZXQiOiIifQ=="
)
"""As Docker 20.10.24 answered."""
NO_SUCH_FILE = b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 60\r\n"


def build_stat_reply(header: str) -> Reply:
    return reply_bytes(
        f"HTTP/1.1 200 OK\r\nConnection: close\r\nX-Docker-Container-Path-Stat: {header}\r\n\r\n".encode()
    )


def test_what_is_at_a_path_is_told_by_a_header_and_asked_by_head(tmp_path: Path) -> None:
    with connect_fault_engine(tmp_path, {"/archive": build_stat_reply(STAT)}) as (connected, there):
        look = connected.take_snapshot()
        told = [look.read_path_stat("web", "/f") for _ in range(2)]
    assert (told[0]["size"], told[0]["mode"], told[0]["mtime"]) == (2, 0o644, "2026-11-29T06:47:24.37865888Z")
    assert told[0] == told[1]
    assert there.requests[1:] == ["HEAD /v1.51/containers/web/archive?path=%2Ff"]


@pytest.mark.parametrize("header", ["", "!", "bnVsbA==", "e30=", STAT[:-8]])
def test_a_header_that_tells_nothing_is_unreadable(header: str, tmp_path: Path) -> None:
    with (
        connect_fault_engine(tmp_path, {"/archive": build_stat_reply(header)}) as (connected, _),
        pytest.raises(OutOfReach) as caught,
    ):
        connected.take_snapshot().read_path_stat("web", "/f")
    assert caught.value.why is UnobservableReason.UNREADABLE


def test_an_answer_to_head_without_a_body_is_the_engine_s_by_its_version(tmp_path: Path) -> None:
    of_engine = reply_bytes(NO_SUCH_FILE + b"Api-Version: 1.41\r\n\r\n")
    with connect_fault_engine(tmp_path, {"/archive": of_engine}) as (connected, _), pytest.raises(NotThere):
        connected.take_snapshot().read_path_stat("web", "/f")
    of_proxy = {"/web/archive": reply_bytes(NO_SUCH_FILE + b"\r\n")}
    (tmp_path / "other").mkdir()
    with (
        connect_fault_engine(tmp_path / "other", of_proxy) as (connected, _),
        pytest.raises(OutOfReach),
    ):
        connected.take_snapshot().read_path_stat("web", "/f")


def test_a_proxy_of_the_tests_passes_an_answer_to_head_on(tmp_path: Path) -> None:
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\nX-Docker-Container-Path-Stat: "
    replies = {"/archive": reply_bytes(body + STAT.encode() + b"\r\n\r\n")}
    with (
        start_fault_engine(tmp_path, replies) as there,
        RecordingProxy(tmp_path / "proxy.sock", there.url) as proxy,
        connect_engine(Endpoint(proxy.host, "--host")) as connected,
    ):
        assert connected.take_snapshot().read_path_stat("web", "/f")["size"] == 2
    assert ("HEAD", "/containers/web/archive") in [request[:2] for request in proxy.requests]
