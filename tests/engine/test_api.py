"""Connecting to sound and broken engines, and reading from them: always the right outcome, always in time."""

import ast
import contextlib
import gc
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from dckgrade.engine import log_frames, resources
from dckgrade.engine.allowlist import ForbiddenRequest, require_allowed_request
from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.api_version import (
    NEWEST_TESTED,
    explain_refused_version,
    negotiate_api_version,
    parse_engine_version,
)
from dckgrade.engine.connection import connect_engine
from dckgrade.engine.connection_errors import explain_connection_error
from dckgrade.engine.deadline import call_all_within
from dckgrade.engine.endpoint import Endpoint, EndpointUsageError, EngineError, TlsFiles, resolve_endpoint
from dckgrade.engine.protocol import Engine
from dckgrade.engine.resources import Resource
from dckgrade.report.observation import UnobservableReason
from tests.support.fault_engine import (
    CHUNKED_JSON_HEAD,
    JSON_HEAD,
    FaultEngine,
    Reply,
    connect_fault_engine,
    drip_bytes,
    encode_chunk,
    encode_frame,
    reply_bytes,
    reply_to_ping,
    reply_with,
    stall_after,
    start_fault_engine,
)
from tests.support.recorded_engines import ENGINE_FOLDERS

TOO_OLD = "client version 1.51 is too old. Minimum supported API version is 1.60, please upgrade your client"


@pytest.fixture
def shorten_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, resource in [*vars(resources).items()]:
        if isinstance(resource, Resource):
            monkeypatch.setattr(resources, name, replace(resource, timeout_s=0.5))


def get_connect_error(endpoint: Endpoint, seconds: float = 0.5) -> str:
    begun = time.monotonic()
    with pytest.raises(EngineError) as caught:
        connect_engine(endpoint, seconds)
    assert time.monotonic() - begun < seconds + 1
    return str(caught.value)


def make_endpoint(path: Path) -> Endpoint:
    return Endpoint(f"unix://{path}", "DOCKER_HOST")


# Connecting


def test_a_sound_engine_is_greeted_with_one_request(tmp_path: Path) -> None:
    with connect_fault_engine(tmp_path) as (connected, there):
        assert there.requests == ["GET /_ping"]
        assert connected.engine.version == "28.5.2"
        assert connected.engine.api == "1.51"
        assert connected.engine.endpoint == there.url


def test_a_grade_sends_what_it_needs_and_no_more(tmp_path: Path) -> None:
    says = {
        "/json": reply_with({"Id": "a"}),
        "/containers/json": reply_with([{"Id": "a", "Names": ["/a"]}]),
        "/stats": reply_with({}),
    }
    with connect_fault_engine(tmp_path, says) as (connected, there):
        look: Engine = connected.take_snapshot()
        for _ in range(2):
            look.list_containers()
            for name in ("a", "b"):
                look.inspect_container(name)
                look.sample_stats(name)
        assert there.requests == [
            "GET /_ping",
            "GET /v1.51/containers/json?all=true",
            "GET /v1.51/containers/a/json",
            "GET /v1.51/containers/a/stats?stream=false&one-shot=true",
            "GET /v1.51/containers/b/json",
            "GET /v1.51/containers/b/stats?stream=false&one-shot=true",
        ]
        connected.take_snapshot().list_containers()
        assert len(there.requests) == 7


def test_an_absent_socket_is_named_with_what_named_it(tmp_path: Path) -> None:
    message = get_connect_error(make_endpoint(tmp_path / "none.sock"))
    assert str(tmp_path / "none.sock") in message
    assert "DOCKER_HOST" in message
    assert "no such socket" in message


def test_other_engines_are_suggested_and_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with FaultEngine(tmp_path / "docker.sock", {}) as other:
        assert f"These sockets exist: {other.url}" in get_connect_error(
            make_endpoint(tmp_path / "none.sock")
        ).replace("unix:///var/run/docker.sock, ", "")
        assert other.requests == []


