"""Kind `log-rotation`: the log driver and options that the engine gives every new container."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answer_shapes import CONTAINER, require_shape
from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.docker.daemon_json.rotation import ROTATING_DRIVERS, LogConfig
from dckgrade.probes.support.lookup import convert_to_observation, list_container_names, parse_timestamp
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

MAX_SHOWN_CHARS = 80
MAX_INSPECTED_CONTAINERS = 50
"""Containers that are looked at one by one."""
STOPPED_TOGETHER_S, MIN_STOPPED_TOGETHER = 20.0, 2
"""dockerd stops all containers at once and gives them 15 s; one alone may have stopped for any reason."""


class Facts(Struct, frozen=True, kw_only=True):
    """What is in force, by a container that was created for this and never started."""

    tried: bool
    """False where there is no image of which a container could be made: nothing is known of the options."""
    driver: str
    driver_known: bool
    """Whether this engine has such a driver, or a plugin of that name may be one."""
    size_text: str
    """`max-size` as it is in force; empty where it is not set."""
    files_text: str
    """`max-file` likewise."""
    max_size: int | None
    """In bytes; null: none, or it cannot be read."""
    max_file: int | None
    """How many files are kept; null where it cannot be read."""
    rotates: bool
    older: list[str]
    """Running containers without rotation that was in force when they were made."""
    stopped_together: list[str]
    """Containers that ended within seconds of each other, as when Docker is restarted."""


LABELS: Mapping[str, Text] = {
    "tried": Text(fr="essai sur un conteneur neuf", en="tried on a new container"),
    "driver": Text(fr="pilote de logs", en="log driver"),
    "driver_known": Text(fr="pilote de logs connu du moteur", en="log driver known to the engine"),
    "size_text": Text(fr="taille maximale écrite", en="maximum size as written"),
    "files_text": Text(fr="nombre de fichiers écrit", en="number of files as written"),
    "max_size": Text(
        fr="taille maximale d'un fichier de logs (octets)", en="maximum size of a log file (bytes)"
    ),
    "max_file": Text(fr="nombre maximal de fichiers de logs", en="maximum number of log files"),
    "rotates": Text(fr="rotation des logs", en="log rotation"),
    "older": Text(fr="conteneurs créés avant la rotation", en="containers made before the rotation"),
    "stopped_together": Text(fr="conteneurs arrêtés en même temps", en="containers that stopped together"),
}


class LogRotation(Probe, frozen=True, kw_only=True, tag="log-rotation"):
    """Create a container, never start it, read the log configuration that it was given, remove it."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = False
    cost: ClassVar[Cost] = Cost.ACT
    absent: ClassVar[Text] = Text(
        fr="la configuration des logs d'un nouveau conteneur n'a pas été trouvée",
        en="the log configuration of a new container was not found",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Where the driver does not rotate there is nothing more to see, and nothing is created."""
        try:
            info = engine.inspect_engine()
            driver = str(info.get("LoggingDriver") or "")
            log = read_effective_log_config(engine, driver)
            known = is_known_driver(info, driver)
            facts = build_log_rotation_facts(
                log or LogConfig(driver),
                list(inspect_newest_containers(engine)),
                known=known,
                tried=log is not None,
            )
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("log-rotation", trouble)
        return Seen(kind="log-rotation", facts=msgspec.to_builtins(facts))


def read_effective_log_config(engine: Engine, driver: str) -> LogConfig | None:
    """Return the log settings of a new container; None where there is no image to create one from."""
    if not driver:
        raise OutOfReach(UnobservableReason.UNREADABLE, "no log driver")
    if driver not in ROTATING_DRIVERS:
        return LogConfig(driver)
    # Sorted, since engines list images of one age in a new order each time: one container is enough.
    images = sorted(str(image.get("Id") or "") for image in engine.list_images())
    if not images:
        return None
    return parse_container_log_config(require_shape(engine.inspect_new_container(images[0]), CONTAINER))


def parse_container_log_config(container: Json) -> LogConfig:
    """Read the log configuration of a container."""
    config = (container.get("HostConfig") or {}).get("LogConfig") or {}
    options: Mapping[str, object] = config.get("Config") or {}
    return LogConfig(str(config.get("Type") or ""), {name: str(value) for name, value in options.items()})


def is_known_driver(info: Json, driver: str) -> bool:
    """Return whether the engine has that driver; true for a plugin, which it may not list."""
    listed = (info.get("Plugins") or {}).get("Log") or [driver]
    return driver in {*listed, "none"} or "/" in driver or ":" in driver


def inspect_newest_containers(engine: Engine) -> Iterator[Json]:
    """Yield the inspected containers, the newest first; those removed meanwhile are left out."""
    listed = sorted(engine.list_containers(), key=lambda entry: entry.get("Created") or 0, reverse=True)
    for entry in listed[:MAX_INSPECTED_CONTAINERS]:
        try:
            yield {
                **engine.inspect_container(str(entry.get("Id") or "")),
                "Names": list_container_names(entry),
            }
        except NotThere:
            continue


def build_log_rotation_facts(
    log: LogConfig, containers: Sequence[Json], *, known: bool, tried: bool
) -> Facts:
    """Write the facts."""
    rotates = tried and log.rotates
    return Facts(
        tried=tried,
        driver=log.driver[:MAX_SHOWN_CHARS],
        driver_known=known,
        size_text=log.size_text[:MAX_SHOWN_CHARS],
        files_text=log.files_text[:MAX_SHOWN_CHARS],
        max_size=log.max_size,
        max_file=log.max_file,
        rotates=rotates,
        older=[get_first_name(container) for container in containers if predates_rotation(container)]
        if rotates
        else [],
        stopped_together=find_stopped_together(containers),
    )


def predates_rotation(container: Json) -> bool:
    """Return whether it runs with Docker's default log settings, made before those in force now."""
    running = (container.get("State") or {}).get("Running")
    log = parse_container_log_config(container)
    return bool(running) and log.driver == "json-file" and not log.size_text


def find_stopped_together(containers: Sequence[Json]) -> list[str]:
    """Name the containers of the latest moment at which several ended."""
    ended = sorted(
        ((at, get_first_name(container)) for container in containers if (at := get_ended_at(container))),
        key=lambda ending: ending[0],
        reverse=True,
    )
    for latest, _ in ended:
        group = [name for at, name in ended if 0 <= (latest - at).total_seconds() <= STOPPED_TOGETHER_S]
        if len(group) >= MIN_STOPPED_TOGETHER:
            return sorted(group)
    return []


def get_ended_at(container: Json) -> datetime | None:
    """Return when it ended; None if it runs or never ran."""
    state = container.get("State") or {}
    return parse_timestamp(str(state.get("FinishedAt"))) if state.get("Status") == "exited" else None


def get_first_name(container: Json) -> str:
    """Return its name."""
    return next(iter(container.get("Names") or []), "")
