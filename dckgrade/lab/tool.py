"""Digest the code that reads and checks labs: what another code has checked is checked again."""

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from dckgrade import __version__, probes

PACKAGE = Path(__file__).parents[1]


@cache
def digest_tool(*, with_times: bool) -> str:
    """
    Return the digest of the version, and of name and size of each Python file that labs depend on.

    To read the files would take a tenth of a grade. *with_times*: of their times too, as Python itself does
    for its bytecode; an installer changes them, so that they say nothing of what came in the same wheel.
    """
    roots = [PACKAGE / "lab", PACKAGE / "report", *map(Path, probes.__path__)]
    digest = hashlib.sha256(__version__.encode())
    for root in roots:
        for name, stamp in sorted(iter_file_stamps(root, with_times=with_times)):
            digest.update(f"{name}\0{stamp}\0".encode())
    return digest.hexdigest()


def iter_file_stamps(folder: Path | str, *, with_times: bool) -> Iterator[tuple[str, str]]:
    """Yield each Python file in and below *folder* by its name, with its size."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                seen = entry.stat()
                yield entry.name, f"{seen.st_size} {seen.st_mtime_ns if with_times else 0}"
            elif "." not in entry.name and entry.name != "__pycache__" and entry.is_dir():
                for name, stamp in iter_file_stamps(entry.path, with_times=with_times):
                    yield f"{entry.name}/{name}", stamp