TUNNEL = """
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print("up", flush=True)
while True:
    connected, _ = listener.accept()
    if connected.recv(4096):
        connected.sendall(b"HTTP/1.1 200 OK\\r\\nApi-Version: 1.51\\r\\nContent-Length: 0\\r\\n\\r\\n")
    connected.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who listens")
def test_services_of_an_engine_behind_an_ssh_tunnel_are_not_looked_for_on_this_machine(
    tmp_path: Path,
) -> None:
    (tmp_path / "ssh").symlink_to(Path(sys.executable).resolve())
    argv = [str(tmp_path / "ssh"), "-c", TUNNEL, str(tmp_path / "docker.sock")]
    inspected = {
        "State": {"Running": True},
        "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}},
    }
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as ssh:
        try:
            assert ssh.stdout
            assert ssh.stdout.readline()
            with (
                connect_engine(make_endpoint(tmp_path / "docker.sock")) as connected,
                pytest.raises(OutOfReach) as caught,
            ):
                connected.take_snapshot().find_addresses(inspected, 80)
        finally:
            ssh.kill()
    assert caught.value.why is UnobservableReason.ADDRESS_OUT_OF_REACH


def test_a_socket_at_which_nobody_listens_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "docker.sock"))
    assert "is not running: connection refused" in get_connect_error(make_endpoint(tmp_path / "docker.sock"))


def test_a_closed_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert "connection refused" in get_connect_error(Endpoint(f"tcp://127.0.0.1:{port}", "--host"))


def test_a_machine_without_an_address_is_unknown() -> None:
    assert "has no known address" in get_connect_error(Endpoint("tcp://host.invalid:2375", "--host"), 5)


@contextlib.contextmanager
def act_as_nobody() -> Iterator[None]:
    """Root may open any socket, so be someone else meanwhile."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_socket_that_is_not_ours_to_use_is_explained_without_sudo() -> None:
    with tempfile.TemporaryDirectory() as folder, FaultEngine(Path(folder, "docker.sock"), {}) as there:
        Path(folder).chmod(0o755)
        Path(folder, "docker.sock").chmod(0)
        with act_as_nobody():
            message = get_connect_error(Endpoint(there.url, "--host"))
    assert "Permission denied" in message
    assert "group docker, which is as powerful as root" in message
    assert "sudo" not in message


@pytest.mark.parametrize(
    ("say", "message"),
    [
        (stall_after(b""), "did not answer within 0.5 s"),
        (stall_after(JSON_HEAD), "did not answer within 0.5 s"),
        (
            drip_bytes(b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nContent-Length: 2\r\n\r\nOK"),
            "did not answer within 0.5 s",
        ),
        (reply_bytes(b""), "cannot be reached"),
        (reply_bytes(b"220 smtp ready\r\n"), "cannot be reached"),
        (
            reply_with(b"<html><h1>Bad gateway</h1></html>", 502, Content_Type="text/html"),
            "HTTP 502 Bad gateway",
        ),
        (reply_with(b"", 301, Location="http://127.0.0.1:1/_ping"), "is not a Docker engine"),
        (reply_with(b"<html>It works!</html>", 404, Content_Type="text/html"), "is not a Docker engine"),
        (reply_with({"message": "boom"}, 500, Api_Version="1.51"), "HTTP 500 boom"),
        (reply_with(b"OK"), "is not a Docker engine"),
        (reply_with(b"OK", Api_Version="latest"), "is not a Docker engine"),
        (reply_to_ping("1.39"), "older than 20.10"),
        (reply_with(b"Client sent an HTTP request to an HTTPS server.\n", 400), "wants TLS"),
    ],
)
def test_what_is_no_gradable_engine_is_told_in_time(tmp_path: Path, say: Reply, message: str) -> None:
    with start_fault_engine(tmp_path, {"/_ping": say}) as there:
        assert message in get_connect_error(Endpoint(there.url, "--host"))


def test_an_engine_that_has_left_our_version_behind_is_too_new(tmp_path: Path) -> None:
    for refusal in (reply_with({"message": TOO_OLD}, 400), reply_with(TOO_OLD.encode(), 400)):
        with start_fault_engine(
            tmp_path, {"/_ping": reply_to_ping("1.70"), "/v1.56/_ping": refusal}
        ) as there:
            assert "too new for this dckgrade" in get_connect_error(Endpoint(there.url, "--host"))
        (tmp_path / "docker.sock").unlink()


def test_an_api_version_of_the_user_that_the_engine_has_left_behind_is_blamed_itself(tmp_path: Path) -> None:
    says = {"/_ping": reply_to_ping("1.51"), "/v1.42/_ping": reply_with({"message": TOO_OLD}, 400)}
    with start_fault_engine(tmp_path, says) as there:
        message = get_connect_error(Endpoint(there.url, "--host", None, "1.42"))
    assert "DOCKER_API_VERSION=1.42 is older" in message
    assert "Unset DOCKER_API_VERSION" in message
    assert "too new" not in message


def test_a_newer_engine_is_spoken_to_in_the_newest_version_known(tmp_path: Path) -> None:
    with connect_fault_engine(
        tmp_path, {"/_ping": reply_to_ping("1.60"), "/containers/json": reply_with([])}
    ) as (
        connected,
        there,
    ):
        connected.take_snapshot().list_containers()
        assert there.list_paths() == ["/_ping", "/v1.56/_ping", "/v1.56/containers/json?all=true"]
        assert (connected.engine.api, connected.engine.untested_api) == ("1.56", "1.60")


@pytest.mark.parametrize("offered", ["1.41", "1.51", "1.56"])
def test_of_an_engine_no_newer_than_tested_nothing_is_noted(tmp_path: Path, offered: str) -> None:
    with start_fault_engine(tmp_path, {"/_ping": reply_to_ping(offered)}) as there:
        with connect_engine(Endpoint(there.url, "--host")) as connected:
            assert connected.engine.untested_api is UNSET
        assert there.list_paths() == ["/_ping"]


@pytest.mark.parametrize(("offered", "ceiling", "spoken"), [
    ("1.41", None, "1.41"), ("1.45", None, "1.45"), ("1.51", "1.44", "1.44"),
    ("1.44", "1.51", "1.44"), ("1.56", None, "1.56"), ("1.60", "1.99", "1.56"),
])  # fmt: skip
def test_the_version_spoken_is_one_that_all_know(
    tmp_path: Path, offered: str, ceiling: str | None, spoken: str
) -> None:
    with start_fault_engine(tmp_path, {"/_ping": reply_to_ping(offered)}) as there:
        connected = connect_engine(Endpoint(there.url, "--host", None, ceiling))
    with connected:
        assert connected.engine.api == spoken


@pytest.mark.parametrize("ceiling", ["1.40", "latest", "1", "1.44.2", "٣.٤"])
def test_an_api_version_of_the_user_that_cannot_be_spoken_is_refused(tmp_path: Path, ceiling: str) -> None:
    with start_fault_engine(tmp_path) as there, pytest.raises(EndpointUsageError, match="DOCKER_API_VERSION"):
        connect_engine(Endpoint(there.url, "--host", None, ceiling))


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    says = {"/containers/json": reply_with([])}
    with FaultEngine(None, says) as there, connect_engine(Endpoint(there.url, "--host")) as connected:
        assert connected.take_snapshot().list_containers() == []


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    cert, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    subject = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*made, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    return cert, key


@contextlib.contextmanager
def start_tls_engine(folder: Path, *, demand_certificate: bool = False) -> Iterator[tuple[FaultEngine, Path]]:
    cert, key = make_certificate(folder, "engine")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    if demand_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cert)
    with FaultEngine(None, {"/containers/json": reply_with([])}, context) as there:
        yield there, cert


