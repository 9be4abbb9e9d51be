"""Read Trivy's caches, here, in containers and volumes: the downloaded database, the analysed layers."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.trivy.bolt import InvalidBoltDatabase, read_bolt_entries
from dckgrade.probes.trivy.containers import TRIVY_NAME, TrivyContainer
from dckgrade.report.decode import parse_json
from dckgrade.report.observation import UnobservableReason

SCANS_FILE, DATABASE_METADATA_FILE = "fanal/fanal.db", "db/metadata.json"
VOLUME_FOLDERS = ("", f"{TRIVY_NAME}/", f".cache/{TRIVY_NAME}/")
"""Where the cache is in a volume that was mounted as Trivy's folder, as the one above, or as the home."""

UNPARSABLE = (msgspec.DecodeError, UnicodeError, RecursionError)

CachePlace = Literal["machine", "container", "volume"]
LayerCoverage = Literal["all", "base-only", "another-image", "nothing"]
"""Every layer of the image, the lowest only, layers of others only, none at all."""


class AnalysedLayer(Struct, frozen=True, rename="pascal"):
    """What `fanal.db` keeps of one layer."""

    diff_id: str = msgspec.field(default="", name="DiffID")
    digest: str = ""
    """Of the compressed layer: only where it came from a registry."""


class TrivyCache(Struct, frozen=True, kw_only=True):
    """One folder that is, or may be, a cache of Trivy."""

    place: CachePlace
    location: str
    """The folder, container or volume by its name."""
    read_file: Callable[[str], bytes]

    def list_layers(self) -> list[AnalysedLayer]:
        """List the layers that have been analysed; none where nothing was. May raise `OutOfReach`."""
        try:
            data = self.read_file(SCANS_FILE)
            # One that Trivy has only just made is an empty file.
            return [
                layer
                for path, _, value in (read_bolt_entries(data) if data else ())
                if path == (b"blob",)
                for layer in parse_layer(value)
            ]
        except NotThere:
            return []
        except InvalidBoltDatabase as error:
            raise OutOfReach(UnobservableReason.UNREADABLE, f"{SCANS_FILE}: {error}") from error

    def find_download_time(self) -> str | None:
        """Return when the database was downloaded (RFC 3339, or '' if unknown); None where it was not."""
        try:
            content = parse_json(self.read_file(DATABASE_METADATA_FILE))
            if not content.get("Version"):
                return None
            # Until Trivy 0.18 it did not say when the database was downloaded, only of when it is.
            return str(content.get("DownloadedAt") or content.get("UpdatedAt") or "")
        except NotThere:
            return None
        except (*UNPARSABLE, AttributeError) as error:
            raise OutOfReach(UnobservableReason.UNREADABLE, f"{DATABASE_METADATA_FILE}: {error}") from error


def parse_layer(value: bytes) -> Iterator[AnalysedLayer]:
    """Yield the layer; nothing for an entry that is none."""
    try:
        layer = parse_json(value, AnalysedLayer)
    except UNPARSABLE:
        return
    if layer.diff_id:
        yield layer


def open_local_caches(engine: Engine) -> list[TrivyCache]:
    """Return the caches on this machine."""
    return [
        TrivyCache(
            place="machine",
            location=folder,
            read_file=partial(engine.read_tool_cache, TRIVY_NAME, folder),
        )
        for folder in engine.list_cache_folders(TRIVY_NAME)
    ]


def open_container_caches(engine: Engine, container: TrivyContainer) -> list[TrivyCache]:
    """Return the caches in a container of Trivy, which may have ended."""
    return [
        TrivyCache(
            place="container",
            location=container.name,
            read_file=partial(read_container_file, engine, container.ref, folder),
        )
        for folder in container.list_cache_folders()
    ]


def open_volume_caches(engine: Engine, volume: Json) -> list[TrivyCache]:
    """Return the caches in a volume, which a container that is gone may have filled."""
    place = str(volume.get("Mountpoint") or "")
    return [
        TrivyCache(
            place="volume",
            location=str(volume["Name"]),
            read_file=partial(read_volume_file, engine, place, below),
        )
        for below in VOLUME_FOLDERS
        if place
    ]


def read_container_file(engine: Engine, ref: str, folder: PurePosixPath, name: str) -> bytes:
    """Read a file in a folder of a container."""
    return engine.read_archive(ref, str(folder / name))


def read_volume_file(engine: Engine, mountpoint: str, below: str, name: str) -> bytes:
    """Read a file in a folder of a volume."""
    return engine.read_volume_file(mountpoint, below + name)


def compare_layers(seen: list[AnalysedLayer], wanted: list[str]) -> LayerCoverage:
    """Compare the layers analysed with those of the image; a base that images share proves nothing."""
    known = {layer.diff_id for layer in seen}
    if wanted and known.issuperset(wanted):
        return "all"
    if known.intersection(wanted):
        return "base-only"
    return "another-image" if known else "nothing"
