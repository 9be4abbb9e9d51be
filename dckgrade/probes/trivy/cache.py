"""Trivy's cache, here or in a container → the database it has downloaded and the layers it has analysed."""

from collections.abc import Callable, Iterator
from typing import Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.support.lookup import names, repository
from dckgrade.probes.trivy.bolt import NotBolt, entries
from dckgrade.report.observation import Why

TOOL = "trivy"
SCANS, DATABASE = "fanal/fanal.db", "db/metadata.json"
IN_CONTAINERS = "/root/.cache/trivy"
CONTAINERS = 3

Covers = Literal["all", "base-only", "another-image", "nothing"]
"""Every layer of the image, the lowest only, layers of others only, none at all."""


class Layer(Struct, frozen=True, rename="pascal"):
    """What `fanal.db` keeps of one layer."""

    diff_i_d: str = msgspec.field(default="", name="DiffID")
    digest: str = ""
    """Of the compressed layer: only where it came from a registry."""


class Cache(Struct, frozen=True, kw_only=True):
    """One cache, and whose it is."""

    container: Json | None
    """The container it is in; None: this machine."""
    read: Callable[[str], bytes]

    @property
    def where(self) -> str:
        """Name the place."""
        return f"~/.cache/{TOOL}" if self.container is None else next(iter(names(self.container)), "")

    def layers(self) -> list[Layer]:
        """List the layers that have been analysed; none where nothing was. May raise `OutOfReach`."""
        try:
            data = self.read(SCANS)
            # One that Trivy has only just made is an empty file.
            return [
                layer
                for path, _, value in (entries(data) if data else ())
                if path == (b"blob",)
                for layer in blob(value)
            ]
        except NotThere:
            return []
        except NotBolt as error:
            raise OutOfReach(Why.UNREADABLE, f"{SCANS}: {error}") from error

    def database(self) -> str | None:
        """Tell when the vulnerability database was downloaded (RFC 3339); None where it was not."""
        try:
            content = msgspec.json.decode(self.read(DATABASE))
            return str(content["DownloadedAt"]) if content.get("Version") else None
        except NotThere:
            return None
        except (msgspec.DecodeError, AttributeError, KeyError, TypeError) as error:
            raise OutOfReach(Why.UNREADABLE, f"{DATABASE}: {error}") from error


def blob(value: bytes) -> Iterator[Layer]:
    """Read one layer; an entry that is none is passed over."""
    try:
        layer = msgspec.json.decode(value, type=Layer)
    except msgspec.DecodeError:
        return
    if layer.diff_i_d:
        yield layer


def here(engine: Engine) -> Cache:
    """Give the cache on this machine."""
    return Cache(container=None, read=lambda name: engine.read_tool_cache(TOOL, name))


def containers(engine: Engine) -> list[Json]:
    """List the containers of Trivy, the newest first."""
    ours = [one for one in engine.list_containers() if repository(str(one.get("Image") or "")) == TOOL]
    return sorted(ours, key=lambda one: one.get("Created") or 0, reverse=True)[:CONTAINERS]


def of_container(engine: Engine, listed: Json) -> Cache:
    """Give the cache in a container of Trivy, which may have ended."""
    ref = str(listed.get("Id") or "")
    return Cache(container=listed, read=lambda name: engine.read_archive(ref, f"{IN_CONTAINERS}/{name}"))


def covers(seen: list[Layer], wanted: list[str]) -> Covers:
    """Compare the layers analysed with those of the image; a base that images share proves nothing."""
    known = {one.diff_i_d for one in seen}
    if wanted and known.issuperset(wanted):
        return "all"
    if known.intersection(wanted):
        return "base-only"
    return "another-image" if known else "nothing"
