"""Runs a command on a guest machine, in a copy of the folder in which it is typed."""

import io
import shlex
import socket
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

# A file of its own that imports nothing of ours: an `apply.sh` runs it as a program, many times.
GUEST_ADDRESS, COMMAND_PORT, GUEST_TIMEOUT_S = "10.12.0.2", 2376, 120.0


def run_on_guest(words: Sequence[str], folder: Path) -> tuple[int, str]:
    """Send the command and a copy of *folder*; the guest's answer ends with a line `ended 0`."""
    with socket.create_connection((GUEST_ADDRESS, COMMAND_PORT), GUEST_TIMEOUT_S) as visit:
        visit.sendall(shlex.join(words).encode() + b"\n" + pack_folder(folder))
        visit.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: visit.recv(65536), b"")).decode(errors="replace")
    printed, _, code = answer.rstrip().rpartition("\nended ")
    return (int(code), printed) if code.isdecimal() else (255, answer)


def pack_folder(folder: Path) -> bytes:
    """Pack a folder as tar does."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        tar.add(folder, arcname=".")
    return content.getvalue()


if __name__ == "__main__":
    ended, text = run_on_guest(sys.argv[1:], Path.cwd())
    sys.stdout.write(text + "\n" if text.strip() else "")
    raise SystemExit(ended)
