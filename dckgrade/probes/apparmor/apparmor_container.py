"""Kind `apparmor-container`: the container with the trainee's profile → its state, and the profile's name."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.engine.run_options import CONTAINER, WORKDIR
from dckgrade.probes.apparmor.choice import (
    DEFAULT_IMAGE,
    DEFAULT_PROFILE_FILE,
    ChosenApparmorContainer,
    DeclaredApparmor,
    choose_container,
    read_declared_profiles,
)
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.exit_reason import (
    RESTING_STATES,
    STEADY_AFTER_START_S,
    find_telling_line,
    shorten_engine_error,
)
from dckgrade.probes.support.lookup import convert_to_observation, uptime_s
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


class ApparmorContainer(Probe, frozen=True, kw_only=True, tag="apparmor-container"):
    """Look at the container with a profile of its own, else at one that runs *image*."""

    image: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9._-]*$")] = DEFAULT_IMAGE
    file: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")] = DEFAULT_PROFILE_FILE

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur qui puisse être le bon n'a été trouvé",
        en="no container that could be meant was found",
    )
    labels: ClassVar[Mapping[str, Text]] = {}
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR, CONTAINER)
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
    one, inspected = chosen.candidate, chosen.candidate.inspected_or_empty
    state, config = inspected.get("State") or {}, inspected.get("Config") or {}
    status = str(state.get("Status") or "")
    up = uptime_s(inspected, engine.now())
    quiet = status in {"running", "created", "paused"}
    log = "" if quiet else engine.read_log_tail(one.id, tty=bool(config.get("Tty")))
    names = [profile.name for profile in read_declared_profiles(engine, file)]
    return Facts(
        name=one.name,
        others=len(chosen.others),
        image=str(one.listed.get("Image") or ""),
        status=status,
        stable=(up is not None and up >= STEADY_AFTER_START_S) or status in RESTING_STATES,
        exit_code=state.get("ExitCode") or 0,
        error=shorten_engine_error(mask_secrets(state.get("Error") or "")),
        restart_count=inspected.get("RestartCount") or 0,
        clue=find_telling_line(mask_secrets(log)),
        option_misplaced=any("--security-opt" in str(part) for part in config.get("Cmd") or []),
        declared=one.declared,
        wanted=one.wanted_profile[:100],
        applied=str(inspected.get("AppArmorProfile") or "")[:100],
        file_names=[name[:100] for name in names][:10],
        in_file=one.wanted_profile in names if names and one.wanted_profile else None,
    )
