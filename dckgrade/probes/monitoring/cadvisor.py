"""Kind `cadvisor`: the container that runs cAdvisor, and whether its version understands this engine."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support import reachability
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation, uptime_s
from dckgrade.probes.support.supply import NotSupplied, Supply, each_container
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

VersionNumbers = tuple[int, ...]

LAST_VERSIONS = {"gcr.io/cadvisor/cadvisor": (0, 49), "google/cadvisor": (0, 33)}
"""Where `latest` has stayed behind: later versions are published elsewhere (cadvisor#3790, moby#43608)."""
SHEET_CONTAINER: Json = {"Config": {"Image": "gcr.io/cadvisor/cadvisor"}, "State": {"Running": True}}
SNAPSHOTTER_TYPE = "io.containerd.snapshotter.v1"


class Facts(Struct, frozen=True, kw_only=True):
    """What is seen of cAdvisor; without a container of it, it does not run."""

    found: bool
    running: bool
    exit_code: int | None
    image: str | None
    version: str | None
    """As the image's tag tells it; null where it does not."""
    engine_version: str | None
    storage_driver: str
    containerd_store: bool
    """Whether the engine keeps its containers in containerd: a layout that older versions cannot read."""
    cgroups: str
    needs: str | None
    """The first version of cAdvisor that understands this engine, where the one here is known not to."""


class Cadvisor(Probe, frozen=True, kw_only=True, tag="cadvisor"):
    """Look for the container called *container*, or that runs cAdvisor."""

    container: ContainerName = "cadvisor"

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur de cAdvisor n'a été trouvé", en="no cAdvisor container was found"
    )
    labels: ClassVar[Mapping[str, Text]] = {
        "found": Text(fr="conteneur de cAdvisor trouvé", en="cAdvisor container found"),
        "running": Text(fr="cAdvisor en marche", en="cAdvisor running"),
        "exit_code": Text(fr="code de sortie", en="exit code"),
        "image": Text(fr="image de cAdvisor", en="cAdvisor image"),
        "version": Text(fr="version de cAdvisor", en="cAdvisor version"),
        "engine_version": Text(fr="version du moteur Docker", en="version of the Docker engine"),
        "storage_driver": Text(fr="pilote de stockage du moteur", en="storage driver of the engine"),
        "containerd_store": Text(fr="conteneurs gardés par containerd", en="containers kept by containerd"),
        "cgroups": Text(fr="version des groupes de contrôle", en="version of control groups"),
        "needs": Text(fr="version de cAdvisor nécessaire", en="version of cAdvisor needed"),
    }
    supply: ClassVar[Supply | NotSupplied] = each_container(repository="cadvisor")
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Find, inspect, and ask the engine how it keeps its containers."""
        try:
            inspected = reachability.inspect_cadvisor(engine, self.container)
            facts = read_cadvisor_facts(inspected, engine.inspect_engine(), engine.engine.version)
            age_s = uptime_s(inspected or {}, engine.now())
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("cadvisor", trouble)
        return Seen(kind="cadvisor", facts=msgspec.to_builtins(facts), age_s=age_s)

    def foresee(self, engine: Engine) -> Observation | None:
        """Without a container, the image of the sheet will run."""
        try:
            inspected = reachability.inspect_cadvisor(engine, self.container) or SHEET_CONTAINER
            facts = read_cadvisor_facts(inspected, engine.inspect_engine(), engine.engine.version)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("cadvisor", trouble)
        return Seen(kind="cadvisor", facts=msgspec.to_builtins(facts))


def read_cadvisor_facts(inspected: Json | None, info: Json, engine_version: str | None) -> Facts:
    """Put the container and the engine beside each other."""
    image = str(((inspected or {}).get("Config") or {}).get("Image") or "") or None
    version = read_image_version(image) if image else None
    cgroups, store = str(info.get("CgroupVersion") or "1"), uses_containerd_store(info)
    state = (inspected or {}).get("State") or {}
    running = reachability.is_running(inspected)
    return Facts(
        found=inspected is not None,
        running=running,
        exit_code=None if running or not state else state.get("ExitCode") or 0,
        image=image,
        version=".".join(map(str, version)) if version else None,
        engine_version=engine_version,
        storage_driver=str(info.get("Driver") or ""),
        containerd_store=store,
        cgroups=cgroups,
        needs=find_needed_version(
            version, parse_version_numbers(engine_version or ""), store=store, cgroups=cgroups
        )
        if version
        else None,
    )


def read_image_version(image: str) -> VersionNumbers | None:
    """Return the version by the tag, and for `latest` by where the image is from."""
    name, _, tag = (
        image.partition("@")[0].rpartition(":") if ":" in image.rpartition("/")[2] else (image, "", "")
    )
    found = parse_version_numbers(tag)
    if found or tag not in {"", "latest"}:
        return found or None
    return next(
        (last for place, last in LAST_VERSIONS.items() if name.removeprefix("docker.io/") == place), None
    )


def parse_version_numbers(text: str) -> VersionNumbers:
    """Read `v0.49.1` or `29.0.2-rc.1` as far as it is numbers."""
    found = re.match(r"v?(\d{1,4})\.(\d{1,4})", text)
    return tuple(map(int, found.groups())) if found else ()


def uses_containerd_store(info: Json) -> bool:
    """Return whether containers are kept by containerd's snapshotters (`/info`, DriverStatus)."""
    status = info.get("DriverStatus") or []
    return any(SNAPSHOTTER_TYPE in map(str, pair or ()) for pair in status)


def find_needed_version(
    cadvisor: VersionNumbers, engine_version: VersionNumbers, *, store: bool, cgroups: str
) -> str | None:
    """Name the version that would do, for pairs known not to (cadvisor#3643, #3790; moby#43608)."""
    if store and cadvisor < (0, 54):
        return "0.54.0"
    # Docker 29.0 to 29.2 refuse clients older than API 1.44; 29.3 takes them again.
    if (29, 0) <= engine_version < (29, 3) and cadvisor < (0, 52):
        return "0.52.0"
    return "0.40.0" if cgroups == "2" and cadvisor < (0, 35) else None
