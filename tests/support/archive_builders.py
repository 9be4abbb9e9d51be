"""Build archives of three trainees' reports, and damage them."""

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from tests.support.class_reports import encode_report, make_trainee_report

FIRST, VICTIM, LAST = NAMES = ("Ada", "Bob", "Cleo")
MEBIBYTE = 1024 * 1024
LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
UTF_8_FLAG = 0x800


@cache
def encode_of(trainee: str) -> bytes:
    return encode_report(make_trainee_report(trainee, "tp2"))


@cache
def list_members() -> dict[str, bytes]:
    return {f"{name}/tp2.json": encode_of(name) for name in NAMES}


def zipped(members: Mapping[str, bytes] | None = None, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, content in (list_members() if members is None else members).items():
            archive.writestr(name, content)
    return written.getvalue()


class Unseekable(io.RawIOBase):
    """What is written as it goes, such as a download: sizes come behind the content."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self.written += content
        return len(content)


def streamed(method: int = zipfile.ZIP_DEFLATED) -> bytes:
    plain = Unseekable()
    with zipfile.ZipFile(plain, "w", method) as archive:
        for name, content in list_members().items():
            archive.writestr(name, content)
    return bytes(plain.written)


def find_nth(raw: bytes, signature: bytes, number: int) -> int:
    at = -1
    for _ in range(number):
        at = raw.index(signature, at + 1)
    return at


def patched(raw: bytes, at: int, content: bytes) -> bytes:
    return raw[:at] + content + raw[at + len(content) :]


def patch_zip(at: int, content: bytes, *, local: int | None = None, raw: bytes | None = None) -> bytes:
    """Put *content* at that offset of the victim's entry, and at *local* of its own header."""
    raw = zipped() if raw is None else raw
    raw = patched(raw, find_nth(raw, CENTRAL, 2) + at, content)
    return raw if local is None else patched(raw, find_nth(raw, LOCAL, 2) + local, content)


def patch_end(at: int, content: bytes) -> bytes:
    raw = zipped()
    return patched(raw, raw.rindex(END) + at, content)


def with_bad_name() -> bytes:
    raw = patch_zip(8, struct.pack("<H", UTF_8_FLAG), local=None)
    return raw.replace(b"Bob/tp2.json", b"B\xff\xfe/tp2.json")


def with_damaged_content() -> bytes:
    raw = zipped()
    return patched(raw, find_nth(raw, LOCAL, 2) + 60, b"\xff" * 40)


def overlapping(count: int) -> bytes:
    """Name one file very often."""
    raw = zipped({"x.json": encode_of(FIRST)})
    local, central, end = (
        raw[: raw.index(CENTRAL)],
        raw[raw.index(CENTRAL) : raw.index(END)],
        raw[raw.index(END) :],
    )
    directory = b"".join(resize_name(central, b"%06d.json" % at) for at in range(count))
    return local + directory + end_record(end, count, len(directory), len(local))


def resize_name(central: bytes, name: bytes) -> bytes:
    (old,) = struct.unpack_from("<H", central, 28)
    return central[:28] + struct.pack("<H", len(name)) + central[30:46] + name + central[46 + old :]


def end_record(end: bytes, count: int, length: int, offset: int) -> bytes:
    return end[:8] + struct.pack("<HHII", count, count, length, offset) + b"\0\0"


def quoted(count: int) -> bytes:
    """Have each file's content begin with the next one's header, stored by deflate (Fifield, 2019)."""
    content = encode_of(FIRST)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    kernel = packer.compress(content) + packer.flush()
    files: list[tuple[bytes, bytes, int, int]] = []
    tail, plain = kernel, content
    for at in reversed(range(count)):
        name = b"%05d.json" % at
        header = struct.pack(
            "<4s5H3I2H", LOCAL, 20, 0, 8, 0, 0, zlib.crc32(plain), len(tail), len(plain), len(name), 0
        )
        files.insert(0, (name, header + name, len(tail), len(plain)))
        whole = header + name
        tail = b"\0" + struct.pack("<HH", len(whole), len(whole) ^ 0xFFFF) + whole + tail
        plain = whole + plain
    packed = tail[5:]
    directory, at = b"", 0
    for name, header, length, size in files:
        crc = struct.unpack_from("<I", header, 14)[0]
        directory += (
            struct.pack(
                "<4s6H3I5H2I", CENTRAL, 20, 20, 0, 8, 0, 0, crc, length, size, len(name), 0, 0, 0, 0, 0, at
            )
            + name
        )
        at += len(header) + 5
    end = END + b"\0" * 18
    return packed + directory + end_record(end, count, len(directory), len(packed))


def many(count: int, content: bytes, name: str = "{at:05}.json") -> bytes:
    return zipped({name.format(at=at): content for at in range(count)}, zipfile.ZIP_STORED)


def tarred(
    members: Mapping[str, bytes] | None = None, kind: int = tarfile.GNU_FORMAT, mode: str = "w"
) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode=mode, format=kind) as archive:  # type: ignore[call-overload]
        for name, content in (list_members() if members is None else members).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return written.getvalue()


def find_header(raw: bytes, trainee: str) -> int:
    return raw.index(f"{trainee}/tp2.json".encode())


def patch_tar(at: int, content: bytes, *, sound: bool = False) -> bytes:
    """Patch the victim's header; *sound*: with the checksum that then is right."""
    raw = tarred()
    start = find_header(raw, VICTIM)
    raw = patched(raw, start + at, content)
    if sound:
        header = patched(raw[start : start + 512], 148, b" " * 8)
        raw = patched(raw, start + 148, b"%06o\0 " % sum(header))
    return raw


def put_before(trainee: str, header: tarfile.TarInfo, content: bytes) -> bytes:
    """Put a further entry before a trainee's."""
    raw = tarred()
    at = find_header(raw, trainee)
    return raw[:at] + header.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512) + raw[at:]


def described(kind: bytes, content: bytes, size: int | None = None) -> bytes:
    header = tarfile.TarInfo("x")
    header.type, header.size = kind, len(content) if size is None else size
    return put_before(VICTIM, header, content)


def linked(kind: bytes) -> bytes:
    header = tarfile.TarInfo("x.json")
    header.type, header.linkname = kind, "/etc/passwd"
    return put_before(VICTIM, header, b"")


def bomb(pack: Callable[[bytes], bytes], name: str = "bomb.json") -> bytes:
    """Pack a gigabyte of one file, in streams that follow one another."""
    header = tarfile.TarInfo(name)
    header.size = 1024 * MEBIBYTE
    return pack(header.tobuf()) + pack(bytes(8 * MEBIBYTE)) * 128


def pax(**records: str) -> bytes:
    made = b""
    for key, value in records.items():
        record = f" {key.replace('__', '.')}={value}\n".encode()
        length = len(record) + 2
        made += b"%d" % (length if len(str(length)) == 2 else length + 1) + record
    return made


def moodle(name: str, number: int, file: str) -> str:
    return f"{name}_{number}_assignsubmission_file_/{file}"


def cut(raw: bytes, at: int) -> bytes:
    return raw[:at]
