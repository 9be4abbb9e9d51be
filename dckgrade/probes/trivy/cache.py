"""Read Trivy's caches, here, in containers and volumes: the downloaded database, the analysed layers."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import PurePosixPath
from typing import Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.lookup import parse_timestamp
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
"""All of the image's layers, and not for another one alone; some of them; those of other images; none."""


class AnalysedLayer(Struct, frozen=True, rename="pascal"):
    """What `fanal.db` keeps of one layer."""

    diff_id: str = msgspec.field(default="", name="DiffID")
    digest: str = ""
    """Of the compressed layer: only where it came from a registry."""


class AnalysedImage(Struct, frozen=True, rename="pascal"):
    """What `fanal.db` keeps of one image, behind its layers and without its name."""

    created: str = ""
    """When it was made (RFC 3339), as its own configuration says: what is built from it is made later."""


class AnalysedScans(Struct, frozen=True, kw_only=True):
    """What a cache has of scans."""

    layers: list[AnalysedLayer]
    images: list[AnalysedImage]


class TrivyCache(Struct, frozen=True, kw_only=True):
    """One folder that is, or may be, a cache of Trivy."""

    place: CachePlace
    location: str
    """The folder, container or volume by its name."""
    read_file: Callable[[str], bytes]

    def list_scans(self) -> AnalysedScans:
        """List the layers and images that were analysed; none where nothing was. May raise `OutOfReach`."""
        try:
            data = self.read_file(SCANS_FILE)
            # One that Trivy has only just made is an empty file.
            entries = read_bolt_entries(data) if data else []
        except NotThere:
            entries = []
        except InvalidBoltDatabase as error:
            raise OutOfReach(UnobservableReason.UNREADABLE, f"{SCANS_FILE}: {error}") from error
        layers = (parse_layer(value) for path, _, value in entries if path == (b"blob",))
        return AnalysedScans(
            layers=[layer for layer in layers if layer],
            images=[parse_image(value) for path, _, value in entries if path == (b"artifact",)],
        )

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


def parse_layer(value: bytes) -> AnalysedLayer | None:
    """Read a layer; None for an entry that is none."""
    try:
        layer = parse_json(value, AnalysedLayer)
    except UNPARSABLE:
        return None
    return layer if layer.diff_id else None


def parse_image(value: bytes) -> AnalysedImage:
    """Read an image; one that does not tell its time has none."""
    try:
        return parse_json(value, AnalysedImage)
    except UNPARSABLE:
        return AnalysedImage()


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


def compare_layers(seen: Sequence[AnalysedLayer], wanted: list[str]) -> LayerCoverage:
    """Compare the layers analysed with those of the image; a base that images share proves nothing."""
    known = {layer.diff_id for layer in seen}
    if wanted and known.issuperset(wanted):
        return "all"
    if known.intersection(wanted):
        return "base-only"
    return "another-image" if known else "nothing"


def compare_scans(scans: AnalysedScans, image: Json) -> LayerCoverage:
    """Compare what was analysed with the image that was inspected: one built from it has all its layers."""
    covered = compare_layers(scans.layers, (image.get("RootFS") or {}).get("Layers") or [])
    created = read_creation_time(str(image.get("Created") or ""))
    times = {read_creation_time(scanned.created) for scanned in scans.images}
    is_of_others = created and times and None not in times and created not in times
    return "another-image" if covered == "all" and is_of_others else covered


def read_creation_time(text: str) -> datetime | None:
    """Read when an image was made; None where that is not said."""
    try:
        made = parse_timestamp(text)
    except OutOfReach:
        return None
    return made if made.year > 1 else None
