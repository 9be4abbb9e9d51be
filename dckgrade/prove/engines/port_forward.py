"""A unix socket that leads to a TCP port inside a network namespace."""

import contextlib
import socket
import threading
from pathlib import Path

from dckgrade.prove.engines.network_namespace import inside_network_of

_CONNECT_TIMEOUT_S = 60.0
_CHUNK_BYTES = 65536


class PortForward:
    """Forwards connections at *path* to *address* in the network namespace of *pid*."""

    def __init__(self, path: Path, pid: int, address: tuple[str, int]) -> None:
        self.pid, self.address = pid, address
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen(64)
        threading.Thread(target=self._accept_connections, daemon=True).start()

    def close(self) -> None:
        """Accept no more connections; those that are open end with the machine."""
        # Closing alone would leave the thread waiting in accept().
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept_connections(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, _ = self._listening.accept()
                threading.Thread(target=self._forward_connection, args=(visitor,), daemon=True).start()

    def _forward_connection(self, visitor: socket.socket) -> None:
        with visitor, contextlib.suppress(OSError), inside_network_of(self.pid):
            inner = socket.create_connection(self.address, _CONNECT_TIMEOUT_S)
            inner.settimeout(None)
            with inner:
                back = threading.Thread(target=_copy_stream, args=(inner, visitor), daemon=True)
                back.start()
                _copy_stream(visitor, inner)
                back.join()


def _copy_stream(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK_BYTES):
            target.sendall(chunk)
    # One side may have said all it has to say, and still listen: an answer comes after the question's end.
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