def test_an_engine_is_known_by_its_authority_alone(tmp_path: Path) -> None:
    with (
        start_tls_engine(tmp_path) as (there, ca),
        connect_engine(Endpoint(there.url, "x", TlsFiles(ca, None, None))) as connected,
    ):
        assert connected.take_snapshot().list_containers() == []


def test_an_engine_of_another_authority_is_refused(tmp_path: Path) -> None:
    other, _ = make_certificate(tmp_path, "other")
    with start_tls_engine(tmp_path) as (there, _):
        message = get_connect_error(Endpoint(there.url, "x", TlsFiles(other, None, None)), 3)
        assert "do not agree on TLS: self-signed certificate" in message.replace("self signed", "self-signed")
        assert there.requests == []


def test_verification_is_skipped_only_where_the_user_gave_it_up(tmp_path: Path) -> None:
    trusting = TlsFiles(None, None, None, verify=False)
    with (
        start_tls_engine(tmp_path) as (there, _),
        connect_engine(Endpoint(there.url, "x", trusting)) as connected,
    ):
        assert connected.take_snapshot().list_containers() == []


def test_tls_towards_an_engine_without_it_is_explained(tmp_path: Path) -> None:
    ca, _ = make_certificate(tmp_path, "ca")
    with FaultEngine(None, {}) as there:
        message = get_connect_error(Endpoint(there.url, "x", TlsFiles(ca, None, None)), 3)
    assert "speaks plain HTTP at that port" in message
    assert "unset DOCKER_TLS_VERIFY" in message


