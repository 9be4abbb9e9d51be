"""A connection to a board that breaks after so many bytes of what is asked or answered."""

import contextlib
import socket
import threading
from typing import Self


class CuttingProxy:
    """Passes on the bytes of each connection until as many have passed as are allowed, then cuts it."""

    def __init__(self, port: int, *, up: int = 1 << 30, down: int = 1 << 30) -> None:
        self.target, self.up, self.down = port, up, down
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.run, daemon=True)

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # A listening socket that is only closed would keep its thread waiting.
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.thread.join(10)

    def run(self) -> None:
        """Serve one connection after the other."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listening.accept()
                with client, socket.create_connection(("127.0.0.1", self.target)) as board:
                    back = threading.Thread(target=pass_bytes, args=(board, client, self.down), daemon=True)
                    back.start()
                    pass_bytes(client, board, self.up)
                    back.join(10)


def pass_bytes(source: socket.socket, target: socket.socket, most: int) -> None:
    """Pass on at most so many bytes, then end both ways."""
    with contextlib.suppress(OSError):
        while most > 0 and (part := source.recv(65536)):
            target.sendall(part[:most])
            most -= len(part)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
