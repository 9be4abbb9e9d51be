"""
Read the files in a zip one at a time, in bounded memory and time, however damaged; nothing is extracted.

Python's own reader gives the whole archive up for one damaged name, and knows no bound.
https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

import bz2
import mmap
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, Protocol

from msgspec import Struct
from msgspec.structs import replace

from dckgrade.classroom import archive_bounds as bounds
from dckgrade.classroom.archive_bounds import ArchiveMember, ArchiveTooLarge
from dckgrade.i18n import N_
from dckgrade.lazy_patterns import compile_lazily

LOCAL, CENTRAL, END, END_64, LOCATOR_64 = (b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\6", b"PK\6\7")
AFTER_CONTENT = compile_lazily(rb"PK(?:\x07\x08|\x03\x04|\x01\x02)")
LOCAL_HEADER = struct.Struct("<4s2xHH4xIIIHH")
CENTRAL_HEADER = struct.Struct("<4s4xHH4xIIIHHH8xI")
END_RECORD = struct.Struct("<4s6xHII2x")
END_RECORD_64 = struct.Struct("<4s28xQQQ")
LOCATOR_RECORD_64 = struct.Struct("<4s4xQ4x")
MAX_END_BYTES = END_RECORD.size + 0xFFFF
MAX_DIRECTORY_BYTES = 32 * 1024 * 1024
"""Bytes of the table of contents: 50,000 long names."""
MAX_SCANNED_BYTES = 512 * 1024 * 1024
"""Bytes of a damaged archive that are searched for files."""
SHOWN_NAME_BYTES = 100
"""At either end of a name that is too long."""
UNTOLD_32 = 0xFFFFFFFF
"""Stands where a number takes more than 32 bits, and is in an extra field."""
IS_ENCRYPTED, IS_SIZE_LATER, IS_UTF_8 = 1, 8, 0x800
STORED = 0
CHUNK_BYTES = 64 * 1024


class Unpacker(Protocol):
    """What the standard library's decompressors have in common."""

    @property
    def eof(self) -> bool:
        """Return whether all was unpacked."""
        ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Unpack at most *max_length* bytes."""
        ...


UNPACKERS: dict[int, Callable[[], Unpacker]] = {
    8: lambda: zlib.decompressobj(-zlib.MAX_WBITS),
    12: bz2.BZ2Decompressor,
}
"""By method of packing."""


class ZipEntry(Struct, frozen=True, kw_only=True):
    """One file as the table of contents has it, or its own header."""

    name: str
    flags: int
    method: int
    packed: int
    """Bytes in the archive; at most so many where its own header does not tell."""
    size: int | None
    """Bytes once unpacked, and their sum below; None where its own header does not tell."""
    crc: int | None
    offset: int
    end: int = 0
    """Where the next file begins, whatever this one says of its own length."""
    fault: str = ""
    """A message id: what is wrong with it at first sight."""


class DamagedMember(Exception):
    """A file that cannot be read whole; its only argument is a message id that says why."""


def read_zip_members(path: Path, is_wanted: Callable[[str], bool]) -> Iterator[ArchiveMember]:
    """
    Read the files that *is_wanted* tells by their names; the others are only named.

    Raises `ArchiveTooLarge`, and `OSError` where the archive itself cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        entries, damage = list_zip_entries(file, path, size)
        if damage:
            yield damage
        left = bounds.compute_most_bytes(size)
        for entry in sorted(bound_entries(file, entries, size), key=get_reading_order):
            if not is_wanted(entry.name):
                yield ArchiveMember(name=entry.name)
                continue
            left -= min(entry.size or 0, bounds.MAX_FILE_BYTES)
            if left < 0:
                raise ArchiveTooLarge(path)
            member = read_wanted_member(file, entry)
            left -= len(member.content) if entry.size is None else 0
            yield member


def get_reading_order(entry: ZipEntry) -> tuple[str, int, str]:
    """Order by the first folder, then by depth: a report comes before the project that it lies in."""
    return entry.name.partition("/")[0], entry.name.count("/"), entry.name


def list_zip_entries(file: IO[bytes], path: Path, size: int) -> tuple[list[ZipEntry], ArchiveMember | None]:
    """List the files, and the damage: the files' own headers count where the table of contents is damaged."""
    entries: list[ZipEntry] = []
    told = -1
    if directory := find_directory(file, size):
        start, length, told, shift = directory
        file.seek(start)
        if length > MAX_DIRECTORY_BYTES or told > bounds.MAX_ARCHIVE_MEMBERS:
            raise ArchiveTooLarge(path)
        entries = list(islice(parse_directory(file.read(length), shift), bounds.MAX_ARCHIVE_MEMBERS + 1))
    # An end that tells of no file may be a remark of the archive's.
    if len(entries) == told and (told or not has_local_header(file, 0)):
        return entries, None
    known = {entry.offset: entry.packed for entry in entries}
    entries += islice(scan_local_headers(file, size, known), bounds.MAX_ARCHIVE_MEMBERS + 1)
    if len(entries) > bounds.MAX_ARCHIVE_MEMBERS:
        raise ArchiveTooLarge(path)
    if entries:
        return entries, ArchiveMember(name="", refusal=bounds.REST_DAMAGED)
    return entries, ArchiveMember(name="", refusal=bounds.NOT_WHOLE, why="File is not a zip file")


