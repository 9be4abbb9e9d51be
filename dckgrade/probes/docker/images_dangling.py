"""Kind `images-dangling`: images that have no name, and on which nothing is built."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import convert_to_observation, list_container_names
from dckgrade.probes.support.supply import ONCE, NotSupplied, Supply
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

MAX_NAMES = 10


class Facts(Struct, frozen=True, kw_only=True):
    """
    What `docker images --filter dangling=true` lists.

    They are earlier builds whose name went to a later one, builds without a name, failed builds, and, with
    the builder before BuildKit, the last stage but one of a build in several stages: that is no mistake.
    """

    count: int
    bytes: int
    """Their sizes together; layers that they share are counted each time."""
    in_use: int
    """Of how many of them there is a container: `docker image prune` spares these."""
    used_by: list[str]
    """Those containers, running or not."""


LABELS: Mapping[str, Text] = {
    "count": Text(fr="images sans nom", en="images without a name"),
    "bytes": Text(fr="taille des images sans nom", en="size of the images without a name"),
    "in_use": Text(fr="images sans nom utilisées", en="images without a name in use"),
    "used_by": Text(
        fr="conteneurs qui utilisent une image sans nom", en="containers that use an image without a name"
    ),
}


class ImagesDangling(Probe, frozen=True, kw_only=True, tag="images-dangling"):
    """Count the images without a name."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.LIST
    absent: ClassVar[Text] = Text(fr="rien n'a été trouvé", en="nothing was found")
    labels: ClassVar[Mapping[str, Text]] = LABELS
    supply: ClassVar[Supply | NotSupplied] = ONCE
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """List them, and the containers."""
        try:
            dangling = {str(entry["Id"]): entry for entry in engine.list_dangling_images()}
            users = list_users(engine, dangling)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("images-dangling", trouble)
        facts = Facts(
            count=len(dangling),
            bytes=sum(entry.get("Size") or 0 for entry in dangling.values()),
            in_use=len(set(users.values())),
            used_by=sorted(users)[:MAX_NAMES],
        )
        return Seen(kind="images-dangling", facts=msgspec.to_builtins(facts))


def list_users(engine: Engine, dangling: Mapping[str, Json]) -> dict[str, str]:
    """Return each container that was made from one of the images, with that image's id."""
    found = {
        name: str(entry.get("ImageID") or "")
        for entry in engine.list_containers()
        for name in list_container_names(entry)[:1]
    }
    return {name: image for name, image in found.items() if image in dangling}
