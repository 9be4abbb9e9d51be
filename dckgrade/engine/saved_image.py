"""
Read the archive of an image, as `docker save` and `GET /images/{name}/get` write it, from a stream.

Three forms are known: `<id>/layer.tar` with `manifest.json` (engines before 25), an OCI layout with
`manifest.json` beside it (since), and an OCI layout alone (BuildKit). Contents of files are never kept.
"""

import hashlib
import posixpath
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec
from msgspec import Struct, field

from dckgrade.engine.answers import OutOfReach
from dckgrade.report.decode import parse_json
from dckgrade.report.observation import UnobservableReason

if TYPE_CHECKING:
    from tarfile import TarInfo

ArchiveKind = Literal["saved", "oci", "exported", "other-tar", "not-a-tar", "recoded", "cut", "empty"]
"""
An image that `docker load` takes; an OCI layout, which newer engines take; a container's file system; a tar
of something else; no tar; a text that a terminal wrote in UTF-16; an archive without its end; nothing at all.
"""
Compression = Literal["none", "gzip", "bzip2", "xz"]

MAX_MEMBERS, MAX_UNPACKED_BYTES = 200_000, 1024 * 1024 * 1024
MAX_JSON_BYTES, MAX_JSON_FILES = 4 * 1024 * 1024, 500
MAX_SEARCHED_BYTES = 2 * 1024 * 1024
"""Larger files are not searched for words."""
MAX_BLOB_DEPTH = 3
"""`blobs/sha256/<digest>` is the deepest that a layer lies; deeper tars are somebody's files."""
SNIFFED_BYTES = 512
WHITEOUT_PREFIX, OPAQUE_MARK = ".wh.", ".wh..wh..opq"
UTF16_MARKS = {b"\xff\xfe", b"\xfe\xff"}
MAGIC_BYTES: Mapping[bytes, Compression] = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}
CONTAINER_MARK = ".dockerenv"


class ReadableFile(Protocol):
    """What is read from its beginning to its end."""

    def read(self, size: int = -1, /) -> bytes:
        """Return *size* bytes, fewer at the end alone."""
        ...


class LayerContent(Struct, frozen=True):
    """What one layer adds and hides; paths without a slash before them."""

    paths: tuple[str, ...]
    removed: tuple[str, ...]
    """What it hides of the layers below; of a folder that hides all, the folder with a slash behind it."""
    holders: tuple[str, ...]
    """The files in whose content one of the words stands."""


class SavedImage(Struct, frozen=True, kw_only=True):
    """One image of an archive."""

    config_digest: str
    """`sha256:…` of its settings: the image's id on engines that keep their layers themselves."""
    tags: tuple[str, ...]
    diff_ids: tuple[str, ...]
    """The digests of its layers, unpacked, the lowest first."""
    platform: str
    layers: tuple[LayerContent | None, ...]
    """The lowest first; None: it could not be read, or was not to be."""


class SavedArchive(Struct, frozen=True, kw_only=True):
    """What a file, or an answer of the engine, turned out to be."""

    kind: ArchiveKind
    compression: Compression = "none"
    images: tuple[SavedImage, ...] = ()
    manifest_digests: tuple[str, ...] = ()
    """The digests that its index names: the image's id where containerd keeps the images."""


class PeekedFile:
    """A file whose first bytes have been looked at, and are given again."""

    def __init__(self, file: ReadableFile, size: int = SNIFFED_BYTES) -> None:
        self._file = file
        self.beginning = self._pending = file.read(size)

    def read(self, size: int = -1, /) -> bytes:
        """Return *size* bytes, fewer at the end alone."""
        given, self._pending = (
            (self._pending, b"") if size < 0 else (self._pending[:size], self._pending[size:])
        )
        if size < 0:
            return given + self._file.read()
        return given + self._file.read(size - len(given)) if len(given) < size else given


class Collected(Struct):
    """What has been found on the way through an archive."""

    names: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)
    layers: dict[str, LayerContent | None] = field(default_factory=dict)
    is_container: bool = False
    unpacked_bytes: int = 0


def read_saved_archive(
    file: ReadableFile, words: Collection[bytes] = (), *, with_layers: bool = True
) -> SavedArchive:
    """
    Read an archive up to its end; *words* are looked for in the files of its layers.

    Raises `OutOfReach` for one that is too large to be read, and whatever *file* raises.
    """
    peeked = PeekedFile(file)
    if not peeked.beginning:
        return SavedArchive(kind="empty")
    if peeked.beginning[:2] in UTF16_MARKS:
        return SavedArchive(kind="recoded")
    compression: Compression = next(
        (name for magic, name in MAGIC_BYTES.items() if peeked.beginning.startswith(magic)), "none"
    )
    found = Collected()
    is_whole = True
    try:
        for member, content in iter_members(peeked, found):
            collect_member(found, member, content, words, with_layers=with_layers)
    except list_damage_errors():
        is_whole = False
    if not found.names:
        return SavedArchive(kind="other-tar" if is_whole else "not-a-tar", compression=compression)
    return describe_archive(found, compression, is_whole=is_whole)


def list_damage_errors() -> tuple[type[Exception], ...]:
    """Return what tarfile and its decompressors raise for a damaged archive."""
    import lzma
    import tarfile
    import zlib

    return (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError, ValueError)