def find_directory(file: IO[bytes], size: int) -> tuple[int, int, int, int] | None:
    """
    Find the table of contents: where it begins, its bytes, its entries, and what stands before the archive.

    None where its end is not there, or says what cannot be.
    """
    start = max(0, size - MAX_END_BYTES)
    file.seek(start)
    tail = file.read(MAX_END_BYTES)
    at = tail.rfind(END)
    if at < 0 or len(tail) - at < END_RECORD.size:
        return None
    _, count, length, offset = END_RECORD.unpack_from(tail, at)
    end = start + at
    locator = tail[max(0, at - LOCATOR_RECORD_64.size) : at]
    if locator.startswith(LOCATOR_64) and len(locator) == LOCATOR_RECORD_64.size:
        _, place = LOCATOR_RECORD_64.unpack(locator)
        file.seek(min(place, size))
        if (record := file.read(END_RECORD_64.size)).startswith(END_64) and len(record) == END_RECORD_64.size:
            _, count, length, offset = END_RECORD_64.unpack(record)
            end = place
    shift = end - length - offset
    # What stands before an archive is a program that unpacks it. Another archive there is the real one, which
    # has lost its end, and holds this one.
    if shift < 0 or (shift and has_local_header(file, 0)):
        return None
    return offset + shift, length, count, shift


def parse_directory(raw: bytes, shift: int) -> Iterator[ZipEntry]:
    """Yield the entries; a damaged one is passed over, and missing in the count."""
    at = 0
    while 0 <= at <= len(raw) - CENTRAL_HEADER.size:
        signature, flags, method, crc, packed, size, name_size, extra_size, note_size, offset = (
            CENTRAL_HEADER.unpack_from(raw, at)
        )
        if signature != CENTRAL:
            at = raw.find(CENTRAL, at + 1)
            continue
        extra_at = at + CENTRAL_HEADER.size + name_size
        extra = raw[extra_at : extra_at + extra_size]
        size, packed, offset = fill_in_64_bits(extra, [size, packed, offset])
        name, fault = decode_name(raw[at + CENTRAL_HEADER.size : extra_at], flags)
        yield ZipEntry(
            name=name, flags=flags, method=method, packed=packed, size=size, crc=crc, offset=offset + shift,
            fault=fault,
        )  # fmt: skip
        at = extra_at + extra_size + note_size


