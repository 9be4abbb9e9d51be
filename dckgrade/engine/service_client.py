"""Send requests to a container's services: HTTP GET, and bytes over TCP."""

import base64
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from dckgrade.engine.answers import Address, HttpAnswer, Login, NoAnswer, OutOfReach, join_headers
from dckgrade.engine.deadline import call_within
from dckgrade.report.observation import UnobservableReason

MAX_ANSWER_BODY_BYTES, MAX_ACCOUNT_BODY_BYTES = 256 * 1024, 2 * 1024 * 1024
_TIMEOUT_S, _ACCOUNT_TIMEOUT_S = 3.0, 8.0
"""Answers to an account take longer: Grafana queries its data sources first."""

T = TypeVar("T")


def get_http_answer(
    address: Address,
    path: str,
    timeout_s: float = _TIMEOUT_S,
    login: Login | None = None,
    tunnel_socket: Path | None = None,
) -> HttpAnswer:
    """
    Send one GET request and return the answer; no redirect is followed.

    The body is capped at 256 KiB, for an account at 2 MiB. *tunnel_socket* leads to *address* through ssh.
    """
    limit_s = _ACCOUNT_TIMEOUT_S if login else timeout_s
    return talk_to_address(
        address, limit_s, lambda connection: send_request(address, path, connection, login), tunnel_socket
    )


def exchange_tcp(
    address: Address,
    sent: bytes,
    count: int,
    timeout_s: float = _TIMEOUT_S,
    tunnel_socket: Path | None = None,
) -> bytes:
    """Send bytes, and return what came by the time *count* bytes, the end or the deadline was reached."""
    received = bytearray()

    def talk(connection: socket.socket) -> None:
        connection.sendall(sent)
        while len(received) < count and (chunk := connection.recv(count - len(received))):
            received.extend(chunk)

    try:
        talk_to_address(address, timeout_s, talk, tunnel_socket)
    except NoAnswer:
        if not received:
            raise
    if not received:
        raise NoAnswer("reset")
    return bytes(received)


def talk_to_address(
    address: Address, timeout_s: float, talk: Callable[[socket.socket], T], tunnel_socket: Path | None
) -> T:
    """
    Call *talk* with a connection, and return what it returns; `NoAnswer`, `OutOfReach` after *timeout_s*.

    Behind a *tunnel_socket*, ssh reports every failure alike: a service that does not answer was not reached.
    """
    try:
        return _talk_within(address, timeout_s, talk, tunnel_socket)
    except NoAnswer as no_answer:
        if tunnel_socket and no_answer.reason != "garbled":
            raise OutOfReach(
                UnobservableReason.ADDRESS_OUT_OF_REACH, f"{address.host}:{address.port}"
            ) from no_answer
        raise


def _talk_within(
    address: Address, timeout_s: float, talk: Callable[[socket.socket], T], tunnel_socket: Path | None
) -> T:
    import http.client

    until = time.monotonic() + timeout_s
    with _connect_address(address, timeout_s, tunnel_socket) as connection:
        try:
            return call_within(until - time.monotonic(), lambda: talk(connection))
        except OutOfReach:
            raise NoAnswer("silent") from None
        except TimeoutError:
            raise NoAnswer("silent") from None
        except (ConnectionError, http.client.IncompleteRead) as error:
            raise NoAnswer("reset") from error
        except (http.client.HTTPException, ValueError) as error:
            raise NoAnswer("garbled") from error
        except OSError as error:
            raise NoAnswer("reset") from error


@contextmanager
def _connect_address(
    address: Address, timeout_s: float, tunnel_socket: Path | None
) -> Iterator[socket.socket]:
    try:
        connection = call_within(timeout_s, lambda: _open_socket(address, timeout_s, tunnel_socket))
    except ConnectionRefusedError:
        raise NoAnswer("refused") from None
    except ConnectionResetError:
        raise NoAnswer("reset") from None
    except OutOfReach:
        raise OutOfReach(UnobservableReason.ADDRESS_OUT_OF_REACH, f"{address.host}:{address.port}") from None
    except OSError as error:
        raise OutOfReach(
            UnobservableReason.ADDRESS_OUT_OF_REACH, f"{address.host}:{address.port} {error}"
        ) from error
    try:
        yield connection
    finally:
        # Closing alone would leave a call that the deadline has abandoned waiting for its next byte.
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()


def _open_socket(address: Address, timeout_s: float, tunnel_socket: Path | None) -> socket.socket:
    if tunnel_socket is None:
        # As bytes: for a text, Python loads what it knows of international names. Mypy knows of texts alone.
        host: Any = address.host.encode() if address.host.isascii() else address.host
        return socket.create_connection((host, address.port), timeout=timeout_s)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(timeout_s)
        connection.connect(str(tunnel_socket))
    except OSError:
        connection.close()
        raise
    return connection


def send_request(address: Address, path: str, connection: socket.socket, login: Login | None) -> HttpAnswer:
    """Send one GET request on a connection to *address*, and read the answer up to the cap."""
    import http.client

    max_bytes = MAX_ACCOUNT_BODY_BYTES if login else MAX_ANSWER_BODY_BYTES
    client = http.client.HTTPConnection(address.host, address.port)
    client.sock = connection
    # Quote what http.client refuses to send (spaces, accents), and keep what is quoted already.
    client.putrequest("GET", quote(path, safe="/?&=%:@!$'()*,;+~[]"), skip_accept_encoding=True)
    client.putheader("Accept-Encoding", "identity")
    client.putheader("Accept", "*/*")
    client.putheader("User-Agent", "dckgrade")
    client.putheader("Connection", "close")
    if login:
        account = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
        client.putheader("Authorization", f"Basic {account}")
    client.endheaders()
    with client.getresponse() as response:
        body = response.read(max_bytes + 1)
        if response.length and len(body) <= max_bytes:
            raise http.client.IncompleteRead(body, response.length)
        return HttpAnswer(
            status=response.status,
            headers=join_headers(response.getheaders()),
            body=body[:max_bytes],
            truncated=len(body) > max_bytes,
        )
