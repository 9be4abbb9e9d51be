"""
Read the files in a tar one at a time, from front to back, in bounded memory and time; nothing is extracted.

Python's own reader ends at a damaged header without a word, and reads names of any length.
https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13
"""

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from tarfile import BLOCKSIZE
from typing import IO

from msgspec import Struct

from dckgrade.classroom import archive_bounds as bounds
from dckgrade.classroom.archive_bounds import ArchiveMember, ArchiveTooLarge
from dckgrade.i18n import N_

MAX_TAR_HEADER_BYTES = 256 * 1024
"""Bytes of what a tar says of one file before it: its long name, and others' additions."""
MAX_STREAM_BYTES = {b"\x1f\x8b": 512 * 1024 * 1024, b"BZ": 128 * 1024 * 1024, b"\xfd7": 512 * 1024 * 1024}
"""Bytes that are unpacked of a stream, by its first two: a second or two of work for each."""
CHUNK_BYTES = 256 * 1024
END_BLOCK = bytes(BLOCKSIZE)
PAX_TYPES = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
LONG_NAME_TYPES = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
IS_EXTENDED_AT, IS_EXTENDED_FURTHER_AT = 482, 504
"""Where a sparse file's header, and its continuations, say that there is one more."""
END_BLOCKS = 2


POSIX_MAGIC = b"ustar\0"
GNU_NUMBER = b"\x80"
SIGNED_MAX = 127


class TarHeader(Struct, frozen=True):
    """What stands before a file."""

    name: str
    size: int
    type: bytes


class TarStream:
    """The unpacked tar, of which only so many bytes are read."""

    def __init__(self, plain: IO[bytes], path: Path, most: int, size: int | None) -> None:
        """*size*: of the file where the tar is not packed, so that what is passed over costs nothing."""
        self.plain, self.path, self.left, self.size = plain, path, most, size

    def read(self, size: int) -> bytes:
        """Read up to *size* bytes; raises `ArchiveTooLarge`."""
        found = self.plain.read(size)
        self.left -= len(found)
        if self.left < 0:
            raise ArchiveTooLarge(self.path)
        return found

    def skip(self, size: int) -> bool:
        """Pass over *size* bytes; return whether they are there."""
        if self.size is not None:
            end = self.plain.tell() + size
            self.plain.seek(min(end, self.size))
            return end <= self.size
        while size > 0 and (found := self.read(min(size, CHUNK_BYTES))):
            size -= len(found)
        return size <= 0