def test_a_certificate_that_the_engine_demands_and_we_lack_is_told(tmp_path: Path) -> None:
    with start_tls_engine(tmp_path, demand_certificate=True) as (there, ca):
        message = get_connect_error(Endpoint(there.url, "x", TlsFiles(ca, None, None)), 3)
    assert "refused the certificate of this program: tlsv13 alert certificate required" in message
    assert "has not expired" in message


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        # The first was seen of a real engine; all are OpenSSL's names of the alerts of RFC 8446.
        ("SSLV3_ALERT_BAD_CERTIFICATE", "refused the certificate of this program: alert bad certificate"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "refused the certificate of this program"),
        ("TLSV1_ALERT_UNKNOWN_CA", "refused the certificate of this program"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "do not agree on TLS: alert protocol version"),
        ("WRONG_VERSION_NUMBER", "speaks plain HTTP at that port"),
    ],
)
def test_the_alerts_of_tls_are_told_apart(reason: str, message: str) -> None:
    alert = ssl.SSLError(1, f"[SSL: {reason}] {reason.lower()}")
    alert.reason = reason
    endpoint = Endpoint("tcp://127.0.0.1:2376", "x")
    assert message in " ".join(explain_connection_error(endpoint, [alert], [], 3).translate_sentences("en"))


def test_a_tls_connection_that_is_cut_without_an_alert_is_told() -> None:
    cut = ssl.SSLEOFError(8, "EOF occurred in violation of protocol (_ssl.c:2427)")
    cut.reason = "UNEXPECTED_EOF_WHILE_READING"
    error = explain_connection_error(Endpoint("tcp://127.0.0.1:2376", "x"), [cut], [], 3)
    assert "cut the TLS connection without saying why" in str(error)
    assert "cert.pem" in " ".join(error.translate_sentences("en"))


def test_a_key_behind_a_passphrase_is_told_before_anybody_is_asked(tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path, "client")
    store = tmp_path / "store"
    store.mkdir()
    for name in ("ca", "cert"):
        (store / f"{name}.pem").write_bytes(cert.read_bytes())
    locked = ["openssl", "rsa", "-aes256", "-passout", "pass:x", "-in", str(key)]
    subprocess.run([*locked, "-out", str(store / "key.pem")], check=True, capture_output=True)
    environ = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(store)}
    with pytest.raises(EngineError, match="passphrase"):
        resolve_endpoint("tcp://127.0.0.1:2376", None, environ, tmp_path)


