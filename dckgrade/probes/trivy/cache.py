"""Read Trivy's cache, here or in a container: the downloaded database and the analysed layers."""

from collections.abc import Callable, Iterator
from typing import Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.lookup import get_repository_name, list_container_names
from dckgrade.probes.trivy.bolt import InvalidBoltDatabase, read_bolt_entries
from dckgrade.report.decode import parse_json
from dckgrade.report.observation import UnobservableReason

TRIVY_NAME = "trivy"
SCANS_FILE, DATABASE_METADATA_FILE = "fanal/fanal.db", "db/metadata.json"
CONTAINER_CACHE_FOLDER = "/root/.cache/trivy"
MAX_CONTAINERS = 3

LayerCoverage = Literal["all", "base-only", "another-image", "nothing"]
"""Every layer of the image, the lowest only, layers of others only, none at all."""


class AnalysedLayer(Struct, frozen=True, rename="pascal"):
    """What `fanal.db` keeps of one layer."""

    diff_id: str = msgspec.field(default="", name="DiffID")
    digest: str = ""
    """Of the compressed layer: only where it came from a registry."""


class TrivyCache(Struct, frozen=True, kw_only=True):
    """One cache, and whose it is."""

    container: Json | None
    """The container it is in; None: this machine."""
    read_file: Callable[[str], bytes]

    @property
    def location(self) -> str:
        """Name the place."""
        return (
            f"~/.cache/{TRIVY_NAME}"
            if self.container is None
            else next(iter(list_container_names(self.container)), "")
        )

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
        """Return when the vulnerability database was downloaded (RFC 3339); None where it was not."""
        try:
            content = parse_json(self.read_file(DATABASE_METADATA_FILE))
            return str(content["DownloadedAt"]) if content.get("Version") else None
        except NotThere:
            return None
        except (msgspec.DecodeError, AttributeError, KeyError, TypeError) as error:
            raise OutOfReach(UnobservableReason.UNREADABLE, f"{DATABASE_METADATA_FILE}: {error}") from error


def parse_layer(value: bytes) -> Iterator[AnalysedLayer]:
    """Yield the layer; nothing for an entry that is none."""
    try:
        layer = parse_json(value, AnalysedLayer)
    except msgspec.DecodeError:
        return
    if layer.diff_id:
        yield layer


def open_local_cache(engine: Engine) -> TrivyCache:
    """Return the cache on this machine."""
    return TrivyCache(container=None, read_file=lambda name: engine.read_tool_cache(TRIVY_NAME, name))


def list_trivy_containers(engine: Engine) -> list[Json]:
    """List the containers of Trivy, the newest first."""
    ours = [
        entry
        for entry in engine.list_containers()
        if get_repository_name(str(entry.get("Image") or "")) == TRIVY_NAME
    ]
    return sorted(ours, key=lambda entry: entry.get("Created") or 0, reverse=True)[:MAX_CONTAINERS]


def open_container_cache(engine: Engine, listed: Json) -> TrivyCache:
    """Return the cache in a container of Trivy, which may have ended."""
    ref = str(listed.get("Id") or "")
    return TrivyCache(
        container=listed, read_file=lambda name: engine.read_archive(ref, f"{CONTAINER_CACHE_FOLDER}/{name}")
    )


def compare_layers(seen: list[AnalysedLayer], wanted: list[str]) -> LayerCoverage:
    """Compare the layers analysed with those of the image; a base that images share proves nothing."""
    known = {layer.diff_id for layer in seen}
    if wanted and known.issuperset(wanted):
        return "all"
    if known.intersection(wanted):
        return "base-only"
    return "another-image" if known else "nothing"
