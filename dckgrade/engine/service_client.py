"""Send requests to a container's services: HTTP GET, and bytes over TCP."""

import base64
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from dckgrade.engine.answers import Address, HttpAnswer, Login, NoAnswer, OutOfReach
from dckgrade.engine.deadline import call_within
from dckgrade.report.observation import UnobservableReason

MAX_ANSWER_BODY_BYTES, MAX_ACCOUNT_BODY_BYTES = 256 * 1024, 2 * 1024 * 1024
_TIMEOUT_S, _ACCOUNT_TIMEOUT_S = 3.0, 8.0
"""Behind an account stands work done for it: Grafana asks its data sources first."""

T = TypeVar("T")


def get_http_answer(
    address: Address,
    path: str,
    seconds: float = _TIMEOUT_S,
    login: Login | None = None,
    door: Path | None = None,
) -> HttpAnswer:
    """
    Send one GET request and return the answer; no redirect is followed.

    The body is capped at 256 KiB, for an account at 2 MiB. *tunnel_socket* leads to *address* through ssh.
    """
    within_s = _ACCOUNT_TIMEOUT_S if login else seconds
    return _talk_to_address(
        address, within_s, lambda connected: _send_request(address, path, connected, login), door
    )


def exchange_tcp(
    address: Address, sent: bytes, count: int, seconds: float = _TIMEOUT_S, door: Path | None = None
) -> bytes:
    """Send bytes, and return what came by the time *count* bytes, the end or the deadline was reached."""
    came = bytearray()

    def talk(connected: socket.socket) -> None:
        connected.sendall(sent)
        while len(came) < count and (more := connected.recv(count - len(came))):
            came.extend(more)

    try:
        _talk_to_address(address, seconds, talk, door)
    except NoAnswer:
        if not came:
            raise
    if not came:
        raise NoAnswer("reset")
    return bytes(came)


def _talk_to_address(
    address: Address, seconds: float, talk: Callable[[socket.socket], T], door: Path | None
) -> T:
    """
    Call *talk* with a connection.

    Behind a *tunnel_socket*, ssh reports every failure alike: a service that does not answer was not reached.
    """
    try:
        return _talk_within(address, seconds, talk, door)
    except NoAnswer as none:
        if door and none.reason != "garbled":
            raise OutOfReach(
                UnobservableReason.ADDRESS_OUT_OF_REACH, f"{address.host}:{address.port}"
            ) from none
        raise


def _talk_within(
    address: Address, seconds: float, talk: Callable[[socket.socket], T], door: Path | None
) -> T:
    import http.client

    until = time.monotonic() + seconds
    with _connect_address(address, seconds, door) as connected:
        try:
            return call_within(until - time.monotonic(), lambda: talk(connected))
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
def _connect_address(address: Address, seconds: float, door: Path | None) -> Iterator[socket.socket]:
    try:
        connected = call_within(seconds, lambda: _open_socket(address, seconds, door))
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
        yield connected
    finally:
        # Closing alone would leave a reader that the deadline has abandoned waiting for its next byte.
        with suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)
        connected.close()


def _open_socket(address: Address, seconds: float, door: Path | None) -> socket.socket:
    if door is None:
        return socket.create_connection((address.host, address.port), timeout=seconds)
    opened = socket.socket(socket.AF_UNIX)
    try:
        opened.settimeout(seconds)
        opened.connect(str(door))
    except OSError:
        opened.close()
        raise
    return opened


def _send_request(address: Address, path: str, connected: socket.socket, login: Login | None) -> HttpAnswer:
    import http.client

    at_most = MAX_ACCOUNT_BODY_BYTES if login else MAX_ANSWER_BODY_BYTES
    client = http.client.HTTPConnection(address.host, address.port)
    client.sock = connected
    # What http.client refuses to send (spaces, accents) is quoted; what is quoted already stays.
    client.putrequest("GET", quote(path, safe="/?&=%:@!$'()*+,;~[]"), skip_accept_encoding=True)
    client.putheader("Accept-Encoding", "identity")
    client.putheader("Accept", "*/*")
    client.putheader("User-Agent", "dckgrade")
    client.putheader("Connection", "close")
    if login:
        account = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
        client.putheader("Authorization", f"Basic {account}")
    client.endheaders()
    with client.getresponse() as response:
        body = response.read(at_most + 1)
        if response.length and len(body) <= at_most:
            raise http.client.IncompleteRead(body, response.length)
        headers: dict[str, str] = {}
        for name, value in response.getheaders():
            known = headers.get(name.lower())
            headers[name.lower()] = value if known is None else f"{known}, {value}"
        return HttpAnswer(
            status=response.status, headers=headers, body=body[:at_most], truncated=len(body) > at_most
        )