def test_an_authority_that_is_none_is_explained(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    with FaultEngine(None, {}) as there:
        assert "TLS" in get_connect_error(
            Endpoint(there.url, "x", TlsFiles(tmp_path / "ca.pem", None, None)), 3
        )


# Asking


@pytest.mark.usefixtures("shorten_timeouts")
@pytest.mark.parametrize(
    ("say", "why"),
    [
        (stall_after(b""), UnobservableReason.DEADLINE),
        (stall_after(JSON_HEAD), UnobservableReason.DEADLINE),
        (stall_after(JSON_HEAD + b'Content-Length: 50\r\n\r\n{"Id"'), UnobservableReason.DEADLINE),
        (stall_after(CHUNKED_JSON_HEAD + encode_chunk(b'{"Id": "a"}')), UnobservableReason.DEADLINE),
        (drip_bytes(JSON_HEAD + b'Content-Length: 11\r\n\r\n{"Id": "a"}'), UnobservableReason.DEADLINE),
        (drip_bytes(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 0.001), UnobservableReason.DEADLINE),
        (reply_bytes(JSON_HEAD + b'Content-Length: 50\r\n\r\n{"Id": "a"}'), UnobservableReason.UNREADABLE),
        (reply_bytes(JSON_HEAD + b'Content-Length: 5\r\n\r\n{"Id": "a"}'), UnobservableReason.UNREADABLE),
        (reply_bytes(JSON_HEAD + b'\r\n{"Id": "a"}'), UnobservableReason.UNREADABLE),
        (reply_bytes(CHUNKED_JSON_HEAD + encode_chunk(b'{"Id": "a"}')), UnobservableReason.UNREADABLE),
        (reply_bytes(CHUNKED_JSON_HEAD + b'ff\r\n{"Id": "a"}'), UnobservableReason.UNREADABLE),
        (reply_bytes(CHUNKED_JSON_HEAD + b"zz\r\n"), UnobservableReason.UNREADABLE),
        (reply_with(b'{"Id": '), UnobservableReason.UNREADABLE),
        (reply_with(b'{"Id": NaN}'), UnobservableReason.UNREADABLE),
        (reply_with(b"[" * 100_000), UnobservableReason.UNREADABLE),
        (reply_with(b"\xff\xfe"), UnobservableReason.UNREADABLE),
        (reply_with([]), UnobservableReason.UNREADABLE),
        (reply_with(b""), UnobservableReason.UNREADABLE),
        (reply_with(b"\x1f\x8b\x08", Content_Encoding="gzip"), UnobservableReason.UNREADABLE),
        (reply_with(b"<html><body>oops</body></html>", 500), UnobservableReason.ENGINE_ERROR),
        (reply_with({"message": "boom"}, 500), UnobservableReason.ENGINE_ERROR),
        (reply_with({"message": "Container is paused"}, 409), UnobservableReason.ENGINE_ERROR),
        (reply_with({"message": "denied by policy"}, 403), UnobservableReason.ENGINE_ERROR),
        (reply_with(b"<h1>404</h1>", 404), UnobservableReason.ENGINE_ERROR),
        (reply_with({"message": "page not found"}, 404), UnobservableReason.ENGINE_ERROR),
        (reply_with(b"", 302, Location="/v1.51/containers/other/json"), UnobservableReason.ENGINE_ERROR),
        (reply_with({"message": TOO_OLD}, 400), UnobservableReason.ENGINE_ERROR),
        (reply_with({"message": 3}, 500), UnobservableReason.ENGINE_ERROR),
        (reply_bytes(b"garbage\r\n\r\n"), UnobservableReason.ENGINE_OUT_OF_REACH),
        (reply_bytes(b""), UnobservableReason.ENGINE_OUT_OF_REACH),
        (reply_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}"), UnobservableReason.UNREADABLE),
    ],
)
def test_a_bad_answer_is_out_of_reach_in_time_and_harms_no_other(
    tmp_path: Path, say: Reply, why: UnobservableReason
) -> None:
    says = {"/containers/bad/json": say, "/containers/good/json": reply_with({"Id": "good"})}
    with connect_fault_engine(tmp_path, says) as (connected, there):
        begun = time.monotonic()
        with pytest.raises(OutOfReach) as caught:
            connected.take_snapshot().inspect_container("bad")
        assert time.monotonic() - begun < 1.5
        assert caught.value.why is why, caught.value
        assert connected.take_snapshot().inspect_container("good") == {"Id": "good"}
        assert "/v1.51/containers/other/json" not in there.list_paths()


def test_only_the_engines_own_404_is_absence(tmp_path: Path) -> None:
    with connect_fault_engine(
        tmp_path, {"/json": reply_with({"message": "No such container: web"}, 404)}
    ) as (
        connected,
        _,
    ):
        with pytest.raises(NotThere):
            connected.take_snapshot().inspect_container("web")
        with pytest.raises(NotThere):
            connected.take_snapshot().inspect_image("nginx:alpine")


def test_in_the_network_of_a_container_that_is_gone_nothing_can_be_asked(tmp_path: Path) -> None:
    borrower = {"State": {"Running": True}, "HostConfig": {"NetworkMode": "container:gone"}}
    says = {"/json": reply_with({"message": "No such container: gone"}, 404)}
    with connect_fault_engine(tmp_path, says) as (connected, _), pytest.raises(OutOfReach) as caught:
        connected.take_snapshot().find_addresses(borrower, 80)
    assert caught.value.why is UnobservableReason.ADDRESS_OUT_OF_REACH


def test_an_answer_above_the_limit_is_never_half_read(tmp_path: Path) -> None:
    says = {"/json": reply_with(b" " * (17 * 1024 * 1024))}
    with (
        connect_fault_engine(tmp_path, says) as (connected, _),
        pytest.raises(OutOfReach, match="more than 16777216 bytes"),
    ):
        connected.take_snapshot().inspect_container("a")


@pytest.mark.parametrize("listed", [{}, [1], "x", None])
def test_a_list_that_is_none_is_unreadable(tmp_path: Path, listed: Any) -> None:
    says = {"/containers/json": reply_with(listed)}
    with connect_fault_engine(tmp_path, says) as (connected, _), pytest.raises(OutOfReach) as caught:
        connected.take_snapshot().list_containers()
    assert caught.value.why is UnobservableReason.UNREADABLE


@pytest.mark.parametrize("ref", ["", ".", "..", "../x", "a/../b", "/a"])
def test_a_name_that_would_ask_for_something_else_is_not_sent(tmp_path: Path, ref: str) -> None:
    with connect_fault_engine(tmp_path) as (connected, there):
        for ask in (connected.inspect_container, connected.inspect_image, connected.sample_stats):
            with pytest.raises(NotThere):
                ask(ref)
        assert there.requests == ["GET /_ping"]


@pytest.mark.parametrize("ref", ["a/b", "a?b", "a#b", "a b", "a%2Fb", "é", "a\r\nX: y", "a:b@sha256:0"])
def test_any_other_name_stays_one_name(tmp_path: Path, ref: str) -> None:
    with connect_fault_engine(tmp_path, {"/json": reply_with({"Id": "x"})}) as (connected, there):
        assert connected.inspect_container(ref) == {"Id": "x"}
        assert connected.inspect_image(ref) == {"Id": "x"}
        assert all(path.endswith("/json") and path.count("?") == 0 for path in there.list_paths()[1:])


def test_an_engine_that_ends_while_being_asked_is_out_of_reach(tmp_path: Path) -> None:
    with connect_fault_engine(tmp_path, {"/json": reply_with({"Id": "a"})}) as (connected, there):
        connected.inspect_container("a")
        there.__exit__()
        with pytest.raises(OutOfReach) as caught:
            connected.inspect_container("a")
    assert caught.value.why is UnobservableReason.ENGINE_OUT_OF_REACH
    del caught
    gc.collect()


def test_both_pings_share_the_time_to_connect(tmp_path: Path) -> None:
    def answer_late(connection: socket.socket, over: threading.Event) -> None:
        over.wait(0.8)
        reply_to_ping("1.99")(connection, over)

    replies = {"/_ping": answer_late, f"/v{NEWEST_TESTED}/_ping": stall_after(b"")}
    with start_fault_engine(tmp_path, replies) as there:
        begun = time.monotonic()
        with pytest.raises(EngineError, match="did not answer"):
            connect_engine(Endpoint(there.url, "--host"), 1.0)
    assert 0.8 < time.monotonic() - begun < 1.7


@pytest.mark.usefixtures("shorten_timeouts")
def test_twenty_stuck_containers_cost_one_deadline(tmp_path: Path) -> None:
    with connect_fault_engine(tmp_path, {"/json": stall_after(b"")}) as (connected, _):
        look = connected.take_snapshot()
        calls: dict[int, Callable[[], object]] = {
            n: lambda n=n: look.inspect_container(str(n))  # type: ignore[misc]
            for n in range(20)
        }
        begun = time.monotonic()
        ended = call_all_within(calls, 5)
    assert time.monotonic() - begun < 1.5
    assert all(
        isinstance(outcome, OutOfReach) and outcome.why is UnobservableReason.DEADLINE
        for outcome in ended.values()
    )


def test_an_error_text_of_the_engine_is_masked(tmp_path: Path) -> None:
    reply = reply_with({"message": "cannot pull from https://me:c4n4ry@registry/ with TOKEN=c4n4ry"}, 500)
    with (
        connect_fault_engine(tmp_path, {"/json": reply}) as (connected, _),
        pytest.raises(OutOfReach) as caught,
    ):
        connected.inspect_container("a")
    assert "c4n4ry" not in str(caught.value)
    assert "registry" in str(caught.value)


def test_a_question_of_many_threads_is_sent_once(tmp_path: Path) -> None:
    with connect_fault_engine(tmp_path, {"/json": reply_with({"Id": "a"})}) as (connected, there):
        look = connected.take_snapshot()
        ended = call_all_within({n: lambda: look.inspect_container("a") for n in range(30)}, 5)
        assert all(outcome == {"Id": "a"} for outcome in ended.values())
        assert len(there.requests) == 2


# Reading only


@pytest.mark.parametrize(
    "path",
    [
        "/_ping",
        "/v1.51/_ping",
        "/v1.41/info",
        "/v1.41/nodes",
        "/v1.41/containers/json",
        "/v1.41/containers/web/json",
        "/v1.41/containers/web/logs",
        "/v1.41/containers/web/stats",
        "/v1.41/containers/web/top",
        "/v1.41/images/docker.io/library/nginx:alpine/json",
        "/v1.41/containers/web/archive",
        "/v1.41/volumes/prometheus.yml",
        "/v1.41/exec/1/json",
    ],
)
def test_a_reading_may_leave_and_the_same_as_anything_else_may_not(path: str) -> None:
    require_allowed_request("GET", path)
    # HEAD tells what is at a path of a container, and nothing of anything else.
    others = () if path.endswith("/archive") else ("HEAD",)
    for method in ("POST", "PUT", "DELETE", "PATCH", "get", "", *others):
        with pytest.raises(ForbiddenRequest):
            require_allowed_request(method, path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/version",
        "/swarm",
        "/swarm/unlockkey",
        "/nodes/x",
        "/system/df",
        "/v1.41/images/search",
        "/v1.41/containers/web/export",
        "/v1.41/plugins",
        "/v1.41/containers/a/b/json",
        "/v1.41/containers/../json",
        "/v1.41/images/../containers/web/json",
        "/v1.41/containers/web/exec",
        "/v1.41/exec/1/start",
        "/x/_ping",
        "/v1.41/images//json",
        "/v1.41/containers/web/json/",
        "/v1.41/containers/web/json\n",
    ],
)
def test_any_other_path_may_not_leave(path: str) -> None:
    with pytest.raises(ForbiddenRequest):
        require_allowed_request("GET", path)


