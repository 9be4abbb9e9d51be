"""Kind `trivy-tool`: Trivy as a program, an image or a container."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import convert_to_observation, get_repository_name
from dckgrade.probes.trivy.cache import SCANS_FILE, TRIVY_NAME, list_trivy_containers
from dckgrade.report.observation import Absent, Observation, Seen
from dckgrade.report.text import Text

TrivyWay = Literal["program", "image", "container", "cache"]


class Facts(Struct, frozen=True, kw_only=True):
    """In which ways Trivy is there."""

    ways: list[TrivyWay]
    """On the PATH; as an image on the engine; as a container; or a cache shows that it was there."""


LABELS: Mapping[str, Text] = {
    "ways": Text(fr="formes sous lesquelles Trivy est présent", en="ways in which Trivy is present"),
}


class TrivyTool(Probe, frozen=True, kw_only=True, tag="trivy-tool"):
    """Look for Trivy."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(fr="Trivy n'a été trouvé nulle part", en="Trivy was found nowhere")
    labels: ClassVar[Mapping[str, Text]] = LABELS
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Look everywhere; it is absent when it is nowhere."""
        try:
            found = list(find_trivy_ways(engine))
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("trivy-tool", trouble)
        facts = Facts(ways=found)
        if not found:
            return Absent(kind="trivy-tool")
        return Seen(kind="trivy-tool", facts=msgspec.to_builtins(facts))


def find_trivy_ways(engine: Engine) -> Iterator[TrivyWay]:
    """Yield the ways in which Trivy is there; `OutOfReach` if none is seen and the PATH cannot be read."""
    hidden: OutOfReach | None = None
    try:
        if engine.has_program(TRIVY_NAME):
            yield "program"
    except OutOfReach as trouble:
        hidden = trouble
    tags = [str(tag) for image in engine.list_images() for tag in image.get("RepoTags") or []]
    if image := any(get_repository_name(tag) == TRIVY_NAME for tag in tags):
        yield "image"
    if container := bool(list_trivy_containers(engine)):
        yield "container"
    if hidden and not (image or container):
        raise hidden
    try:
        engine.read_tool_cache(TRIVY_NAME, SCANS_FILE)
        yield "cache"
    except (NotThere, OutOfReach):
        return
