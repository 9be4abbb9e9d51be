"""Read the mounts of an inspect answer, and find the one on which a path lies."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from dckgrade.engine.answers import Json, NotThere
from dckgrade.engine.protocol import Engine

MountType = Literal["volume", "bind", "tmpfs", "none"]
ContainerPath = Annotated[str, Meta(pattern="^(/|\\$[A-Za-z_])[!-~]*$", max_length=200)]
"""An absolute path; `$NAME/…` begins with a variable of the container's environment."""

COMPOSE_LABEL = "com.docker.compose.volume"
ANONYMOUS_PATTERN = re.compile("[0-9a-f]{64}")
_SIZE_PATTERN = re.compile(r"(?:^|,)size=(\d{1,15})([bkmgBKMG]?)")
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_VARIABLE_PATTERN = re.compile(r"\$([A-Za-z_]\w*)(?=/|$)")


FOLDER_BIT, LINK_BIT, PERMISSION_BITS = 1 << 31, 1 << 27, 0o777
"""Of the file modes of Go, in which the engine tells them."""
NOT_PLAIN_BITS = 0x8F280000
"""Folder, link, device, pipe, socket, irregular."""


class MountPoint(Struct, frozen=True, kw_only=True):
    """One mount of a container, as it was asked for."""

    type: MountType
    destination: str
    source: str = ""
    """A volume's name, or a folder or file of the engine's machine."""
    writable: bool = True
    size_bytes: int | None = None

    @property
    def is_anonymous(self) -> bool:
        """Whether it is a volume that Docker named itself."""
        return self.type == "volume" and bool(ANONYMOUS_PATTERN.fullmatch(self.source))


NO_MOUNT = MountPoint(type="none", destination="")


def expand_path(path: str, inspected: Json) -> str:
    """Return *path* with its variable replaced, and without `..`; `NotThere` for one that is not set."""
    found = _VARIABLE_PATTERN.match(path)
    if not found:
        return posixpath.normpath(path)
    entries = (entry.partition("=") for entry in (inspected.get("Config") or {}).get("Env") or [])
    values = {name: value for name, _, value in entries}
    value = str(values.get(found[1], ""))
    if not value.startswith("/"):
        raise NotThere(path)
    return posixpath.normpath(value + path[found.end() :])


def list_mount_points(inspected: Json) -> list[MountPoint]:
    """List the mounts; `--tmpfs` is told elsewhere than the others."""
    host = inspected.get("HostConfig") or {}
    asked = {entry.get("Target"): entry for entry in host.get("Mounts") or []}
    listed = [_read_entry(entry, asked) for entry in inspected.get("Mounts") or []]
    known = {mount.destination for mount in listed}
    temporary = [
        MountPoint(
            type="tmpfs",
            destination=destination,
            writable="ro" not in options.split(","),
            size_bytes=parse_size(options),
        )
        for destination, options in (host.get("Tmpfs") or {}).items()
        if destination not in known
    ]
    return sorted([*listed, *temporary], key=lambda mount: mount.destination)


def _read_entry(entry: Json, asked: Mapping[str | None, Json]) -> MountPoint:
    destination, kind = str(entry.get("Destination") or ""), str(entry.get("Type") or "")
    options = (asked.get(destination) or {}).get("TmpfsOptions") or {}
    return MountPoint(
        type=kind if kind in ("volume", "bind", "tmpfs") else "none",  # type: ignore[arg-type]
        destination=destination,
        source=str((entry.get("Name") if kind == "volume" else entry.get("Source")) or ""),
        writable=bool(entry.get("RW")),
        size_bytes=options.get("SizeBytes") or None,
    )


def parse_size(options: str) -> int | None:
    """Return the bytes of `size=16m` among the options of a tmpfs; None without one."""
    found = _SIZE_PATTERN.search(options)
    return int(found[1]) * _UNITS[found[2].lower()] if found else None


def find_mount_of(path: str, mounts: Iterable[MountPoint]) -> MountPoint:
    """Return the mount on which *path* lies: the longest destination at or above it; else `NO_MOUNT`."""
    fitting = [mount for mount in mounts if is_at_or_below(path, mount.destination)]
    return max(fitting, key=lambda mount: len(mount.destination), default=NO_MOUNT)


def is_at_or_below(path: str, folder: str) -> bool:
    """Return whether *path* is *folder*, or in it."""
    top = posixpath.normpath(folder) if folder else ""
    return bool(top) and (path == top or path.startswith(top.rstrip("/") + "/"))


def inspect_volume_of(engine: Engine, mount: MountPoint) -> Json:
    """Inspect the volume of *mount*; nothing where it is none, or was removed."""
    if mount.type != "volume" or not mount.source:
        return {}
    try:
        return engine.inspect_volume(mount.source)
    except NotThere:
        return {}


def get_own_name(mount: MountPoint, volume: Json) -> str | None:
    """Return the volume's name as a Compose file has it, without the project's before it; else its name."""
    if mount.type != "volume":
        return None
    return (volume.get("Labels") or {}).get(COMPOSE_LABEL) or mount.source


def is_in_memory(mount: MountPoint, volume: Json) -> bool:
    """Return whether what is written there is lost with the last container: a tmpfs, or a volume of one."""
    return mount.type == "tmpfs" or (volume.get("Options") or {}).get("type") == "tmpfs"


def describe_others(mounts: Iterable[MountPoint], apart_from: MountPoint) -> Iterator[str]:
    """Yield the other mounts with a name, as `-v` is given them: `data:/var/lib`; a folder has none."""
    for mount in mounts:
        if mount is not apart_from and not mount.is_anonymous:
            named = mount.source if mount.type == "volume" else mount.type
            yield f"{named}:{mount.destination}"