def test_docker_py_itself_cannot_change_anything(tmp_path: Path) -> None:
    with connect_fault_engine(tmp_path) as (connected, there):
        sender: Any = connected._client
        client = sender._load_docker_py()._session
        changes: list[Callable[[], object]] = [
            lambda: client.create_container("nginx"),
            lambda: client.start("web"),
            lambda: client.stop("web"),
            lambda: client.kill("web"),
            lambda: client.remove_container("web"),
            lambda: client.remove_image("nginx"),
            lambda: client.pull("nginx", tag="alpine"),
            lambda: client.exec_create("web", "id"),
            lambda: client.put_archive("web", "/", b""),
            client.prune_volumes,
            lambda: client.create_network("n"),
            client.inspect_swarm,
            client.leave_swarm,
            client.version,
            lambda: client.get(f"{client.base_url}/plugins"),
        ]
        for change in changes:
            with pytest.raises(ForbiddenRequest):
                change()
        assert there.requests == ["GET /_ping"]


# Logs


def reply_chunked(data: bytes) -> Reply:
    return reply_bytes(CHUNKED_JSON_HEAD + encode_chunk(data) + encode_chunk(b""))


def test_both_streams_of_a_log_are_put_in_order(tmp_path: Path) -> None:
    reply = reply_chunked(encode_frame(b"one\n") + encode_frame(b"two\n", 2) + encode_frame(b"thr\xff\n"))
    with connect_fault_engine(tmp_path, {"/logs": reply}) as (connected, there):
        assert connected.take_snapshot().read_log_tail("web", tty=False) == "one\ntwo\nthr\ufffd\n"
        assert there.list_paths()[-1] == "/v1.51/containers/web/logs?stdout=true&stderr=true&tail=200"