def fill_in_64_bits(extra: bytes, numbers: list[int]) -> list[int]:
    """Take those of *numbers* that are too large for their place from the extra field of type 1."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            held = iter(struct.unpack_from(f"<{min(length, len(extra) - at - 4) // 8}Q", extra, at + 4))
            return [next(held, number) if number == UNTOLD_32 else number for number in numbers]
        at += 4 + length
    return numbers


def decode_name(raw: bytes, flags: int) -> tuple[str, str]:
    """Decode a name, and tell what is wrong with it: macOS writes UTF-8 and does not say so, DOS cp437."""
    if len(raw) > bounds.MAX_NAME_BYTES:
        shown = raw[:SHOWN_NAME_BYTES] + b"..." + raw[-SHOWN_NAME_BYTES:]
        return shown.decode("ascii", "replace"), bounds.NAME_TOO_LONG
    with suppress(UnicodeDecodeError):
        return raw.decode(), ""
    if flags & IS_UTF_8:
        return raw.decode("utf-8", "replace"), bounds.NOT_UTF_8
    return raw.decode("cp437"), ""


def scan_local_headers(file: IO[bytes], size: int, known: Mapping[int, int]) -> Iterator[ZipEntry]:
    """
    Yield the files by their own headers, but for those *known*: the packed bytes by the place.

    A file's content is never searched: an archive within would have its files taken for the outer one's.
    """
    if not size:
        return
    with mmap.mmap(file.fileno(), min(size, MAX_SCANNED_BYTES), access=mmap.ACCESS_READ) as raw:
        at = raw.find(LOCAL)
        while 0 <= at <= len(raw) - LOCAL_HEADER.size:
            entry, data_at = parse_local_header(raw, at)
            if at not in known:
                yield entry
                if entry.size is None and entry.method == STORED:
                    return
            at = raw.find(LOCAL, data_at + known.get(at, entry.packed))


def parse_local_header(raw: mmap.mmap, at: int) -> tuple[ZipEntry, int]:
    """Return the file of the header at *at*, and where its content begins."""
    _, flags, method, crc, packed, size, name_size, extra_size = LOCAL_HEADER.unpack_from(raw, at)
    name_at = at + LOCAL_HEADER.size
    data_at = name_at + name_size + extra_size
    size, packed = fill_in_64_bits(raw[name_at + name_size : data_at], [size, packed])
    is_untold = bool(flags & IS_SIZE_LATER) and not packed
    if is_untold:
        found = AFTER_CONTENT.search(raw, data_at)
        packed = (found.start() if found else len(raw)) - data_at
    name, fault = decode_name(raw[name_at : name_at + name_size], flags)
    entry = ZipEntry(
        name=name, flags=flags, method=method, packed=packed, offset=at, fault=fault,
        size=None if is_untold else size, crc=None if is_untold else crc,
    )  # fmt: skip
    return entry, data_at


def bound_entries(file: IO[bytes], entries: list[ZipEntry], size: int) -> list[ZipEntry]:
    """
    Have each file end where the next begins, and mark what begins within another.

    Files that share their bytes would make a small archive as large as one likes, without any ratio; and a
    file that lies about its length or place must cost no other trainee theirs.
    """
    bounded: list[ZipEntry] = []
    last: ZipEntry | None = None
    for entry in sorted(entries, key=lambda entry: entry.offset):
        claimed = last.offset + LOCAL_HEADER.size + len(last.name) + last.packed if last else 0
        if (
            last
            and entry.offset < claimed
            and (entry.offset == last.offset or not has_local_header(file, entry.offset))
        ):
            bounded.append(replace(entry, fault=entry.fault or bounds.OVERLAPPING))
            continue
        if last:
            bounded.append(replace(last, end=entry.offset))
        last = entry
    return [*bounded, replace(last, end=size)] if last else bounded


def has_local_header(file: IO[bytes], at: int) -> bool:
    """Return whether a file really begins there."""
    file.seek(at)
    return file.read(len(LOCAL)) == LOCAL


def read_wanted_member(file: IO[bytes], entry: ZipEntry) -> ArchiveMember:
    """Read one file, or tell why it is not read."""
    try:
        if fault := find_fault(entry):
            return ArchiveMember(name=entry.name, refusal=fault)
        return ArchiveMember(name=entry.name, content=unpack_entry(file, entry))
    except DamagedMember as damage:
        return ArchiveMember(name=entry.name, refusal=str(damage))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        return ArchiveMember(name=entry.name, refusal=bounds.DAMAGED, why=str(error))


def find_fault(entry: ZipEntry) -> str:
    """Return why a file is not even unpacked; '' where it is."""
    if entry.fault:
        return entry.fault
    if entry.flags & IS_ENCRYPTED:
        return bounds.ENCRYPTED
    size = entry.size or 0
    if size > bounds.MAX_UNPACK_RATIO * max(entry.packed, 1024):
        return bounds.UNPACKS_TO_TOO_MUCH
    return bounds.TOO_LARGE if size > bounds.MAX_FILE_BYTES else ""


def unpack_entry(file: IO[bytes], entry: ZipEntry) -> bytes:
    """Unpack a file whole; raises `DamagedMember`, or what its unpacker raises."""
    file.seek(entry.offset)
    header = file.read(LOCAL_HEADER.size)
    if len(header) < LOCAL_HEADER.size or not header.startswith(LOCAL):
        raise DamagedMember(N_("{path} is damaged: it is not where the archive says."))
    *_, name_size, extra_size = LOCAL_HEADER.unpack(header)
    file.seek(name_size + extra_size, 1)
    packed = max(0, min(entry.packed, entry.end - file.tell()))
    most = bounds.MAX_FILE_BYTES if entry.size is None else entry.size + 1
    if entry.method == STORED:
        content = file.read(min(packed, most))
    elif make := UNPACKERS.get(entry.method):
        content = unpack_bytes(file, packed, make(), most)
    else:
        raise DamagedMember(N_("{path} is packed in a way that is not read."))
    if entry.size is not None and len(content) != entry.size:
        raise DamagedMember(N_("{path} is damaged: it is not as long as the archive says."))
    if entry.crc is not None and zlib.crc32(content) != entry.crc:
        raise DamagedMember(N_("{path} is damaged: its checksum is another."))
    return content


def unpack_bytes(file: IO[bytes], packed: int, unpacker: Unpacker, most: int) -> bytes:
    """Unpack *packed* bytes to *most* at most."""
    parts: list[bytes] = []
    while most > 0 and not unpacker.eof:
        chunk = file.read(min(packed, CHUNK_BYTES))
        if not chunk:
            raise DamagedMember(bounds.ENDS_EARLY)
        packed -= len(chunk)
        parts.append(unpacker.decompress(chunk, most))
        most -= len(parts[-1])
    return b"".join(parts)
