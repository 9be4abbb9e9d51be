"""Read tar archives strictly, packed or not: one that is cut or recoded is told from one that is whole."""

import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Sequence
from typing import Annotated, BinaryIO, Literal

from msgspec import Meta, Struct

from dckgrade.engine.answers import OutOfReach
from dckgrade.report.observation import UnobservableReason

Packing = Literal["tar", "gzip", "bzip2", "xz"]
Damage = Literal["cut", "not-a-tar", "empty"]
Recoding = Literal["line-ends", "utf-16"]
FileName = Annotated[str, Meta(pattern=r"^(?!/)(?!.*\.\.)[^\x00-\x1f]+$", max_length=200)]
"""A file of the working folder."""

PACKINGS: Sequence[tuple[Packing, bytes, Callable[[BinaryIO], io.BufferedIOBase]]] = (
    ("gzip", b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file)),
    ("bzip2", b"BZh", bz2.BZ2File),
    ("xz", b"\xfd7zXZ\0", lzma.LZMAFile),
)
UNREAD_PACKINGS = ((b"\x28\xb5\x2f\xfd", "zstd"), (b"PK\x03\x04", "zip"), (b"7z\xbc\xaf", "7z"))
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
MAX_UNPACKED_BYTES, MAX_MEMBERS = 64 * 1024 * 1024, 20_000

MemberKind = Literal["file", "folder", "link", "other"]


class Member(Struct, frozen=True, kw_only=True):
    """What an archive holds at one path; times are left out, since tar itself changes those of links."""

    path: str
    """Without `./` and `/` before it."""
    kind: MemberKind
    mode: int
    uid: int
    gid: int
    size: int
    content: str
    """A digest; of a link, where it leads."""


class ArchiveDamaged(Exception):
    """It is no whole tar; *damage* says in which way."""

    def __init__(self, damage: Damage) -> None:
        super().__init__(damage)
        self.damage = damage


def unpack(raw: bytes) -> tuple[Packing, bytes]:
    """Return how it is packed, and the tar; raises `ArchiveDamaged`, `OutOfReach` for what is not read."""
    for mark, name in UNREAD_PACKINGS:
        if raw.startswith(mark):
            raise OutOfReach(UnobservableReason.UNREADABLE, name)
    for packing, mark, open_packed in PACKINGS:
        if raw.startswith(mark):
            return packing, _read_packed(open_packed(io.BytesIO(raw)))
    return "tar", raw


def _read_packed(file: io.BufferedIOBase) -> bytes:
    try:
        unpacked = file.read(MAX_UNPACKED_BYTES + 1)
    except EOFError:
        raise ArchiveDamaged("cut") from None
    except (OSError, zlib.error, lzma.LZMAError):
        raise ArchiveDamaged("not-a-tar") from None
    if len(unpacked) > MAX_UNPACKED_BYTES:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"more than {MAX_UNPACKED_BYTES} bytes, unpacked")
    return unpacked


def read_members(raw: bytes) -> list[Member]:
    """List what a tar holds, in its order; raises `ArchiveDamaged`, `OutOfReach` for very many members."""
    if not raw:
        raise ArchiveDamaged("empty")
    digests: dict[str, tuple[int, str]] = {}
    members: list[Member] = []
    try:
        with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as tar:
            for info in tar:
                if len(members) >= MAX_MEMBERS:
                    raise OutOfReach(UnobservableReason.UNREADABLE, f"more than {MAX_MEMBERS} members")
                members.append(_read_member(tar, info, digests))
            end = tar.offset
    except tarfile.ReadError as error:
        raise ArchiveDamaged("cut" if members or "unexpected end" in str(error) else "not-a-tar") from None
    except (tarfile.TarError, OSError, ValueError, OverflowError, UnicodeError):
        raise ArchiveDamaged("not-a-tar") from None
    # tarfile takes whatever is no header for the end; a tar ends with blocks of zeros.
    if raw[end:].strip(b"\0") or len(raw) % tarfile.BLOCKSIZE:
        raise ArchiveDamaged("not-a-tar")
    if len(raw) <= end:
        raise ArchiveDamaged("cut")
    return members


def _read_member(tar: tarfile.TarFile, info: tarfile.TarInfo, digests: dict[str, tuple[int, str]]) -> Member:
    path = clean_path(info.name)
    kind: MemberKind = "folder" if info.isdir() else "link" if info.issym() else "other"
    size, content = 0, info.linkname if info.issym() else ""
    if info.isreg():
        file = tar.extractfile(info)
        kind, read = "file", file.read() if file else b""
        if len(read) < info.size:
            raise tarfile.ReadError("unexpected end of data")
        size, content = info.size, hashlib.sha256(read).hexdigest()
    elif info.islnk() and clean_path(info.linkname) in digests:
        # Another name of a file that came before.
        kind, (size, content) = "file", digests[clean_path(info.linkname)]
    if kind == "file":
        digests[path] = size, content
    mode = info.mode & 0o7777
    return Member(path=path, kind=kind, mode=mode, uid=info.uid, gid=info.gid, size=size, content=content)


def clean_path(path: str) -> str:
    """Return a path as it stands below the top: `journal.txt` of `./journal.txt`."""
    return "/".join(part for part in path.split("/") if part not in {"", "."})


def find_recoding(raw: bytes) -> Recoding | None:
    """Return what a terminal has done to a tar on its way into a file; None where nothing shows it."""
    if raw.startswith(UTF_16_MARKS):
        return "utf-16"
    try:
        if b"\r\n" in raw and read_members(raw.replace(b"\r\n", b"\n")):
            return "line-ends"
    except (ArchiveDamaged, OutOfReach):
        pass
    return None


def find_common_folder(members: Sequence[Member]) -> str:
    """Return the folder in which all that is no folder lies; '' for the top."""
    folders = [
        member.path.split("/") if member.kind == "folder" else member.path.split("/")[:-1]
        for member in members
    ]
    placed = [parts for parts, member in zip(folders, members, strict=True) if member.kind != "folder"]
    common: list[str] = []
    for parts in zip(*(placed or folders), strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return "/".join(common)
