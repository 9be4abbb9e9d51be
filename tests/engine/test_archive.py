"""Reading a file inside a container, and a volume by its name."""

import gzip
import io
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.report.observation import UnobservableReason
from tests.support.fault_engine import Reply, connect_fault_engine, reply_with

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
