"""Kind `image`: an image by its name, and whether it is the version that its tag says."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.support.supply import EACH_IMAGE, DraftedFact, NotSupplied, Supply
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

VERSION_PATTERN = compile_lazily(r"\d{1,4}(\.\d{1,4}){0,3}")


class Facts(Struct, frozen=True, kw_only=True):
    """What the engine says of the image."""

    name: str
    version: str
    """What its *version_in* says; empty where it says no version."""
    is_really: str
    """The version, else another of its tags, else its short id: what it may be called in a sentence."""
    layers: int


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom de l'image", en="image name"),
    "version": Text(fr="version annoncée par l'image", en="version stated by the image"),
    "is_really": Text(fr="contenu réel de l'image", en="real content of the image"),
    "layers": Text(fr="nombre de couches", en="number of layers"),
}


class Image(Probe, frozen=True, kw_only=True, tag="image"):
    """Look at the image called *name*; *version_in* is the one variable of its environment that is read."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9._-]+)?$")]
    version_in: Annotated[str, Meta(pattern="^[A-Z][A-Z0-9_]*_VERSION$")] | None = None

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.LIST
    absent: ClassVar[Text] = Text(
        fr="aucune image nommée {asked} n'a été trouvée", en="no image named {asked} was found"
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    supply: ClassVar[Supply | NotSupplied] = EACH_IMAGE
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "name": DraftedFact(Text(fr="existe", en="exists"), existence=True),
    }
    example: ClassVar[Mapping[str, Any]] = {"name": "nginx:1.17"}

    def observe(self, engine: Engine) -> Observation:
        """Inspect it."""
        try:
            found = engine.inspect_image(self.name)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("image", trouble)
        environment = [str(entry).partition("=") for entry in (found.get("Config") or {}).get("Env") or []]
        version = next((value for key, _, value in environment if key == self.version_in), "")
        version = version if VERSION_PATTERN.fullmatch(version) else ""
        others = [str(tag) for tag in found.get("RepoTags") or [] if tag != self.name]
        program = self.name.rpartition("/")[2].partition(":")[0]
        facts = Facts(
            name=self.name,
            version=version,
            is_really=f"{program} {version}" if version else [*others, str(found.get("Id"))[7:19]][0],
            layers=len((found.get("RootFS") or {}).get("Layers") or []),
        )
        return Seen(kind="image", facts=msgspec.to_builtins(facts))
