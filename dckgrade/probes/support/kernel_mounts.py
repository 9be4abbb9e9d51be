"""What the kernel has mounted in a container, as `/proc/mounts` tells it."""

import re
from collections.abc import Sequence

from msgspec import Struct

READ_MOUNTS_COMMAND = ("cat", "/proc/self/mounts")
MOUNT_FIELDS = 4


class KernelMount(Struct, frozen=True, kw_only=True):
    """A line of `/proc/mounts`."""

    destination: str
    filesystem: str
    options: Sequence[str]


def parse_mounts(written: str) -> list[KernelMount]:
    """Read `/proc/mounts` (proc(5), fstab(5)): blanks in a path are written in octal."""
    rows = (line.split(" ") for line in written.splitlines())
    return [
        KernelMount(
            destination=re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), row[1]),
            filesystem=row[2],
            options=row[3].split(","),
        )
        for row in rows
        if len(row) >= MOUNT_FIELDS and row[1].startswith("/")
    ]
