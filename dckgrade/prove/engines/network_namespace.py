"""Puts the calling thread into the network namespace of a process."""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator

_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_UP_AND_RUNNING = 0x41


@contextlib.contextmanager
def inside_network_of(pid: int) -> Iterator[None]:
    """Put the calling thread, and what it starts meanwhile, inside the network namespace of a process."""
    with (
        _open_descriptor("/proc/thread-self/ns/net") as home,
        _open_descriptor(f"/proc/{pid}/ns/net") as away,
    ):
        _enter_namespace(away)
        try:
            yield
        finally:
            _enter_namespace(home)


def raise_loopback() -> None:
    """Bring lo up: a new namespace has it down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _UP_AND_RUNNING))


@contextlib.contextmanager
def _open_descriptor(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _enter_namespace(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)  # os.setns exists from Python 3.12 on
    if libc.setns(namespace, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "the network namespace could not be entered")