class TarReader:
    """One tar being read: what the headers before a file say of it is kept until that file."""

    def __init__(self, stream: TarStream, is_wanted: Callable[[str], bool]) -> None:
        self.stream, self.is_wanted = stream, is_wanted
        self.is_cut = False
        self.forget()

    def forget(self) -> None:
        """Begin with the next file."""
        self.name = self.fault = ""
        self.size: int | None = None

    def read_members(self) -> Iterator[ArchiveMember]:
        """Yield every file; what is damaged, once for each stretch of it."""
        count = end_blocks = 0
        is_damaged = False
        while end_blocks < END_BLOCKS and not self.is_cut:
            block = self.stream.read(BLOCKSIZE)
            if len(block) < BLOCKSIZE:
                if not is_damaged and (block or not end_blocks):
                    yield ArchiveMember(name="", refusal=bounds.NOT_WHOLE, why="unexpected end of data")
                return
            if block == END_BLOCK:
                end_blocks += 1
                continue
            end_blocks = 0
            try:
                header = parse_header(block)
            except ValueError as error:
                if not is_damaged:
                    yield self.describe_damage(count, error)
                is_damaged = True
                continue
            is_damaged = False
            count += 1
            if count > bounds.MAX_ARCHIVE_MEMBERS:
                raise ArchiveTooLarge(self.stream.path)
            yield from self.read_entry(header, block)

    @staticmethod
    def describe_damage(count: int, error: Exception) -> ArchiveMember:
        """Tell of a header that is none: at the beginning there may be no tar at all."""
        if count:
            return ArchiveMember(name="", refusal=bounds.REST_DAMAGED)
        return ArchiveMember(name="", refusal=bounds.NOT_WHOLE, why=str(error))

    def read_entry(self, header: TarHeader, block: bytes) -> Iterator[ArchiveMember]:
        """Read what one header is of: a file, or what is said of the next one."""
        if header.type in PAX_TYPES or header.type in LONG_NAME_TYPES:
            self.read_description(header)
            return
        if header.type == tarfile.GNUTYPE_SPARSE:
            self.fault = bounds.UNPACKS_TO_TOO_MUCH
            self.skip_sparse_map(block)
        is_file = header.type in tarfile.REGULAR_TYPES
        has_data = is_file or header.type not in tarfile.SUPPORTED_TYPES
        size = (header.size if self.size is None else self.size) if has_data else 0
        name, fault = self.name or header.name, self.fault
        self.forget()
        if header.type == tarfile.DIRTYPE or (header.type == tarfile.AREGTYPE and name.endswith("/")):
            return
        if not (is_file or fault):
            fault = bounds.NO_PLAIN_FILE
        yield from self.read_file(name, size, fault)

    def read_file(self, name: str, size: int, fault: str) -> Iterator[ArchiveMember]:
        """Read one file whole, or pass over it."""
        content = b""
        wanted = min(size, bounds.MAX_FILE_BYTES) if self.is_wanted(name) and not fault else 0
        if wanted:
            content = self.stream.read(wanted)
        is_whole = len(content) == wanted and self.stream.skip(size - wanted + -size % BLOCKSIZE)
        self.is_cut = not is_whole
        if self.is_cut and not fault:
            yield ArchiveMember(name=name, refusal=bounds.ENDS_EARLY)
        elif size > bounds.MAX_FILE_BYTES and wanted:
            yield ArchiveMember(name=name, refusal=bounds.TOO_LARGE)
        else:
            yield ArchiveMember(name=name, content=content, refusal=fault)

    def read_description(self, header: TarHeader) -> None:
        """Read a long name, or the additions of pax; what is larger than any is passed over, and told."""
        padding = -header.size % BLOCKSIZE
        if header.size > MAX_TAR_HEADER_BYTES:
            self.stream.skip(header.size + padding)
            self.fault = self.fault or N_("What is said of {path} in its archive is larger than any name.")
            return
        raw = self.stream.read(header.size)
        self.stream.skip(padding)
        if header.type == tarfile.GNUTYPE_LONGNAME:
            self.name = raw.rstrip(b"\0").decode("utf-8", "surrogateescape")
        elif header.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
            self.apply_pax(raw)

    def apply_pax(self, raw: bytes) -> None:
        """Apply the records `LENGTH KEY=VALUE` that concern us: the name, the size, whether it is sparse."""
        while raw:
            length, _, _ = raw.partition(b" ")
            end = int(length) if length.isdigit() and len(length) < len(str(MAX_TAR_HEADER_BYTES)) + 1 else 0
            if not len(length) + 1 < end <= len(raw):
                self.fault = self.fault or N_("What is said of {path} in its archive is damaged.")
                return
            key, _, value = raw[len(length) + 1 : end].removesuffix(b"\n").partition(b"=")
            raw = raw[end:]
            if key == b"path":
                self.name = value.decode("utf-8", "surrogateescape")
            elif key == b"size" and value.isdigit():
                self.size = int(value[:19])
            elif key.startswith(b"GNU.sparse."):
                self.fault = bounds.UNPACKS_TO_TOO_MUCH

    def skip_sparse_map(self, block: bytes) -> None:
        """Pass over the further headers of a sparse file."""
        is_more = block[IS_EXTENDED_AT]
        while is_more and (block := self.stream.read(BLOCKSIZE)) and len(block) == BLOCKSIZE:
            is_more = block[IS_EXTENDED_FURTHER_AT]


def parse_header(block: bytes) -> TarHeader:
    """Parse a header; raises `ValueError` for what is none."""
    told = parse_number(block[148:156])
    rest = block[:148] + b" " * 8 + block[156:]
    # Some programs have added up signed bytes.
    if told != (added := sum(rest)) and told != added - 256 * sum(byte > SIGNED_MAX for byte in rest):
        raise ValueError("bad checksum")
    name = block[:100].partition(b"\0")[0]
    if block[257:263] == POSIX_MAGIC and (prefix := block[345:500].partition(b"\0")[0]):
        name = prefix + b"/" + name
    return TarHeader(name.decode("utf-8", "surrogateescape"), parse_number(block[124:136]), block[156:157])


def parse_number(field: bytes) -> int:
    """Parse a number, octal or as GNU writes what is too large for that; raises `ValueError`."""
    if field[:1] == GNU_NUMBER:
        return int.from_bytes(field[1:], "big")
    digits = field.partition(b"\0")[0].strip()
    if digits and not digits.isdigit():
        raise ValueError("bad number")
    return int(digits or b"0", 8)


def read_tar_members(path: Path, is_wanted: Callable[[str], bool]) -> Iterator[ArchiveMember]:
    """
    Read the files that *is_wanted* tells by their names; the others are only named.

    Raises `ArchiveTooLarge`, `OSError`, and what unpacking raises where the stream itself is damaged.
    """
    with path.open("rb") as packed, open_unpacked(packed) as plain:
        beginning, size = packed.read(2), packed.seek(0, 2)
        packed.seek(0)
        most = bounds.compute_most_bytes(size, MAX_STREAM_BYTES.get(beginning))
        stream = TarStream(plain, path, most, size if plain is packed else None)
        yield from TarReader(stream, is_wanted).read_members()


def open_unpacked(packed: IO[bytes]) -> IO[bytes]:
    """Unpack a tar as it is read, by its first bytes: what it is called may be wrong."""
    beginning = packed.read(6)
    packed.seek(0)
    if beginning.startswith(b"\x1f\x8b"):
        return gzip.open(packed)  # type: ignore[return-value]
    if beginning.startswith(b"BZh"):
        return bz2.open(packed)
    return lzma.open(packed) if beginning == b"\xfd7zXZ\0" else packed
