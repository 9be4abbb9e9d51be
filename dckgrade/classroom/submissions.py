"""Find the JSON reports in folders, files, zips and tars, one at a time; bounded, nothing is extracted."""

import bz2
import gzip
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import IO

from msgspec import Struct

from dckgrade.i18n import N_, UserError
from dckgrade.report import codec

MAX_ARCHIVE_BYTES = 1024 * 1024 * 1024
"""Bytes of one archive once unpacked; read one file at a time, none of it is kept."""
MAX_ARCHIVE_MEMBERS = 50_000
MAX_TAR_HEADER_BYTES = 256 * 1024
"""Bytes of a tar before each file: its name, and what tarfile reads ahead."""
MAX_UNPACK_RATIO = 100
"""Unpacked by packed: JSON reaches 20, a bomb 1000."""

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".txz")
ARCHIVE_SUFFIXES = (".zip", *TAR_SUFFIXES)


BROKEN_ARCHIVE_ERRORS = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError),
    *(EOFError, ValueError, NotImplementedError),
)
"""What reading an archive raises that is none, or not whole."""


class Submission(Struct, frozen=True, kw_only=True):
    """A file that may be a report: what is in it, or why it was not read."""

    source: str
    """Where it lies, as the trainer would look for it: `folder/moodle.zip/Ada Lovelace_7_…/tp5.json`."""
    path_within: str
    """The same below the PATH that the trainer named: the part that may tell whose it is."""
    raw: bytes = b""
    refusal: UserError | None = None


class ArchiveTooLarge(UserError):
    """An archive that is larger than any class's reports."""


def read_submissions(paths: list[Path]) -> Iterator[Submission]:
    """Read every JSON file below *paths*, in the order of their names; `UserError` for a missing path."""
    for path in paths:
        if not path.exists():
            raise UserError(N_("There is no file or folder {path}."), path=path)
    for path in paths:
        if path.is_dir():
            for within in iter_files(path):
                yield from read_file_submissions(path / within, within)
        else:
            yield from read_file_submissions(path, path.name)


def iter_files(folder: Path, within: str = "") -> Iterator[str]:
    """
    Yield the files in *folder* / *within* and below, as they are called from *folder* on, in order.

    A link could lead out of the folder, to a file that nobody handed in; a folder that is closed has none.
    """
    entries: list[os.DirEntry[str]] = []
    with suppress(PermissionError), os.scandir(folder / within) as listed:
        entries = sorted(listed, key=attrgetter("name"))
    for entry in entries:
        name = f"{within}{os.sep}{entry.name}" if within else entry.name
        if entry.is_file(follow_symlinks=False):
            yield name
        elif entry.is_dir(follow_symlinks=False):
            yield from iter_files(folder, name)


def read_file_submissions(file: Path, within: str) -> Iterator[Submission]:
    """Read one file, or what is in it when it is an archive."""
    source = str(file)
    name = file.name.lower()
    try:
        if name.endswith(".zip"):
            yield from read_zip_submissions(file)
        elif name.endswith(TAR_SUFFIXES):
            yield from read_tar_submissions(file)
        elif name.endswith(".json"):
            with file.open("rb") as opened:
                yield from split_into_submissions(opened, source, within)
    except OSError as error:
        why = UserError(N_("{path} cannot be read: {why}"), path=source, why=error.strerror or error)
        yield Submission(source=source, path_within=within, refusal=why)
    except ArchiveTooLarge as trouble:
        yield Submission(source=source, path_within=within, refusal=trouble)
    except BROKEN_ARCHIVE_ERRORS as error:
        why = UserError(N_("{path} is not a whole archive: {why}"), path=source, why=error)
        yield Submission(source=source, path_within=within, refusal=why)


