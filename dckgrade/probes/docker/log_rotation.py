"""Kind `log-rotation`: the log driver and options that the engine gives every new container."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answer_shapes import CONTAINER, require_shape
from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.docker.daemon_json.rotation import ROTATING_DRIVERS, LogConfig
from dckgrade.probes.support.lookup import convert_to_observation, list_container_names, parse_timestamp
from dckgrade.probes.support.supply import ONCE, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import Unit, ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

MAX_SHOWN_CHARS = 80
MAX_INSPECTED_CONTAINERS = 50
"""Containers that are looked at one by one."""
MAX_TRIED_IMAGES = 3
LOGGER_ERROR = "failed to initialize logging driver: "
RUNTIME_ERROR_PATTERN = compile_lazily(
    r"OCI runtime|create shim|runc|exec format error|no such file or directory"
)
"""What is said of the program, once the log has been opened (20.10 to 28: measured, documented)."""
MAX_QUOTED_CHARS = 300
STOPPED_TOGETHER_S, MIN_STOPPED_TOGETHER = 20.0, 2
"""dockerd stops all containers at once and gives them 15 s; one alone may have stopped for any reason."""


class Trial(Struct, frozen=True):
    """The log settings of a new container, and what the engine made of them."""

    log: LogConfig
    accepted: bool | None = None
    """None: it could not be seen."""
    error: str = ""
    """Why not, in the engine's words."""


class Facts(Struct, frozen=True, kw_only=True):
    """What is in force, by a container that was created and started for this, and removed at once."""

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
    accepted: bool | None
    """Whether a container starts with these settings; null where that could not be tried."""
    rotates: bool
    """Whether containers start with them, and their logs stop growing."""
    program: str
    """Whose words `text` are."""
    text: str | None
    """Why no container starts with these settings, in the engine's own words; null where they do."""
    place: str | None
    """The command that shows it."""
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
    "max_size": Text(fr="taille maximale d'un fichier de logs", en="maximum size of a log file"),
    "max_file": Text(fr="nombre maximal de fichiers de logs", en="maximum number of log files"),
    "accepted": Text(
        fr="réglages de logs acceptés par un conteneur neuf", en="log settings taken by a new container"
    ),
    "rotates": Text(fr="rotation des logs", en="log rotation"),
    "program": Text(fr="programme", en="program"),
    "text": Text(fr="erreur du programme", en="error of the program"),
    "place": Text(fr="où elle se lit", en="where it can be read"),
    "older": Text(fr="conteneurs créés avant la rotation", en="containers made before the rotation"),
    "stopped_together": Text(fr="conteneurs arrêtés en même temps", en="containers that stopped together"),
}


WORDS: Mapping[str, ValueWords] = {
    "max_size": {
        None: Text(fr="sans limite", en="no limit"),
    },
    "max_file": {
        None: Text(fr="sans limite", en="no limit"),
    },
    "rotates": {
        False: Text(
            fr="un nouveau conteneur aurait des logs sans limite de taille",
            en="a new container would have a log of unlimited size",
        ),
    },
}


class LogRotation(Probe, frozen=True, kw_only=True, tag="log-rotation"):
    """Create and start a container, read its log configuration and whether it was taken, remove it."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = False
    cost: ClassVar[Cost] = Cost.ACT
    absent: ClassVar[Text] = Text(
        fr="la configuration des logs d'un nouveau conteneur n'a pas été trouvée",
        en="the log configuration of a new container was not found",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    units: ClassVar[Mapping[str, Unit]] = {"max_size": "bytes"}
    supply: ClassVar[Supply | NotSupplied] = ONCE
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "rotates": DraftedFact(
            {
                True: Text(
                    fr="fait tourner les journaux des nouveaux conteneurs",
                    en="rotates the logs of new containers",
                )
            }
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Where the driver does not rotate there is nothing more to see, and nothing is created."""
        try:
            info = engine.inspect_engine()
            driver = str(info.get("LoggingDriver") or "")
            facts = build_log_rotation_facts(
                driver,
                try_log_settings(engine, driver),
                list(inspect_newest_containers(engine)),
                known=is_known_driver(info, driver),
            )
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("log-rotation", trouble)
        return Seen(kind="log-rotation", facts=msgspec.to_builtins(facts))


def try_log_settings(engine: Engine, driver: str) -> Trial | None:
    """Return what the settings come to in a new container; None where there is no image for one."""
    if not driver:
        raise OutOfReach(UnobservableReason.UNREADABLE, "no log driver")
    if driver not in ROTATING_DRIVERS:
        return Trial(LogConfig(driver))
    # Sorted, since engines list images of one age in a new order each time: one container is enough.
    images = sorted(str(image.get("Id") or "") for image in engine.list_images())
    return read_trial(start_first_possible(engine, images[:MAX_TRIED_IMAGES])) if images else None


def start_first_possible(engine: Engine, images: Sequence[str]) -> Json:
    """Inspect a container of the first image that one can be created of, such as one that is unpacked."""
    *others, last = images
    for image in others:
        try:
            return engine.inspect_started_container(image)
        except NotThere:
            continue
        except OutOfReach as refusal:
            if refusal.why is not UnobservableReason.ENGINE_ERROR:
                raise
    return engine.inspect_started_container(last)


def read_trial(container: Json) -> Trial:
    """
    Read what became of a started container.

    The engine opens the log before it runs anything: whatever else its runtime complains of, such as a
    program that the image lacks, comes after that.
    """
    log = parse_container_log_config(require_shape(container, CONTAINER))
    state = container.get("State") or {}
    error = str(state.get("Error") or "")
    if LOGGER_ERROR in error:
        return Trial(log, accepted=False, error=error.rpartition(LOGGER_ERROR)[2])
    # One that is created without an error was not allowed to start, as by a proxy before the engine.
    has_opened_log = RUNTIME_ERROR_PATTERN.search(error) if error else state.get("Status") != "created"
    return Trial(log, accepted=True if has_opened_log else None)


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
    driver: str, trial: Trial | None, containers: Sequence[Json], *, known: bool
) -> Facts:
    """Write the facts."""
    log, accepted = (trial.log, trial.accepted) if trial else (LogConfig(driver), None)
    error = (trial.error if trial else "") or (log.start_error if accepted is None else None)
    # What Docker has taken it also reads: only a size that is not given never ends.
    has_size = bool(log.size_text) or log.driver == "local" if accepted else bool(log.max_size)
    rotates = trial is not None and log.driver in ROTATING_DRIVERS and has_size and not error
    return Facts(
        tried=trial is not None,
        driver=log.driver[:MAX_SHOWN_CHARS],
        driver_known=known,
        size_text=log.size_text[:MAX_SHOWN_CHARS],
        files_text=log.files_text[:MAX_SHOWN_CHARS],
        max_size=log.max_size,
        max_file=log.max_file,
        accepted=accepted,
        rotates=rotates,
        program="Docker",
        text=mask_secrets(error)[:MAX_QUOTED_CHARS] if error else None,
        place="docker run" if error else None,
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
