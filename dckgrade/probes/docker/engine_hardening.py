"""Kind `engine-hardening`: which protections of an engine are in force, whatever its file says."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.support.supply import ONCE, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

ICC_OPTION = "com.docker.network.bridge.enable_icc"
DEFAULT_BRIDGE = "bridge"
CLEAR_WARNING = "without encryption"
"""How dockerd warns in `/info` of an address at which it answers anybody."""

DefaultSeccomp = Literal["dockers-own", "other", "off", "not-in-kernel"]


class Facts(Struct, frozen=True, kw_only=True):
    """What the engine says of itself, and of its own network."""

    live_restore: bool | None
    """Whether containers go on while it is restarted; null: this engine knows no such thing."""
    default_bridge: bool
    """Whether it has the network that containers without one of their own are on."""
    containers_talk: bool
    """Whether those may talk to each other (`icc`), as the network itself was made: an engine that found
    containers running at its start has kept the network of before."""
    api_in_clear: bool
    """Whether it answers at a TCP address without encryption, if only on the machine itself."""
    user_namespaces: bool
    """Whether root in its containers is somebody else on the machine (`userns-remap`)."""
    rootless: bool
    """Whether the engine itself runs without root."""
    seccomp: DefaultSeccomp
    """The filter of containers that ask for none: Docker's own, another one, off, or not in the kernel."""
    in_swarm: bool
    """Whether it is in a swarm, or locked out of one: live-restore is not to be had there."""


LABELS: Mapping[str, Text] = {
    "live_restore": Text(
        fr="conteneurs maintenus au redémarrage du moteur", en="containers kept while the engine restarts"
    ),
    "default_bridge": Text(fr="pont par défaut", en="default bridge"),
    "containers_talk": Text(
        fr="dialogue entre conteneurs du pont par défaut", en="talk among containers of the default bridge"
    ),
    "api_in_clear": Text(fr="API sans chiffrement", en="API without encryption"),
    "user_namespaces": Text(fr="espaces de noms d'utilisateurs", en="user namespaces"),
    "rootless": Text(fr="moteur sans root", en="engine without root"),
    "seccomp": Text(fr="filtre seccomp par défaut", en="default seccomp filter"),
    "in_swarm": Text(fr="membre d'un swarm", en="member of a swarm"),
}


WORDS: Mapping[str, ValueWords] = {
    "live_restore": {
        False: Text(
            fr="un redémarrage du moteur arrête les conteneurs", en="containers stop when the engine restarts"
        ),
        None: Text(
            fr="on ne sait pas si les conteneurs survivent au redémarrage du moteur",
            en="whether containers outlive a restart of the engine is not known",
        ),
    },
    "containers_talk": {
        True: Text(
            fr="les conteneurs du pont par défaut peuvent se parler",
            en="containers on the default bridge can talk to each other",
        ),
    },
    "api_in_clear": {
        True: Text(fr="l'API du moteur répond sans chiffrement", en="the engine's API answers unencrypted"),
    },
    "seccomp": {
        "dockers-own": Text(fr="celui de Docker", en="Docker's own"),
        "other": Text(fr="un autre que celui de Docker", en="another than Docker's"),
        "off": Text(fr="désactivé", en="switched off"),
        "not-in-kernel": Text(fr="absent du noyau", en="not in the kernel"),
    },
}


class EngineHardening(Probe, frozen=True, kw_only=True, tag="engine-hardening"):
    """Look at the protections that this engine has in force for all containers."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(fr="ce moteur ne se décrit pas", en="this engine does not describe itself")
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = ONCE
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "live_restore": DraftedFact(
            {
                True: Text(
                    fr="laisse tourner les conteneurs quand il redémarre",
                    en="keeps containers running while it restarts",
                )
            }
        ),
        "containers_talk": DraftedFact(
            {
                False: Text(
                    fr="empêche les conteneurs du réseau bridge de se parler",
                    en="keeps the containers on bridge from talking to each other",
                )
            }
        ),
        "user_namespaces": DraftedFact(
            {
                True: Text(
                    fr="sépare les utilisateurs des conteneurs de ceux de la machine",
                    en="keeps the users of containers apart from the machine's",
                )
            }
        ),
    }
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Ask for the engine's description and for its networks."""
        try:
            facts = build_hardening_facts(engine.inspect_engine(), engine.list_networks())
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("engine-hardening", trouble)
        return Seen(kind="engine-hardening", facts=msgspec.to_builtins(facts))


def build_hardening_facts(info: Json, networks: Sequence[Json]) -> Facts:
    """Put the engine's description and its networks into facts."""
    security = parse_security_options(info)
    warnings = [str(warning) for warning in info.get("Warnings") or []]
    live_restore = info.get("LiveRestoreEnabled")
    bridge = next((network for network in networks if network.get("Name") == DEFAULT_BRIDGE), None)
    return Facts(
        live_restore=live_restore if isinstance(live_restore, bool) else None,
        default_bridge=bridge is not None,
        containers_talk=bridge is not None and may_talk(bridge),
        api_in_clear=any(CLEAR_WARNING in warning for warning in warnings),
        user_namespaces="userns" in security,
        rootless="rootless" in security,
        seccomp=name_default_seccomp(security.get("seccomp")),
        in_swarm=((info.get("Swarm") or {}).get("LocalNodeState") or "inactive") != "inactive",
    )


def may_talk(bridge: Json) -> bool:
    """Return whether containers of a bridge may talk to each other: Docker's default."""
    return str((bridge.get("Options") or {}).get(ICC_OPTION) or "true").casefold() != "false"


def parse_security_options(info: Json) -> dict[str, Mapping[str, str]]:
    """Read `SecurityOptions`: `name=seccomp,profile=builtin`, by name."""
    entries = (
        dict(word.partition("=")[::2] for word in str(option).split(","))
        for option in info.get("SecurityOptions") or []
    )
    return {entry.get("name", ""): entry for entry in entries}


def name_default_seccomp(option: Mapping[str, str] | None) -> DefaultSeccomp:
    """Return which filter containers get that ask for none; a file's path is not told."""
    if option is None:
        return "not-in-kernel"
    match option.get("profile", "default"):
        case "default" | "builtin":
            return "dockers-own"
        case "unconfined":
            return "off"
        case _:
            return "other"
