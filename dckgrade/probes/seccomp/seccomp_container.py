"""Kind `seccomp-container`: the container with the trainee's profile, and what that forbids."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec.structs
from msgspec import Meta, Struct, field

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.engine.run_options import CONTAINER, WORKDIR
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.seccomp.candidate import (
    DEFAULT_IMAGE,
    DEFAULT_PROFILE_FILE,
    ChosenSeccompContainer,
    DeclaredSeccomp,
    SeccompCandidate,
    choose_container,
    matches_profile_file,
)
from dckgrade.probes.seccomp.default_profile import (
    is_copy_of_old_default,
    list_forbidden_calls,
    list_unknown_calls,
)
from dckgrade.probes.seccomp.machine import has_seccomp
from dckgrade.probes.seccomp.refusal import find_refused_call, list_error_texts, matches_refused_setup
from dckgrade.probes.support import value_words
from dckgrade.probes.support.candidates import NO_CANDIDATE
from dckgrade.probes.support.condition import read_condition
from dckgrade.probes.support.lookup import convert_to_observation, list_container_names, uptime_s
from dckgrade.probes.support.product import is_podman
from dckgrade.probes.support.supply import NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text

STUCK_AFTER_S = 8
"""A start takes less than a second; on a machine under load it may take some."""
MAX_SHOWN_CALLS = 40
PRIVILEGED_PROFILE_SINCE_MAJOR = 27
"""Engine 27 is the first that lets a privileged container keep a profile of its own (moby#47500)."""


NO_SECCOMP_ERROR = "seccomp is not enabled in your kernel, cannot run a custom seccomp profile"
"""What the engine says of a profile on such a machine (moby, daemon/seccomp_linux.go)."""


class Facts(Struct, frozen=True, kw_only=True):
    """What the engine says of the container; whether the kernel does it is `seccomp-filter`'s question."""

    id: str
    name: str
    """The container that was graded."""
    others: int
    """How many further containers could have been meant."""
    other_runs: bool
    """It does not run, and one of those does."""
    image: str
    status: str
    """Docker's word: created, running, paused, restarting, removing, exited, dead."""
    stuck: bool
    """Its start never ends: the engine lists it, and answers no question about it."""
    stable: bool
    """Running for two seconds; or stopped, or paused."""
    exit_code: int
    error: str
    """What the engine says of a start that failed, secrets masked; without the hands it came through."""
    restart_count: int
    clue: str
    """The line of its log that tells of a refused call, else the last one; empty for one that runs."""
    option_misplaced: bool
    """`--security-opt` stands behind the image's name, among the program's own arguments."""
    declared: DeclaredSeccomp
    """
    own (inlined), default (Docker's), engine (another default of the engine's), unconfined, path (no JSON at
    all), refused (JSON that is no profile).
    """
    engine_default: str
    """The profile of containers that bring none: default, builtin, unconfined, or a path."""
    privileged: bool
    """`--privileged` on an engine before 27, which then drops every profile."""
    off: bool
    """The profile is its own and switches seccomp off: `{}`, or misspelt keys."""
    logs: bool
    """It says SCMP_ACT_LOG somewhere, which lets the call pass."""
    kills: bool
    """It kills the process at a call that Docker's default allows, instead of answering with an error."""
    refused_setup: bool
    """The engine's error is what the profile answers to a call that preparing the container needs."""
    refused_call: str | None
    """The call that the log's telling line says was refused, with the error that the profile gives it."""
    forbids: list[str]
    """
    Calls that this profile refuses where Docker's default, of that version and with those capabilities, lets
    them through, with some arguments at least; the first forty by name.
    """
    forbids_count: int
    only_young: bool
    """Those are what a default of Docker of some year did not know yet: a copy of an old one."""
    unknown_calls: list[str]
    """Names in the profile that no kernel knows; the first forty."""
    absent_calls: list[str]
    """Calls that it refuses and that 64-bit programs of this machine cannot make; the first forty."""
    same_as_file: bool | None
    """Whether it means what the file in the working folder means now; null where that cannot be read."""


LABELS: Mapping[str, Text] = {
    "id": Text(fr="identifiant du conteneur", en="container id"),
    "name": Text(fr="nom du conteneur", en="container name"),
    "others": Text(fr="nombre d'autres conteneurs possibles", en="number of other possible containers"),
    "other_runs": Text(fr="autre conteneur possible en marche", en="another possible container running"),
    "image": Text(fr="image du conteneur", en="container image"),
    "status": Text(fr="état du conteneur", en="container state"),
    "stuck": Text(fr="démarrage bloqué", en="start that never ends"),
    "stable": Text(fr="état stable", en="stable state"),
    "exit_code": Text(fr="code de sortie", en="exit code"),
    "error": Text(fr="erreur du moteur au démarrage", en="engine error at the start"),
    "restart_count": Text(fr="nombre de redémarrages", en="number of restarts"),
    "clue": Text(fr="ligne révélatrice des logs", en="telling line of the log"),
    "option_misplaced": Text(
        fr="option de sécurité placée après l'image", en="security option placed after the image"
    ),
    "declared": Text(fr="type de profil seccomp", en="kind of seccomp profile"),
    "engine_default": Text(fr="profil par défaut du moteur", en="default profile of the engine"),
    "privileged": Text(fr="profil annulé par le mode privilégié", en="profile cancelled by privileged mode"),
    "off": Text(fr="profil qui désactive seccomp", en="profile that switches seccomp off"),
    "logs": Text(fr="appels seulement journalisés", en="calls only logged"),
    "kills": Text(fr="profil qui tue le processus", en="profile that kills the process"),
    "refused_setup": Text(
        fr="erreur de démarrage due au profil", en="start error that comes from the profile"
    ),
    "refused_call": Text(fr="appel refusé à nginx", en="call refused to nginx"),
    "forbids": Text(fr="appels système interdits", en="forbidden system calls"),
    "forbids_count": Text(fr="nombre d'appels système interdits", en="number of forbidden system calls"),
    "only_young": Text(fr="appels récents seuls interdits", en="only recent calls forbidden"),
    "unknown_calls": Text(fr="noms d'appels inconnus", en="unknown names of calls"),
    "absent_calls": Text(fr="appels d'une autre architecture", en="calls of another architecture"),
    "same_as_file": Text(fr="même profil que le fichier", en="same profile as the file"),
}


WORDS: Mapping[str, ValueWords] = {
    "status": value_words.CONTAINER_STATUS,
    "stable": value_words.STABLE,
    "declared": {
        "own": Text(fr="profil à vous", en="profile of your own"),
        "default": Text(fr="profil par défaut de Docker", en="Docker's default profile"),
        "engine": Text(fr="profil choisi par le moteur", en="profile chosen by the engine"),
        "unconfined": Text(fr="aucun profil (unconfined)", en="no profile (unconfined)"),
        "path": Text(fr="chemin de fichier non lu", en="path of a file that was not read"),
        "refused": Text(fr="profil refusé", en="refused profile"),
    },
    "privileged": {
        True: Text(fr="le mode privilégié annule le profil", en="privileged mode cancels the profile"),
    },
    "off": {
        True: Text(fr="le profil désactive seccomp", en="the profile switches seccomp off"),
    },
    "only_young": {
        True: Text(fr="seuls des appels récents sont interdits", en="only recent calls are forbidden"),
    },
}


class SeccompContainer(Probe, frozen=True, kw_only=True, tag="seccomp-container"):
    """Look at the container that bears a profile of its own, else at one that runs *image*."""

    image: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9._-]*$")] = DEFAULT_IMAGE
    file: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")] = DEFAULT_PROFILE_FILE

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = NO_CANDIDATE
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR, CONTAINER)
    supply: ClassVar[Supply | NotSupplied] = NotSupplied("the profile and its file are chosen by the lab")
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Choose, and read what is declared."""
        try:
            chosen = choose_container(engine, self.image, self.file)
            facts = build_seccomp_container_facts(chosen, engine, self.file)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("seccomp-container", trouble)
        candidate = chosen.candidate
        # While a start may only be slow, it is worth looking again.
        age_s = (
            compute_age_s(candidate, engine)
            if candidate.inspected is None
            else uptime_s(candidate.inspected, engine.now())
        )
        return Seen(kind="seccomp-container", facts=msgspec.to_builtins(facts), age_s=age_s)

    def foresee(self, engine: Engine) -> Observation | None:
        """Without seccomp no profile is taken; Podman keeps no more of one than its path."""
        try:
            info = engine.inspect_engine()
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("seccomp-container", trouble)
        if is_podman(info):
            shown = {"status": "running", "error": "", "declared": "path"}
        elif not has_seccomp(info):
            shown = {"status": "created", "error": NO_SECCOMP_ERROR, "declared": "own"}
        else:
            return None
        others = dict.fromkeys(Facts.__struct_fields__) | {"name": self.image, "stable": True, "clue": ""}
        return Seen(kind="seccomp-container", facts=others | shown)


def build_seccomp_container_facts(chosen: ChosenSeccompContainer, engine: Engine, file: str) -> Facts:
    """Put the container's state and the meaning of its profile into facts."""
    candidate = chosen.candidate
    effect = candidate.effect
    condition = read_condition(
        engine,
        candidate.id,
        candidate.inspected,
        str(candidate.listed.get("State") or ""),
        list_error_texts(effect) if effect else (),
    )
    return Facts(
        id=candidate.id,
        name=next(iter(list_container_names(candidate.listed)), candidate.id[:12]),
        others=len(chosen.others),
        other_runs=not candidate.is_running and any(other.is_running for other in chosen.others),
        image=str(candidate.listed.get("Image") or ""),
        stuck=candidate.inspected is None and compute_age_s(candidate, engine) >= STUCK_AFTER_S,
        **msgspec.structs.asdict(condition),
        declared=candidate.declared,
        privileged=bool(candidate.host_config.get("Privileged"))
        and parse_major_version(engine.engine.version) < PRIVILEGED_PROFILE_SINCE_MAJOR,
        off=candidate.profile is not None and candidate.profile.switches_seccomp_off,
        engine_default=mask_secrets(candidate.engine.default)[:200],
        refused_setup=effect is not None and matches_refused_setup(condition.error, effect),
        refused_call=find_refused_call(condition.clue, effect) if effect else None,
        **msgspec.structs.asdict(build_profile_facts(candidate)),
        same_as_file=matches_profile_file(candidate, engine, file),
    )


