"""Folders, files, zips and tars → the JSON reports in them, one at a time; bounded, nothing is extracted."""

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from msgspec import Struct

from dckgrade.i18n import N_, UserError
from dckgrade.report import codec

FILE_AT_MOST = 1024 * 1024
"""Bytes of one report; ours have some tens of kilobytes."""
ARCHIVE_AT_MOST = 1024 * 1024 * 1024
"""Bytes of one archive once unpacked; read one file at a time, none of it is kept."""
MEMBERS_AT_MOST = 50_000
HEADERS_AT_MOST = 256 * 1024
"""Bytes of a tar before each file: its name, and what tarfile reads ahead."""
RATIO_AT_MOST = 100
"""Unpacked by packed: JSON reaches 20, a bomb 1000."""

TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".txz")
ARCHIVES = (".zip", *TARS)


BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError),
    *(EOFError, ValueError, NotImplementedError),
)
"""What reading an archive raises that is none, or not whole."""


class Submission(Struct, frozen=True, kw_only=True):
    """A file that may be a report: what is in it, or why it was not read."""

    source: str
    """Where it lies, as the trainer would look for it: `folder/moodle.zip/Ada Lovelace_7_…/tp5.json`."""
    within: str
    """The same below the PATH that the trainer named: the part that may tell whose it is."""
    raw: bytes = b""
    refused: UserError | None = None


class TooMuch(UserError):
    """An archive that is larger than any class's reports."""


def submissions(paths: list[Path]) -> Iterator[Submission]:
    """Read every JSON file below *paths*, in the order of their names; `Trouble` for a missing path."""
    for path in paths:
        if not path.exists():
            raise UserError(N_("There is no file or folder {path}."), path=path)
    for path in paths:
        if path.is_dir():
            for file in sorted(path.rglob("*")):
                # A link could lead out of the folder, to a file that nobody handed in.
                if file.is_file() and not file.is_symlink():
                    yield from of_file(file, str(file.relative_to(path)))
        else:
            yield from of_file(path, path.name)


def of_file(file: Path, within: str) -> Iterator[Submission]:
    """Read one file, or what is in it when it is an archive."""
    source = str(file)
    name = file.name.lower()
    try:
        if name.endswith(".zip"):
            yield from of_zip(file)
        elif name.endswith(TARS):
            yield from of_tar(file)
        elif name.endswith(".json"):
            with file.open("rb") as opened:
                yield from reports(opened, source, within)
    except OSError as error:
        why = UserError(N_("{path} cannot be read: {why}"), path=source, why=error.strerror or error)
        yield Submission(source=source, within=within, refused=why)
    except TooMuch as trouble:
        yield Submission(source=source, within=within, refused=trouble)
    except BROKEN as error:
        why = UserError(N_("{path} is not a whole archive: {why}"), path=source, why=error)
        yield Submission(source=source, within=within, refused=why)


def of_zip(file: Path) -> Iterator[Submission]:
    """Read the JSON files of a zip; Moodle's download of a whole class is one."""
    with zipfile.ZipFile(file) as archive:
        left = ARCHIVE_AT_MOST
        members = archive.infolist()
        if len(members) > MEMBERS_AT_MOST:
            raise too_much(file)
        for member in sorted(members, key=lambda one: one.filename):
            source = f"{file}/{member.filename}"
            if nested(member.filename):
                yield refused(source, member.filename, N_("{path} is an archive within an archive."))
            if not readable(member.filename):
                continue
            if member.flag_bits & 1:
                yield refused(source, member.filename, N_("{path} is encrypted."))
                continue
            if member.file_size > RATIO_AT_MOST * max(member.compress_size, 1024):
                yield refused(source, member.filename, N_("{path} unpacks to far more than a report."))
                continue
            left -= member.file_size
            if left < 0:
                raise too_much(file)
            with archive.open(member) as opened:
                yield from reports(opened, source, member.filename)


def of_tar(file: Path) -> Iterator[Submission]:
    """Read the JSON files of a tar, in the order in which they come: it is read once, from front to back."""
    with file.open("rb") as packed, unpacked(packed) as plain:
        budget = Budget(plain)
        with tarfile.open(fileobj=budget, mode="r|") as archive:  # type: ignore[call-overload]
            left, count = ARCHIVE_AT_MOST, 0
            for member in archive:
                left, count = left - max(member.size, 512), count + 1
                if left < 0 or count > MEMBERS_AT_MOST or member.issparse():
                    raise too_much(file)
                budget.left = HEADERS_AT_MOST + member.size
                source = f"{file}/{member.name}"
                if nested(member.name):
                    yield refused(source, member.name, N_("{path} is an archive within an archive."))
                if member.isreg() and readable(member.name) and (opened := archive.extractfile(member)):
                    yield from reports(opened, source, member.name)


def unpacked(packed: IO[bytes]) -> IO[bytes]:
    """Unpack a tar as it is read, by its first bytes: what it is called may be wrong."""
    beginning = packed.read(6)
    packed.seek(0)
    if beginning.startswith(b"\x1f\x8b"):
        return gzip.open(packed)  # type: ignore[return-value]
    if beginning.startswith(b"BZh"):
        return bz2.open(packed)
    return lzma.open(packed) if beginning == b"\xfd7zXZ\0" else packed


class Budget:
    """A stream of which only so much is read until more is allowed: tarfile itself has no limit."""

    def __init__(self, plain: IO[bytes]) -> None:
        self.plain, self.left = plain, HEADERS_AT_MOST

    def read(self, size: int) -> bytes:
        """Read up to *size* bytes; raises `ValueError` when the headers take more than any names do."""
        found = self.plain.read(size)
        self.left -= len(found)
        if self.left < 0:
            raise ValueError("its headers are too large")
        return found


def readable(name: str) -> bool:
    """Say whether it may be a report; macOS adds a `__MACOSX/._tp5.json` to every file."""
    return name.lower().endswith(".json") and not PurePosixPath(name).name.startswith("._")


def nested(name: str) -> bool:
    """Say whether it is an archive itself."""
    return name.lower().endswith(ARCHIVES)


def reports(opened: IO[bytes], source: str, within: str) -> Iterator[Submission]:
    """Read a file to its end, unless it is larger than any; a session of `dckgrade all` is its reports."""
    for raw in codec.parts(opened.read(codec.MAX_BYTES + 1)):
        if len(raw) > FILE_AT_MOST:
            yield refused(source, within, N_("{path} is larger than any report."))
        else:
            yield Submission(source=source, within=within, raw=raw)


def refused(source: str, within: str, why: str) -> Submission:
    """Say why a file was not read."""
    return Submission(source=source, within=within, refused=UserError(why, path=source))


def too_much(file: Path) -> TooMuch:
    """Say that the archive is no class's reports."""
    return TooMuch(N_("{path} holds more than the reports of a class."), path=file)
