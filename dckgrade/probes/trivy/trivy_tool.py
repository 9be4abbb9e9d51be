"""Kind `trivy-tool`: Trivy as a program, an image or a container."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import WORKDIR
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.support.supply import NotSupplied, Supply
from dckgrade.probes.trivy.cache import (
    DATABASE_METADATA_FILE,
    SCANS_FILE,
    TrivyCache,
)
from dckgrade.probes.trivy.containers import TRIVY_NAME, list_trivy_containers, list_trivy_images
from dckgrade.probes.trivy.traces import TraceSearch
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Absent, Observation, Seen
from dckgrade.report.text import Text

TrivyWay = Literal["program", "image", "container", "cache", "report"]


OLDER_KEY = "trivy-tool"


class Facts(Struct, frozen=True, kw_only=True):
    """In which ways Trivy is there."""

    ways: list[TrivyWay]
    """
    A program; an image on the engine; a container; a cache (in a volume too) or a report shows it was there.
    """


LABELS: Mapping[str, Text] = {
    "ways": Text(fr="formes sous lesquelles Trivy est présent", en="ways in which Trivy is present"),
}


WORDS: Mapping[str, ValueWords] = {
    "ways": {
        "program": Text(fr="programme installé", en="installed program"),
        "image": Text(fr="image", en="image"),
        "container": Text(fr="conteneur", en="container"),
        "cache": Text(fr="cache", en="cache"),
        "report": Text(fr="rapport", en="report"),
        (): Text(fr="aucune", en="none"),
    },
}


class TrivyTool(Probe, frozen=True, kw_only=True, tag="trivy-tool"):
    """Look for Trivy; a report shows that it was there, here or on a machine that is not seen."""

    image: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9._-]+)?$")]

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(fr="Trivy n'a été trouvé nulle part", en="Trivy was not found anywhere")
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR,)
    supply: ClassVar[Supply | NotSupplied] = NotSupplied("which image was scanned is chosen by the lab")
    example: ClassVar[Mapping[str, Any]] = {"image": "nginx:1.17"}

    def observe(self, engine: Engine) -> Observation:
        """Look everywhere; it is absent when it is nowhere."""
        try:
            found = list(find_trivy_ways(engine, self.image))
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("trivy-tool", trouble)
        facts = Facts(ways=found)
        if not found:
            return Absent(kind="trivy-tool")
        return Seen(kind="trivy-tool", facts=msgspec.to_builtins(facts))

    def recall(self, recorded: Mapping[str, Observation]) -> Observation | None:
        """Older recordings know of no image, and saw neither caches nor reports: what they saw counts."""
        seen = super().recall(recorded)
        return seen or next(
            (old for key, old in recorded.items() if key == OLDER_KEY and isinstance(old, Seen)), None
        )


def find_trivy_ways(engine: Engine, image: str) -> Iterator[TrivyWay]:
    """Yield the ways in which Trivy is there; `OutOfReach` if none is seen and the PATH cannot be read."""
    hidden: OutOfReach | None = None
    try:
        if engine.has_program(TRIVY_NAME):
            yield "program"
    except OutOfReach as trouble:
        hidden = trouble
    if has_image := bool(list_trivy_images(engine)):
        yield "image"
    if has_container := bool(list_trivy_containers(engine)):
        yield "container"
    if hidden and not (has_image or has_container):
        raise hidden
    search = TraceSearch(engine, image)
    caches = (cache for cache in search.iter_caches() if cache.place != "container")
    if any(is_cache_filled(cache) for cache in caches):
        yield "cache"
    if any(report.fault not in {"forged", "damaged"} for _, report in search.reports):
        yield "report"


def is_cache_filled(cache: TrivyCache) -> bool:
    """Return whether a cache has a database, or layers that were analysed."""
    for name in (DATABASE_METADATA_FILE, SCANS_FILE):
        with suppress(NotThere, OutOfReach):
            cache.read_file(name)
            return True
    return False