def test_the_log_of_a_terminal_comes_as_it_is(tmp_path: Path) -> None:
    with connect_fault_engine(tmp_path, {"/logs": reply_chunked(b"\x01\0\0\0 hello\r\n")}) as (connected, _):
        assert connected.take_snapshot().read_log_tail("web", tty=True) == "\x01\0\0\0 hello\r\n"


@pytest.mark.usefixtures("shorten_timeouts")
@pytest.mark.parametrize(
    ("say", "why"),
    [
        (reply_chunked(b"\x01\0\0\0\xff\xff\xff\xff" + b"x" * 100), UnobservableReason.UNREADABLE),
        (
            stall_after(CHUNKED_JSON_HEAD + encode_chunk(b"\x01\0\0\0\xff\xff\xff\xff")),
            UnobservableReason.DEADLINE,
        ),
        (reply_chunked(encode_frame(b"one\n") + b"\x01\0\0"), UnobservableReason.UNREADABLE),
        (reply_chunked(b"plain text"), UnobservableReason.UNREADABLE),
        (
            reply_chunked(encode_frame(b"one\n") + encode_frame(b"Error grabbing logs: TOKEN=c4n4ry", 3)),
            UnobservableReason.ENGINE_ERROR,
        ),
        (
            reply_bytes(CHUNKED_JSON_HEAD + encode_chunk(encode_frame(b"one\n"))),
            UnobservableReason.UNREADABLE,
        ),
        (reply_chunked(encode_frame(b"x" * 5 * 1024 * 1024)), UnobservableReason.UNREADABLE),
        (reply_with({"message": "boom"}, 500), UnobservableReason.ENGINE_ERROR),
        (
            drip_bytes(CHUNKED_JSON_HEAD + encode_chunk(encode_frame(b"one\n")) + encode_chunk(b"")),
            UnobservableReason.DEADLINE,
        ),
    ],
)
def test_a_log_that_is_not_whole_is_not_judged(tmp_path: Path, say: Reply, why: UnobservableReason) -> None:
    with connect_fault_engine(tmp_path, {"/logs": say}) as (connected, _):
        begun = time.monotonic()
        with pytest.raises(OutOfReach) as caught:
            connected.take_snapshot().read_log_tail("web", tty=False)
    assert time.monotonic() - begun < 1.5
    assert caught.value.why is why
    assert "c4n4ry" not in str(caught.value)


