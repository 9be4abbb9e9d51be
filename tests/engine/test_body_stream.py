"""Large answers are read as they come: within a deadline and a size limit, whole or not at all."""

import base64
import io
import json
import time
from pathlib import Path
from typing import Any

import pytest

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.body_stream import BodyStream
from dckgrade.engine.resources import IMAGE_EXPORT, PATH_STAT
from dckgrade.engine.run_options import RunOptions
from dckgrade.engine.saved_image import read_saved_archive
from dckgrade.report.observation import UnobservableReason
from tests.engine.test_transports import BOTH, MAX_BYTES, Open
from tests.support.fault_engine import (
    CHUNKED_JSON_HEAD,
    JSON_HEAD,
    FaultEngine,
    Reply,
    connect_fault_engine,
    drip_bytes,
    encode_chunk,
    reply_bytes,
    reply_with,
    stall_after,
)
from tests.support.recorded_images import APP_LAYERS, pack_image

EXPORT = "/v1.51/images/mon-app:1.0/get"
UNREADABLE, DEADLINE = UnobservableReason.UNREADABLE, UnobservableReason.DEADLINE
WHOLE = encode_chunk(b"abc") + encode_chunk(b"defg") + b"0\r\n\r\n"


def read_all(folder: Path, open_transport: Open, reply: Reply, timeout_s: float = 0.5) -> bytes:
    with (
        FaultEngine(folder / "docker.sock", {"/get": reply}) as engine,
        open_transport(engine.url).open_body(EXPORT, {}, max_bytes=MAX_BYTES, timeout_s=timeout_s) as stream,
    ):
        return stream.read(2) + b"|" + stream.read()


@BOTH
@pytest.mark.parametrize(
    "reply",
    [reply_bytes(CHUNKED_JSON_HEAD + WHOLE), reply_bytes(JSON_HEAD + b"Content-Length: 7\r\n\r\nabcdefg")],
)
def test_a_body_is_given_in_the_pieces_that_are_asked_for(
    reply: Reply, open_transport: Open, tmp_path: Path
) -> None:
    assert read_all(tmp_path, open_transport, reply) == b"ab|cdefg"


@BOTH
@pytest.mark.parametrize(
    ("reply", "why", "detail"),
    [
        (reply_bytes(CHUNKED_JSON_HEAD + encode_chunk(b"abc")), UNREADABLE, "an answer cut short"),
        (reply_bytes(JSON_HEAD + b"Content-Length: 9\r\n\r\nabc"), UNREADABLE, "an answer cut short"),
        (reply_bytes(JSON_HEAD + b"\r\nabcdefg"), UNREADABLE, "an answer of unknown length"),
        (
            reply_bytes(CHUNKED_JSON_HEAD + encode_chunk(b"a" * 1001) + b"0\r\n\r\n"),
            UNREADABLE,
            "an answer of more than 1000 bytes",
        ),
        (stall_after(CHUNKED_JSON_HEAD + encode_chunk(b"abc")), DEADLINE, ""),
    ],
)
def test_a_body_that_is_late_cut_or_too_large_is_told(
    reply: Reply, why: UnobservableReason, detail: str, open_transport: Open, tmp_path: Path
) -> None:
    begun = time.monotonic()
    with pytest.raises(OutOfReach) as caught:
        read_all(tmp_path, open_transport, reply)
    assert (caught.value.why, caught.value.detail) == (why, detail)
    assert time.monotonic() - begun < 3


@BOTH
def test_a_body_that_drips_ends_at_the_deadline(open_transport: Open, tmp_path: Path) -> None:
    drip = drip_bytes(CHUNKED_JSON_HEAD + encode_chunk(b"a" * 900), every=0.02)
    with pytest.raises(OutOfReach) as caught:
        read_all(tmp_path, open_transport, drip, timeout_s=1.0)
    assert caught.value.why is DEADLINE


def test_an_image_is_never_held_whole() -> None:
    sizes = []

    class Watched(BodyStream):
        def read(self, size: int = -1) -> bytes:
            sizes.append(size)
            return super().read(size)

    content = io.BytesIO(pack_image({f"files/{at}": b"x" * 100_000 for at in range(200)}))
    stream = Watched(
        200,
        {"transfer-encoding": "chunked"},
        lambda: content.read(65536),
        max_bytes=64_000_000,
        until=time.monotonic() + 60,
    )
    (image,) = read_saved_archive(stream).images
    assert image.layers[0] is not None
    assert len(image.layers[0].paths) == 200
    assert 0 < max(sizes) <= 64 * 1024
    assert min(sizes) > 0


def test_the_export_of_an_image_is_read_asked_once_and_refused_when_passive(tmp_path: Path) -> None:
    body = pack_image(*APP_LAYERS)
    with connect_fault_engine(tmp_path, {"/get": reply_with(body)}) as (connected, there):
        snapshots = [connected.take_snapshot() for _ in range(2)]
        archives = [snapshot.export_image("sha256:" + "a" * 64, [b"ELF"]) for snapshot in snapshots]
        layer = archives[1].images[0].layers[1]
        assert layer is not None
        assert layer.holders == ("usr/local/bin/serveur",)
        with pytest.raises(OutOfReach):
            connected.take_snapshot(RunOptions(passive=True)).export_image("sha256:" + "b" * 64, [])
        with pytest.raises(OutOfReach):
            connected.take_snapshot(RunOptions(passive=True)).stat_image_paths("sha256:" + "b" * 64, ["/a"])
    assert len([request for request in there.requests if "/get" in request]) == 1
    assert IMAGE_EXPORT.max_bytes == 64 * 1024 * 1024


def test_an_image_that_is_not_there_cannot_be_exported(tmp_path: Path) -> None:
    gone = reply_with({"message": "No such image: x"}, 404)
    with connect_fault_engine(tmp_path, {"/get": gone}) as (connected, _), pytest.raises(NotThere):
        connected.take_snapshot().export_image("x", [])


GCC = {"name": "gcc", "size": 9, "mode": 0o755, "mtime": "2026-01-01T00:00:00Z"}
STAT: dict[str, Any] = {"X_Docker_Container_Path_Stat": base64.b64encode(json.dumps(GCC).encode()).decode()}


def test_a_path_is_described_by_a_header(tmp_path: Path) -> None:
    head = reply_with(b"", 200, **STAT)
    with connect_fault_engine(tmp_path, {"/archive": head}) as (connected, there):
        assert connected.take_snapshot().read_path_stat("web", "/usr/bin/gcc")["name"] == "gcc"
    assert there.requests[-1].startswith(f"{PATH_STAT.method} /v1.51/containers/web/archive?path=")


@pytest.mark.parametrize(
    ("headers", "status", "expected"),
    [
        ({"Api_Version": "1.51"}, 404, NotThere),
        ({}, 404, OutOfReach),
        ({"Api_Version": "1.51"}, 500, OutOfReach),
        ({"X_Docker_Container_Path_Stat": "?"}, 200, OutOfReach),
        ({}, 200, OutOfReach),
    ],
)
def test_only_the_engine_s_own_404_says_that_there_is_no_such_path(
    headers: dict[str, str], status: int, expected: type[Exception], tmp_path: Path
) -> None:
    reply = reply_with(b"", status, **headers)
    with connect_fault_engine(tmp_path, {"/archive": reply}) as (connected, _), pytest.raises(expected):
        connected.take_snapshot().read_path_stat("web", "/usr/bin/gcc")