def iter_members(file: ReadableFile, found: Collected) -> Iterator[tuple["TarInfo", ReadableFile | None]]:
    """
    Yield the members of a tar, packed or not, with the content of plain files, to be read before the next.
    """
    # Late: few labs look into archives.
    import tarfile

    count = 0
    with tarfile.open(fileobj=file, mode="r|*") as tar:  # type: ignore[call-overload] # it only reads
        while (member := tar.next()) is not None:
            count += 1
            found.unpacked_bytes += member.size
            if count > MAX_MEMBERS or found.unpacked_bytes > MAX_UNPACKED_BYTES:
                raise OutOfReach(UnobservableReason.UNREADABLE, "an archive of too many files")
            yield member, tar.extractfile(member) if member.isreg() else None
            # It would keep a description of each.
            tar.members.clear()


def collect_member(
    found: Collected,
    member: "TarInfo",
    content: ReadableFile | None,
    words: Collection[bytes],
    *,
    with_layers: bool,
) -> None:
    """Note one member of the archive: a document, a layer, or a link to one."""
    name = normalize_path(member.name)
    found.names.add(name)
    found.is_container |= name == CONTAINER_MARK
    if member.issym() or member.islnk():
        base = posixpath.dirname(name) if member.issym() else ""
        found.links[name] = normalize_path(posixpath.join(base, member.linkname))
    if content is None or found.is_container or name.count("/") >= MAX_BLOB_DEPTH:
        return
    peeked = PeekedFile(content)
    if peeked.beginning[:1] in {b"{", b"["}:
        if member.size <= MAX_JSON_BYTES and len(found.documents) < MAX_JSON_FILES:
            found.documents[name] = peeked.read()
    elif with_layers and looks_like_layer(peeked.beginning):
        found.layers[name] = read_layer(peeked, words, found)


def looks_like_layer(beginning: bytes) -> bool:
    """Return whether it begins as a tar does, packed or not; one of no files is zeros alone."""
    is_packed = any(beginning.startswith(magic) for magic in MAGIC_BYTES)
    return is_packed or beginning[257:262] == b"ustar" or (bool(beginning) and not beginning.strip(b"\0"))


def read_layer(file: ReadableFile, words: Collection[bytes], found: Collected) -> LayerContent | None:
    """Return what a layer adds and hides; None where it cannot be read."""
    paths: list[str] = []
    removed: list[str] = []
    holders: list[str] = []
    try:
        for member, content in iter_members(file, found):
            path = normalize_path(member.name)
            folder, _, name = path.rpartition("/")
            if name == OPAQUE_MARK:
                removed.append(f"{folder}/")
            elif name.startswith(WHITEOUT_PREFIX):
                removed.append(posixpath.join(folder, name.removeprefix(WHITEOUT_PREFIX)))
            elif path:
                paths.append(path)
                if content and words and member.size <= MAX_SEARCHED_BYTES and holds_word(content, words):
                    holders.append(path)
    except list_damage_errors():
        return None
    return LayerContent(tuple(paths), tuple(removed), tuple(holders))


def holds_word(content: ReadableFile, words: Collection[bytes]) -> bool:
    """Return whether one of the words stands in a file."""
    whole = content.read()
    return any(word in whole for word in words)


def normalize_path(written: str) -> str:
    """Return a path of an archive without `./`, `..` and slashes around it."""
    return posixpath.normpath(f"/{written}").strip("/")


def describe_archive(found: Collected, compression: Compression, *, is_whole: bool) -> SavedArchive:
    """Tell what the members make together."""
    manifest = decode_document(found, "manifest.json", list)
    index = decode_document(found, "index.json", dict)
    digests = tuple(
        str(entry.get("digest") or "")
        for entry in (index or {}).get("manifests") or []
        if isinstance(entry, dict)
    )
    images = tuple(
        image
        for entry in manifest or []
        if isinstance(entry, dict)
        if (image := describe_image(found, entry))
    )
    kind: ArchiveKind = "other-tar"
    if not is_whole:
        kind = "cut"
    elif images:
        kind = "saved"
    elif found.is_container:
        kind = "exported"
    elif manifest:
        kind = "cut"
    elif digests and "oci-layout" in found.names:
        kind = "oci"
    elif any(name.endswith("/layer.tar") or name.startswith("blobs/sha256/") for name in found.names):
        kind = "cut"  # between two members: the manifest comes last
    return SavedArchive(kind=kind, compression=compression, images=images, manifest_digests=digests)


def decode_document(found: Collected, name: str, wanted: type) -> Any:
    """Return a document of the archive; None where it is missing, or is none of the type that is *wanted*."""
    with suppress(msgspec.DecodeError, RecursionError, UnicodeError, KeyError):
        decoded = parse_json(found.documents[name])
        return decoded if isinstance(decoded, wanted) else None
    return None


def describe_image(found: Collected, entry: Mapping[str, Any]) -> SavedImage | None:
    """Return the image of an entry of `manifest.json`; None where its settings or a layer are missing."""
    config_name = normalize_path(str(entry.get("Config") or ""))
    config = decode_document(found, config_name, dict)
    names = [normalize_path(str(name)) for name in list_texts(entry.get("Layers"))]
    layers = [found.links.get(name, name) for name in names]
    if config is None or not found.names.issuperset(layers):
        return None
    rootfs = config.get("rootfs")
    return SavedImage(
        config_digest=f"sha256:{hashlib.sha256(found.documents[config_name]).hexdigest()}",
        tags=tuple(list_texts(entry.get("RepoTags"))),
        diff_ids=tuple(list_texts(rootfs.get("diff_ids") if isinstance(rootfs, dict) else None)),
        platform="/".join(str(config.get(part) or "?") for part in ("os", "architecture")),
        layers=tuple(found.layers.get(name) for name in layers),
    )


def list_texts(value: Any) -> list[str]:
    """Return the texts of a list; none of what is no list."""
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
