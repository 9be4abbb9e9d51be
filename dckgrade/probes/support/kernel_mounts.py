"""What the kernel has mounted in a container, as `/proc/mounts` and `/proc/PID/mountinfo` tell it."""

import re
from collections.abc import Sequence

from msgspec import Struct

READ_MOUNTS_COMMAND = ("cat", "/proc/self/mounts")
MOUNT_FIELDS, MOUNTINFO_FIELDS = 4, 6


class KernelMount(Struct, frozen=True, kw_only=True):
    """A line of `/proc/mounts`, or of `/proc/PID/mountinfo`."""

    destination: str
    filesystem: str
    options: Sequence[str]


def parse_mounts(written: str) -> list[KernelMount]:
    """Read `/proc/mounts` (proc(5), fstab(5))."""
    rows = (line.split(" ") for line in written.splitlines())
    return [
        KernelMount(destination=decode_blanks(row[1]), filesystem=row[2], options=row[3].split(","))
        for row in rows
        if len(row) >= MOUNT_FIELDS and row[1].startswith("/")
    ]


def parse_mountinfo(written: str) -> list[KernelMount]:
    """Read `/proc/PID/mountinfo` (proc(5)): a mount's own options, and after the dash its file system's."""
    halves = (line.partition(" - ") for line in written.splitlines())
    rows = ((own.split(" "), rest.split(" ")) for own, _, rest in halves)
    return [
        KernelMount(
            destination=decode_blanks(own[4]),
            filesystem=rest[0],
            options=[*own[5].split(","), *rest[-1].split(",")],
        )
        for own, rest in rows
        if len(own) >= MOUNTINFO_FIELDS and rest[0] and own[4].startswith("/")
    ]


def decode_blanks(path: str) -> str:
    """Return *path* without the kernel's escapes: blanks are written in octal."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), path)
