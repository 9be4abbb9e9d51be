"""Certificates of services in, whether who calls them by a name accepts them out."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dckgrade.engine.answers import Address, NoAnswer
from dckgrade.engine.tls_client import get_https_answer, read_certificate, verify_certificate
from tests.support.fault_service import OK_HEAD, start_fault_service

PEMS = Path(__file__).parents[1] / "answers" / "tls"
AUTHORITY, OTHER = (PEMS / f"{name}.crt" for name in ("authority", "other-authority"))
REGISTRY = "registry.test"


class TlsService:
    """Answers each request over TLS with *reply*, and remembers names and requests."""

    def __init__(self, certificate: str, reply: bytes) -> None:
        self.names: list[str | None] = []
        self.requests: list[bytes] = []
        self._reply = reply
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(PEMS / f"{certificate}.crt", PEMS / "server.key")
        self._context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address("127.0.0.1", self._listener.getsockname()[1], "own")

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with (
                connection,
                contextlib.suppress(OSError),
                self._context.wrap_socket(connection, server_side=True) as secured,
            ):
                if request := secured.recv(4096):
                    self.requests.append(request)
                    secured.sendall(self._reply)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextlib.contextmanager
def serve_tls(
    certificate: str = "named", reply: bytes = OK_HEAD + b"Content-Length: 2\r\n\r\nhi"
) -> Iterator[TlsService]:
    service = TlsService(certificate, reply)
    thread = threading.Thread(target=service.serve, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.close()
        thread.join(10)


@pytest.mark.parametrize(
    ("certificate", "name", "fault"),
    [
        ("named", REGISTRY, None),
        ("named", "192.0.2.7", None),
        ("named", "127.0.0.1", "other-name"),
        ("named", "other.test", "other-name"),
        # Docker reads no common name, and neither do we.
        ("named", "common.test", "other-name"),
        ("common-name", REGISTRY, "other-name"),
        ("by-another", REGISTRY, None),
        ("expired", REGISTRY, "expired"),
        ("no-authority", REGISTRY, "no-authority"),
        ("client", REGISTRY, "other"),
    ],
)
def test_a_certificate_is_verified_for_the_name_and_never_for_the_address(
    certificate: str, name: str, fault: str | None
) -> None:
    with serve_tls(certificate) as service:
        assert verify_certificate(service.address, name, AUTHORITY.read_bytes()) == fault


def test_an_authority_in_the_middle_of_a_chain_may_be_its_end_as_for_docker() -> None:
    with serve_tls("by-another") as service:
        assert verify_certificate(service.address, REGISTRY, (PEMS / "between.crt").read_bytes()) is None


@pytest.mark.parametrize("authorities", [OTHER.read_bytes(), b"", b"\xff no certificate", None])
def test_a_certificate_of_nobody_trusted_is_of_an_unknown_authority(authorities: bytes | None) -> None:
    """None: those that this machine trusts."""
    with serve_tls() as service:
        assert verify_certificate(service.address, REGISTRY, authorities) == "unknown-authority"


def test_an_answer_comes_with_its_certificate_and_no_account_is_sent() -> None:
    with serve_tls() as service:
        answer = get_https_answer(service.address, REGISTRY, "/v2/")
    assert (answer.http.status, answer.http.body) == (200, b"hi")
    assert ssl.DER_cert_to_PEM_cert(answer.certificate) == (PEMS / "named.crt").read_text()
    assert service.names == [REGISTRY]
    assert service.requests[0].startswith(b"GET /v2/ HTTP/1.1\r\n")
    assert b"uthorization" not in service.requests[0]


@pytest.mark.parametrize(
    ("certificate", "names", "common_name"),
    [
        ("named", ["registry.test", "192.0.2.7"], "common.test"),
        ("common-name", [], REGISTRY),
        ("expired", [REGISTRY], REGISTRY),
        ("by-another", [REGISTRY], REGISTRY),
    ],
)
def test_a_certificate_that_nobody_accepts_is_read_all_the_same(
    certificate: str, names: list[str], common_name: str
) -> None:
    with serve_tls(certificate) as service:
        raw = get_https_answer(service.address, None, "/").certificate
        read = read_certificate(service.address, None, raw)
    assert (list(read.names), read.common_name) == (names, common_name)
    assert read.expires_at is not None


def test_a_service_in_clear_speaks_no_tls() -> None:
    with start_fault_service(OK_HEAD + b"Content-Length: 0\r\n\r\n") as service:
        for ask in (
            lambda: get_https_answer(service.address, REGISTRY, "/"),
            lambda: verify_certificate(service.address, REGISTRY, AUTHORITY.read_bytes()),
        ):
            with pytest.raises(NoAnswer) as caught:
                ask()
            assert caught.value.reason in {"garbled", "reset", "silent"}


def test_a_port_where_nothing_listens_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NoAnswer, match="refused"):
        get_https_answer(Address("127.0.0.1", port, "own"), REGISTRY, "/")


def test_a_service_that_says_nothing_is_waited_for_no_longer_than_any_other() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address("127.0.0.1", listener.getsockname()[1], "own")
        with pytest.raises(NoAnswer, match="silent"):
            verify_certificate(address, REGISTRY, AUTHORITY.read_bytes())