class ProfileFacts(Struct, frozen=True, kw_only=True):
    """The facts that the profile alone decides; see `Facts`."""

    logs: bool = False
    kills: bool = False
    forbids: list[str] = field(default_factory=list)
    forbids_count: int = 0
    only_young: bool = False
    unknown_calls: list[str] = field(default_factory=list)
    absent_calls: list[str] = field(default_factory=list)


def build_profile_facts(candidate: SeccompCandidate) -> ProfileFacts:
    """Return what the candidate's profile does in it."""
    effect, machine, caps = candidate.effect, candidate.engine.machine, candidate.capabilities
    if candidate.profile is None or effect is None:
        return ProfileFacts()
    calls = list_forbidden_calls(effect, caps, machine)
    actions = {effect.default}.union(*effect.calls.values())
    unknown = list_unknown_calls(candidate.profile)
    absent = sorted(
        call for call in effect.calls if not machine.has_call(call) and any(effect.list_refusals(call))
    )
    return ProfileFacts(
        logs=any(action.action == "SCMP_ACT_LOG" for action in actions),
        kills=any(action.kills for call in calls for action in effect.list_refusals(call)),
        forbids=calls[:MAX_SHOWN_CALLS],
        forbids_count=len(calls),
        only_young=is_copy_of_old_default(effect, calls, caps, machine),
        unknown_calls=unknown[:MAX_SHOWN_CALLS],
        absent_calls=absent[:MAX_SHOWN_CALLS],
    )


def compute_age_s(candidate: SeccompCandidate, engine: Engine) -> float:
    """Return the seconds since the container was created; for one that cannot be inspected."""
    return max(0.0, round(engine.now().timestamp() - (candidate.listed.get("Created") or 0), 1))


def parse_major_version(version: str | None) -> int:
    """Read the engine's first number; one that does not tell is taken for new."""
    first = (version or "").partition(".")[0]
    return int(first) if first.isdecimal() else PRIVILEGED_PROFILE_SINCE_MAJOR
