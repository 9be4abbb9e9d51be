"""Kind `container`: a container's state, found by its name, label, a similar name or its image."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.engine.redaction.words import mask_words
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.docker.image_names import (
    ENGINE_MADE_NAME,
    list_image_names,
    matches_image,
    runs_own_command,
)
from dckgrade.probes.support import value_words
from dckgrade.probes.support.lookup import (
    NO_SUCH_CONTAINER,
    RESTING_STATES,
    STEADY_AFTER_RESTART_S,
    STEADY_AFTER_START_S,
    ContainerName,
    FoundBy,
    FoundContainer,
    convert_to_observation,
    find_container,
    uptime_s,
)
from dckgrade.probes.support.supply import DraftedFact, NotSupplied, Supply, each_container
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

ContainerStatus = Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]


class Mount(Struct, frozen=True):
    """One mount. The source of a bind is left out: it is a path of the trainee's machine."""

    type: str
    destination: str
    named: bool
    """A volume that the trainee named, or a bind; an image's own anonymous volume is not."""
    writable: bool


class Facts(Struct, frozen=True, kw_only=True):
    """What is seen of a container."""

    id: str
    name: str
    found_by: FoundBy
    """name, label (Compose or Swarm service), near-miss (within two edits), arguments (`--name` was given to
    the program, after the image), image (only the image fits)."""
    others: int
    """How many further containers fitted equally."""
    image: str
    """The image as it was asked for: `nginx:1.27`."""
    image_names: list[str]
    """The same, and, where that is an id or does not fit, every tag of that image."""
    image_fits: bool | None
    """Whether one of those is what the lab asked for, or an image of one's own that starts that program; null
    when it asked for none."""
    status: ContainerStatus
    """As `docker ps -a` says it."""
    stable: bool
    """Not about to change by itself: running for two seconds, ten if restarted; or stopped, or paused."""
    exit_code: int
    """Of its last end; 0 while it has never ended."""
    oom_killed: bool
    """The kernel killed it for its memory."""
    error: str
    """The engine's own error at the start, secrets masked; empty when there was none."""
    restart_count: int
    """How often the engine has started it anew."""
    restart_policy: str
    """no, always, on-failure or unless-stopped."""
    health: str | None
    """starting, healthy or unhealthy; null without a health check."""
    command: list[str]
    """The arguments given after the image's name, secrets masked."""
    own_command: bool | None
    """Of a container that does not simply run: whether that is the command that its image brings."""
    env_names: list[str]
    """Names of the environment variables; values are never kept."""
    env_empty: list[str]
    """Names of the variables that are set to nothing."""
    mounts: list[Mount]
    networks: list[str]
    """Names of the networks that it is attached to."""
    network_mode: str
    """bridge, host, none, `container:…`, or a network's name; engines before 26 say default for bridge."""
    log_tail: str | None
    """The last lines of a container that does not simply run; null for one that does."""


LABELS: Mapping[str, Text] = {
    "id": Text(fr="identifiant du conteneur", en="container id"),
    "name": Text(fr="nom du conteneur", en="container name"),
    "found_by": Text(fr="nom trouvé", en="name found"),
    "others": Text(fr="nombre d'autres conteneurs possibles", en="number of other possible containers"),
    "image": Text(fr="image du conteneur", en="container image"),
    "image_names": Text(fr="noms de l'image", en="image names"),
    "image_fits": Text(fr="image du TP", en="image of the lab"),
    "status": Text(fr="état du conteneur", en="container state"),
    "stable": Text(fr="état stable", en="stable state"),
    "exit_code": Text(fr="code de sortie", en="exit code"),
    "oom_killed": Text(fr="tué par manque de mémoire", en="killed for lack of memory"),
    "error": Text(fr="erreur du moteur au démarrage", en="engine error at the start"),
    "restart_count": Text(fr="nombre de redémarrages", en="number of restarts"),
    "restart_policy": Text(fr="politique de redémarrage", en="restart policy"),
    "health": Text(fr="état de santé", en="health"),
    "command": Text(fr="arguments donnés après l'image", en="arguments after the image"),
    "own_command": Text(fr="commande de l'image", en="command of the image"),
    "env_names": Text(fr="variables d'environnement", en="environment variables"),
    "env_empty": Text(fr="variables d'environnement vides", en="empty environment variables"),
    "mounts": Text(fr="montages", en="mounts"),
    "networks": Text(fr="réseaux du conteneur", en="container networks"),
    "network_mode": Text(fr="mode réseau", en="network mode"),
    "log_tail": Text(fr="dernières lignes des logs", en="last lines of the log"),
}


