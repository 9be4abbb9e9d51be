"""Kind `apparmor-container`: the container with the trainee's profile, and the name of that."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec.structs
from msgspec import Meta, Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import CONTAINER, WORKDIR
from dckgrade.probes.apparmor.candidate import (
    DEFAULT_IMAGE,
    DEFAULT_PROFILE_FILE,
    ChosenApparmorContainer,
    DeclaredApparmor,
    choose_container,
    read_declared_profiles,
)
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support import value_words
from dckgrade.probes.support.candidates import NO_CANDIDATE
from dckgrade.probes.support.condition import read_condition
from dckgrade.probes.support.lookup import convert_to_observation, uptime_s
from dckgrade.probes.support.supply import NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text


class Facts(Struct, frozen=True, kw_only=True):
    """What the engine says of the container; what the kernel does is `apparmor-label`'s question."""

    name: str
    """The container that was graded."""
    others: int
    """How many further containers could have been meant."""
    image: str
    status: str
    """Docker's word: created, running, paused, restarting, removing, exited, dead."""
    stable: bool
    """Running for two seconds; or stopped, or paused."""
    exit_code: int
    error: str
    """What the engine says of a start that failed, secrets masked; without the hands it came through."""
    restart_count: int
    clue: str
    """The line of its log that tells of a refusal, else the last one; empty for one that runs."""
    option_misplaced: bool
    """`--security-opt` stands behind the image's name, among the program's own arguments."""
    declared: DeclaredApparmor
    """own, default, unconfined: by the option, else by what the engine applied."""
    wanted: str
    """The name that the option gives; of several the last; empty without one."""
    applied: str
    """Inspect's `AppArmorProfile`; of a privileged container it says `unconfined` whatever is applied."""
    file_names: list[str]
    """The profiles that the file declares; empty where there is none to be read."""
    in_file: bool | None
    """Whether the name wanted is one of them; null where no file could be read, or none is wanted."""


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom du conteneur", en="container name"),
    "others": Text(fr="nombre d'autres conteneurs possibles", en="number of other possible containers"),
    "image": Text(fr="image du conteneur", en="container image"),
    "status": Text(fr="état du conteneur", en="container state"),
    "stable": Text(fr="état stable", en="stable state"),
    "exit_code": Text(fr="code de sortie", en="exit code"),
    "error": Text(fr="erreur du moteur au démarrage", en="engine error at the start"),
    "restart_count": Text(fr="nombre de redémarrages", en="number of restarts"),
    "clue": Text(fr="ligne révélatrice des logs", en="telling line of the log"),
    "option_misplaced": Text(
        fr="option de sécurité placée après l'image", en="security option placed after the image"
    ),
    "declared": Text(fr="type de profil AppArmor", en="kind of AppArmor profile"),
    "wanted": Text(fr="profil AppArmor demandé", en="AppArmor profile asked for"),
    "applied": Text(fr="profil AppArmor appliqué", en="AppArmor profile applied"),
    "file_names": Text(fr="profils déclarés par le fichier", en="profiles declared by the file"),
    "in_file": Text(fr="profil demandé présent dans le fichier", en="profile asked for present in the file"),
}


WORDS: Mapping[str, ValueWords] = {
    "status": value_words.CONTAINER_STATUS,
    "stable": value_words.STABLE,
    "declared": {
        "own": Text(fr="profil à vous", en="profile of your own"),
        "default": Text(fr="profil par défaut de Docker", en="Docker's default profile"),
        "unconfined": Text(fr="aucun profil (unconfined)", en="no profile (unconfined)"),
    },
}


class ApparmorContainer(Probe, frozen=True, kw_only=True, tag="apparmor-container"):
    """Look at the container with a profile of its own, else at one that runs *image*."""

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
        """Choose, and read."""
        try:
            chosen = choose_container(engine, self.image, self.file)
            facts = build_apparmor_container_facts(chosen, engine, self.file)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("apparmor-container", trouble)
        age_s = uptime_s(chosen.candidate.inspected_or_empty, engine.now())
        return Seen(kind="apparmor-container", facts=msgspec.to_builtins(facts), age_s=age_s)


def build_apparmor_container_facts(chosen: ChosenApparmorContainer, engine: Engine, file: str) -> Facts:
    """Put the container's state and its profile's name into facts."""
    candidate, inspected = chosen.candidate, chosen.candidate.inspected_or_empty
    condition = read_condition(engine, candidate.id, inspected, str(candidate.listed.get("State") or ""))
    names = [profile.name for profile in read_declared_profiles(engine, file)]
    return Facts(
        name=candidate.name,
        others=len(chosen.others),
        image=str(candidate.listed.get("Image") or ""),
        **msgspec.structs.asdict(condition),
        declared=candidate.declared,
        wanted=candidate.wanted_profile[:100],
        applied=str(inspected.get("AppArmorProfile") or "")[:100],
        file_names=[name[:100] for name in names][:10],
        in_file=candidate.wanted_profile in names if names and candidate.wanted_profile else None,
    )
