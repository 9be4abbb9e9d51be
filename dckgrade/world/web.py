"""An address taken from inspect and a few bytes in, what the service there answers out."""

import http.client
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar
from urllib.parse import quote

from dckgrade.observation import Why
from dckgrade.world.deadline import within
from dckgrade.world.port import Address, HttpAnswer, NoAnswer, OutOfReach

BODY_KEPT = 256 * 1024
_TOTAL_S = 3.0

T = TypeVar("T")


def http_answer(address: Address, path: str, seconds: float = _TOTAL_S) -> HttpAnswer:
    """Send one GET request, follow nothing, and give the whole answer up to 256 KiB of body."""
    return _talk(address, seconds, lambda connected: _ask(address, path, connected))


def exchange(address: Address, sent: bytes, count: int, seconds: float = _TOTAL_S) -> bytes:
    """Send bytes, and give what came when *count* bytes, the end or the deadline did."""
    came = bytearray()

    def talk(connected: socket.socket) -> None:
        connected.sendall(sent)
        while len(came) < count and (more := connected.recv(count - len(came))):
            came.extend(more)

    try:
        _talk(address, seconds, talk)
    except NoAnswer:
        if not came:
            raise
    if not came:
        raise NoAnswer("reset")
    return bytes(came)


def _talk(address: Address, seconds: float, talk: Callable[[socket.socket], T]) -> T:
    until = time.monotonic() + seconds
    with _connected(address, seconds) as connected:
        try:
            return within(until - time.monotonic(), lambda: talk(connected))
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
def _connected(address: Address, seconds: float) -> Iterator[socket.socket]:
    try:
        connected = within(
            seconds, lambda: socket.create_connection((address.host, address.port), timeout=seconds)
        )
    except ConnectionRefusedError:
        raise NoAnswer("refused") from None
    except ConnectionResetError:
        raise NoAnswer("reset") from None
    except OutOfReach:
        raise OutOfReach(Why.ADDRESS_OUT_OF_REACH, f"{address.host}:{address.port}") from None
    except OSError as error:
        raise OutOfReach(Why.ADDRESS_OUT_OF_REACH, f"{address.host}:{address.port} {error}") from error
    try:
        yield connected
    finally:
        # Closing alone would leave a reader that the deadline has abandoned waiting for its next byte.
        with suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)
        connected.close()


def _ask(address: Address, path: str, connected: socket.socket) -> HttpAnswer:
    client = http.client.HTTPConnection(address.host, address.port)
    client.sock = connected
    # What http.client refuses to send (spaces, accents) is quoted; what is quoted already stays.
    client.putrequest("GET", quote(path, safe="/?&=%:@!$'()*+,;~[]"), skip_accept_encoding=True)
    client.putheader("Accept-Encoding", "identity")
    client.putheader("Accept", "*/*")
    client.putheader("User-Agent", "dckgrade")
    client.putheader("Connection", "close")
    client.endheaders()
    with client.getresponse() as response:
        body = response.read(BODY_KEPT + 1)
        if response.length and len(body) <= BODY_KEPT:
            raise http.client.IncompleteRead(body, response.length)
        headers: dict[str, str] = {}
        for name, value in response.getheaders():
            known = headers.get(name.lower())
            headers[name.lower()] = value if known is None else f"{known}, {value}"
        return HttpAnswer(
            status=response.status, headers=headers, body=body[:BODY_KEPT], truncated=len(body) > BODY_KEPT
        )