def read_zip_submissions(file: Path) -> Iterator[Submission]:
    """Read the JSON files of a zip; Moodle's download of a whole class is one."""
    with zipfile.ZipFile(file) as archive:
        left = MAX_ARCHIVE_BYTES
        members = archive.infolist()
        if len(members) > MAX_ARCHIVE_MEMBERS:
            raise make_too_large_error(file)
        for member in sorted(members, key=lambda listed: listed.filename):
            source = f"{file}/{member.filename}"
            if is_archive(member.filename):
                yield make_refused_submission(
                    source, member.filename, N_("{path} is an archive within an archive.")
                )
            if not may_be_report(member.filename):
                continue
            if member.flag_bits & 1:
                yield make_refused_submission(source, member.filename, N_("{path} is encrypted."))
                continue
            if member.file_size > MAX_UNPACK_RATIO * max(member.compress_size, 1024):
                yield make_refused_submission(
                    source, member.filename, N_("{path} unpacks to far more than a report.")
                )
                continue
            left -= member.file_size
            if left < 0:
                raise make_too_large_error(file)
            with archive.open(member) as opened:
                yield from split_into_submissions(opened, source, member.filename)


def read_tar_submissions(file: Path) -> Iterator[Submission]:
    """Read the JSON files of a tar, in the order in which they come: it is read once, from front to back."""
    with file.open("rb") as packed, open_unpacked(packed) as plain:
        budget = BoundedStream(plain)
        with tarfile.open(fileobj=budget, mode="r|") as archive:  # type: ignore[call-overload]
            left, count = MAX_ARCHIVE_BYTES, 0
            for member in archive:
                left, count = left - max(member.size, 512), count + 1
                if left < 0 or count > MAX_ARCHIVE_MEMBERS or member.issparse():
                    raise make_too_large_error(file)
                budget.bytes_left = MAX_TAR_HEADER_BYTES + member.size
                source = f"{file}/{member.name}"
                if is_archive(member.name):
                    yield make_refused_submission(
                        source, member.name, N_("{path} is an archive within an archive.")
                    )
                if member.isreg() and may_be_report(member.name) and (opened := archive.extractfile(member)):
                    yield from split_into_submissions(opened, source, member.name)


def open_unpacked(packed: IO[bytes]) -> IO[bytes]:
    """Unpack a tar as it is read, by its first bytes: what it is called may be wrong."""
    beginning = packed.read(6)
    packed.seek(0)
    if beginning.startswith(b"\x1f\x8b"):
        return gzip.open(packed)  # type: ignore[return-value]
    if beginning.startswith(b"BZh"):
        return bz2.open(packed)
    return lzma.open(packed) if beginning == b"\xfd7zXZ\0" else packed


class BoundedStream:
    """A stream of which only so much is read until more is allowed: tarfile itself has no limit."""

    def __init__(self, plain: IO[bytes]) -> None:
        self.stream, self.bytes_left = plain, MAX_TAR_HEADER_BYTES

    def read(self, size: int) -> bytes:
        """Read up to *size* bytes; raises `ValueError` when the headers take more than any names do."""
        found = self.stream.read(size)
        self.bytes_left -= len(found)
        if self.bytes_left < 0:
            raise ValueError("its headers are too large")
        return found


def may_be_report(name: str) -> bool:
    """Return whether it may be a report; macOS adds a `__MACOSX/._tp5.json` to every file."""
    return name.lower().endswith(".json") and not PurePosixPath(name).name.startswith("._")


def is_archive(name: str) -> bool:
    """Return whether it is an archive itself."""
    return name.lower().endswith(ARCHIVE_SUFFIXES)


def split_into_submissions(opened: IO[bytes], source: str, within: str) -> Iterator[Submission]:
    """Read a file to its end, unless it is larger than any; a session of `dckgrade all` is its reports."""
    for raw in codec.split_session(opened.read(codec.MAX_DOCUMENT_BYTES + 1)):
        if len(raw) > codec.MAX_REPORT_BYTES:
            yield make_refused_submission(source, within, N_("{path} is larger than any report."))
        else:
            yield Submission(source=source, path_within=within, raw=raw)


def make_refused_submission(source: str, within: str, why: str) -> Submission:
    """Make the entry of a file that was not read, with the reason."""
    return Submission(source=source, path_within=within, refusal=UserError(why, path=source))


def make_too_large_error(file: Path) -> ArchiveTooLarge:
    """Make the error about an archive that is too large to be a class's reports."""
    return ArchiveTooLarge(N_("{path} holds more than the reports of a class."), path=file)