WORDS: Mapping[str, ValueWords] = {
    "exit_code": value_words.EXIT_CODE,
    "found_by": {
        **value_words.FOUND_BY,
        "arguments": Text(
            fr="{name}, choisi par Docker : c'est le programme qui a reçu « {command} »",
            en="{name}, chosen by Docker: it is the program that received “{command}”",
        ),
    },
    "status": value_words.CONTAINER_STATUS,
    "stable": value_words.STABLE,
    "health": value_words.HEALTH,
    "restart_policy": value_words.RESTART_POLICY,
    "network_mode": value_words.NETWORK_MODE,
    "image_fits": {
        False: Text(
            fr="l'image est {image} : ce n'est pas celle du TP",
            en="the image is {image}: not the one of the lab",
        ),
    },
    "oom_killed": {
        True: Text(
            fr="le noyau a tué le conteneur par manque de mémoire",
            en="the kernel killed the container for lack of memory",
        ),
    },
    "env_names": value_words.NO_ELEMENT_FEMININE,
    "env_empty": value_words.NO_ELEMENT_FEMININE,
}


class Container(Probe, frozen=True, kw_only=True, tag="container"):
    """Look for the container *name*; *image* (a repository such as nginx) finds it under another name."""

    name: ContainerName
    image: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9._-]*$")] | None = None

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.LIST
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = each_container("name")
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "status": DraftedFact(
            {
                "running": Text(fr="tourne", en="runs"),
                "exited": Text(fr="est arrêté", en="has stopped"),
                "paused": Text(fr="est en pause", en="is paused"),
            }
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {"name": "dbserver", "image": "postgres"}

    def observe(self, engine: Engine) -> Observation:
        """List, then inspect; the log is read only when the container is not simply running."""
        subject: FoundContainer | None = None
        try:
            subject = find_container(engine, self.name, self.image)
            inspected = engine.inspect_container(subject.id)
            facts = read_container_facts(inspected, subject, self.image, engine)
            age_s = uptime_s(inspected, engine.now())
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("container", trouble, subject)
        return Seen(kind="container", facts=msgspec.to_builtins(facts), age_s=age_s)


def read_container_facts(
    inspected: Json, subject: FoundContainer, wanted_image: str | None, engine: Engine
) -> Facts:
    """Read the facts out of an inspect answer (engines 20.10 to 29: missing and null mean the same)."""
    state, config, host = (inspected.get(part) or {} for part in ("State", "Config", "HostConfig"))
    env = [entry.partition("=") for entry in config.get("Env") or []]
    restarts = inspected.get("RestartCount") or 0
    network_mode = host.get("NetworkMode") or "default"
    images = list_image_names(inspected, wanted_image, engine)
    up = uptime_s(inspected, engine.now())
    steady = up is not None and up >= (STEADY_AFTER_RESTART_S if restarts else STEADY_AFTER_START_S)
    now = parse_status(state.get("Status") or subject.state)
    silent = now == "paused" or (now == "running" and (steady or not restarts))
    return Facts(
        id=inspected.get("Id") or subject.id,
        name=(inspected.get("Name") or "").lstrip("/") or subject.name,
        found_by=subject.found_by,
        others=subject.others,
        image=images[0],
        image_names=images,
        image_fits=matches_image(images, inspected, wanted_image) if wanted_image else None,
        status=now,
        stable=steady or now in RESTING_STATES,
        exit_code=state.get("ExitCode") or 0,
        oom_killed=bool(state.get("OOMKilled")),
        error=mask_secrets(state.get("Error") or ""),
        restart_count=restarts,
        restart_policy=(host.get("RestartPolicy") or {}).get("Name") or "no",
        health=(state.get("Health") or {}).get("Status"),
        command=mask_words(config.get("Cmd") or []),
        own_command=None if silent else runs_own_command(inspected, engine),
        # The engine lists variables and mounts in a new order each time.
        env_names=sorted(name for name, _, _ in env),
        env_empty=sorted(name for name, _, value in env if not value),
        mounts=sorted(map(parse_mount, inspected.get("Mounts") or []), key=lambda mount: mount.destination),
        networks=sorted((inspected.get("NetworkSettings") or {}).get("Networks") or {}),
        network_mode="bridge" if network_mode == "default" else network_mode,
        log_tail=None if silent else engine.read_log_tail(subject.id, tty=bool(config.get("Tty"))),
    )


def parse_status(word: str) -> ContainerStatus:
    """Return one of Docker's seven states; `OutOfReach` for a word that is none of them."""
    for known in get_args(ContainerStatus):
        if word == known:
            return known  # type: ignore[no-any-return]
    raise OutOfReach(UnobservableReason.UNREADABLE, f"State.Status: {word}")


def parse_mount(entry: Json) -> Mount:
    """Read one entry of inspect's `Mounts`."""
    kind, name = str(entry.get("Type") or ""), str(entry.get("Name") or "")
    return Mount(
        type=kind,
        destination=str(entry.get("Destination") or ""),
        named=kind != "volume" or not ENGINE_MADE_NAME.fullmatch(name),
        writable=bool(entry.get("RW")),
    )
