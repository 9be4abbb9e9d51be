"""Keep the attempts of a class in a temporary file, so that a hundred thousand take no memory."""

import contextlib
from array import array
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO
from weakref import finalize

import msgspec

from dckgrade.classroom.attempts import Attempt
from dckgrade.i18n import N_, UserError
from dckgrade.report.decode import parse_msgpack

MAX_MEMORY_BYTES = 4 * 1024 * 1024
"""Of attempts before they go to the disk: some ten thousand."""


class SpoolUnusable(UserError):
    """The temporary file cannot be written or read: what was taken in so far is lost with it."""


@contextlib.contextmanager
def explain_failure() -> Iterator[None]:
    """Raise `SpoolUnusable` for what the file system refuses."""
    try:
        yield
    except OSError as error:
        raise SpoolUnusable(
            N_("The class does not fit into the temporary folder: {why}."),
            N_("Make room there, or name another folder by TMPDIR; what was handed in is unchanged."),
            why=error.strerror,
        ) from None


def close_file(file: IO[bytes]) -> None:
    """Close *file*, of which nobody needs what could not be written."""
    with contextlib.suppress(OSError):
        file.close()


class AttemptSpool:
    """Attempts by number, in the order in which they came; the file has no name and ends with the spool."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=MAX_MEMORY_BYTES)  # noqa: SIM115 - as long as the spool
        finalize(self, close_file, self._file)
        self._ends = array("Q", [0])
        self._in_memory: dict[int, Attempt] = {}
        """Those with a name that no UTF-8 can be, as files can be called."""

    def append(self, attempt: Attempt) -> int:
        """Keep *attempt*; return its number. Raises `SpoolUnusable`."""
        number = len(self._ends) - 1
        try:
            content = msgspec.msgpack.encode(attempt)
        except UnicodeEncodeError:
            content, self._in_memory[number] = b"", attempt
        with explain_failure():
            self._file.seek(self._ends[-1])
            self._file.write(content)
        self._ends.append(self._ends[-1] + len(content))
        return number

    def __getitem__(self, number: int) -> Attempt:
        """Return the attempt of that number. Raises `SpoolUnusable`."""
        if number in self._in_memory:
            return self._in_memory[number]
        begin, end = self._ends[number : number + 2]
        with explain_failure():
            self._file.seek(begin)
            content = self._file.read(end - begin)
        return parse_msgpack(content, Attempt)