def test_a_driver_that_keeps_no_log_gives_none(tmp_path: Path) -> None:
    reply = reply_with({"message": "configured logging driver does not support reading"}, 501)
    with connect_fault_engine(tmp_path, {"/logs": reply}) as (connected, _):
        assert connected.take_snapshot().read_log_tail("web", tty=False) == ""


def test_the_end_of_a_long_log_is_kept_and_long_lines_are_cut() -> None:
    lines = [b"%06d " % number + b"x" * 90 + b"\n" for number in range(20_000)]
    kept = log_frames.decode_log(b"".join(lines), tty=True)
    assert len(kept) <= log_frames.MAX_LOG_TEXT_CHARS
    assert kept.endswith(lines[-1].decode())
    assert kept.startswith("0193")
    cut = log_frames.decode_log(b"a\n" + b"y" * 10_000 + b"\nb\n", tty=True)
    assert cut == "a\n" + "y" * log_frames.MAX_LOG_LINE_CHARS + " […]\nb\n"
    assert 0 < len(log_frames.decode_log(b"z" * 3_000_000, tty=True)) <= log_frames.MAX_LOG_LINE_CHARS + 10


def test_secrets_in_a_log_are_masked() -> None:
    assert (
        log_frames.decode_log(encode_frame(b"POSTGRES_PASSWORD=c4n4ry\n"), tty=False)
        == "POSTGRES_PASSWORD=***\n"
    )


@pytest.mark.parametrize("folder", ENGINE_FOLDERS, ids=lambda folder: folder.name)
def test_what_real_engines_said_is_understood(folder: Path) -> None:
    headers = {
        name.lower(): value
        for name, value in json.loads((folder / "ping.json").read_bytes())["headers"].items()
    }
    version = folder.name.partition("-")[0]
    assert str(parse_engine_version(headers)).startswith(version)
    assert (
        negotiate_api_version(make_endpoint(folder), headers)
        == {"20": "1.41", "26": "1.45", "28": "1.51"}[version[:2]]
    )
    for error in ("too-old", "too-new"):
        body = json.loads((folder / f"error-400-api-{error}.json").read_bytes())["body"]
        assert explain_refused_version(make_endpoint(folder), "1.10", body)
    text = log_frames.decode_log((folder / "logs-dbserver.bin").read_bytes(), tty=False)
    assert "superuser password is not specified" in text
    assert "POSTGRES_PASSWORD=*** " in text.replace('"', " ")
    assert log_frames.decode_log((folder / "logs-tty.bin").read_bytes(), tty=True)


# The clock


@pytest.mark.parametrize(("ahead", "shown"), [(0, 0), (1, 0), (3600, 3600), (-3600, -3600)])
def test_the_engines_clock_is_followed_when_it_differs(tmp_path: Path, ahead: int, shown: int) -> None:
    there = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
    with connect_fault_engine(tmp_path, {"/_ping": reply_to_ping(Date=there)}) as (connected, _):
        off = connected.take_snapshot().now() - datetime.now(UTC) - timedelta(seconds=shown)
    assert abs(off) < timedelta(seconds=2)


@pytest.mark.parametrize("date", ["", "yesterday", "Tue, 99 Nov 2026 01:36:45 GMT"])
def test_a_date_that_is_none_changes_nothing(tmp_path: Path, date: str) -> None:
    with connect_fault_engine(tmp_path, {"/_ping": reply_to_ping(Date=date)}) as (connected, _):
        assert abs(connected.take_snapshot().now() - datetime.now(UTC)) < timedelta(seconds=1)


def test_an_http_client_is_loaded_only_to_connect() -> None:
    clients = "{'docker', 'http.client', 'requests', 'ssl'}"
    program = f"import sys, dckgrade.engine.connection\nprint({clients} & {{*sys.modules}})"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True
    )
    assert ended.stdout.strip() == "set()"


def test_the_only_modules_of_the_engine_that_are_imported_late_are_those_that_load_an_http_client() -> None:
    late = {
        (path.stem, node.module)
        for path in (Path(__file__).parents[2] / "dckgrade/engine").rglob("*.py")
        for statement in ast.parse(path.read_text()).body
        # What is only for the type checker is never imported.
        if not isinstance(statement, ast.ImportFrom) and "TYPE_CHECKING" not in ast.unparse(statement)[:20]
        for node in ast.walk(statement)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dckgrade")
    }
    assert late == {
        ("connection", "dckgrade.engine.client"),
        ("client", "dckgrade.engine.docker_transport"),
    }
