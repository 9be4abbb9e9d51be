"""Choose the container with the trainee's seccomp profile among all containers."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import CONTAINER
from dckgrade.probes.seccomp.machine import DOCKERS_OWN_PROFILES, EngineSeccomp, inspect_seccomp
from dckgrade.probes.seccomp.policy import Effect, Machine, compute_capabilities, compute_effect
from dckgrade.probes.seccomp.profile import InvalidSeccompProfile, SeccompProfile, parse_seccomp_profile
from dckgrade.probes.support import candidates
from dckgrade.probes.support.lookup import list_container_names
from dckgrade.report.observation import UnobservableReason

DEFAULT_IMAGE, DEFAULT_PROFILE_FILE = "nginx", "seccomp_profile.json"

DeclaredSeccomp = Literal["own", "default", "engine", "unconfined", "path", "refused"]
"""
What `HostConfig.SecurityOpt` says of seccomp: a profile of one's own, inlined; `builtin`, or nothing where
that means Docker's own; nothing where the engine gives all containers another profile than Docker's;
`unconfined`; something that is no JSON, such as a path; JSON that is no profile.
"""


class SeccompCandidate(Struct, frozen=True, kw_only=True):
    """A container that may be the one: as listed, and as inspected (None: stuck at its start)."""

    listed: Json
    inspected: Json | None
    declared: DeclaredSeccomp
    profile: SeccompProfile | None
    runs_wanted_image: bool
    """It runs the image that the lab asks for."""
    engine: EngineSeccomp

    @property
    def id(self) -> str:
        """Return the container's id."""
        return str(self.listed.get("Id") or "")

    @property
    def is_running(self) -> bool:
        """Return whether it was running when it was seen last."""
        return self.listed.get("State") == "running"

    @property
    def host_config(self) -> Json:
        """Return inspect's `HostConfig`."""
        return (self.inspected or {}).get("HostConfig") or {}

    @property
    def effect(self) -> Effect | None:
        """Return the effect of its profile; None without one, or if that switches seccomp off."""
        return self.compute_effect(self.profile) if self.profile else None

    @property
    def capabilities(self) -> frozenset[str]:
        """Return the capabilities that its processes can have."""
        return compute_capabilities(self.host_config)

    def compute_effect(self, profile: SeccompProfile) -> Effect | None:
        """Return the effect that *profile* has in it; None if that switches seccomp off."""
        return compute_effect(profile, self.capabilities, self.engine.machine)

    @property
    def rank(self) -> tuple[int, float]:
        """Put a running one with a profile first, then dead or stuck ones, then any that runs; the newest."""
        deliberate = self.declared not in {"default", "engine", "unconfined"} or self.inspected is None
        if deliberate:
            tier = 5 if self.is_running else 4
        else:
            tier = (3 if self.declared == "unconfined" else 2) if self.is_running else 1
        return tier, self.listed.get("Created") or 0

    def require_profiled_id(self) -> str:
        """Return its id; `OutOfReach` without a profile of its own: nothing is run in any other."""
        name = next(iter(list_container_names(self.listed)), "")
        if self.inspected is None:
            raise OutOfReach(UnobservableReason.STUCK, name)
        if self.declared != "own":
            raise OutOfReach(UnobservableReason.NOT_TRIED, name)
        return self.id


class ChosenSeccompContainer(Struct, frozen=True):
    """The container to grade, and those passed over."""

    candidate: SeccompCandidate
    others: list[SeccompCandidate]


def choose_container(
    engine: Engine, image: str = DEFAULT_IMAGE, file: str = DEFAULT_PROFILE_FILE
) -> ChosenSeccompContainer:
    """Return the container to grade; `NotThere` if none fits. `--container` leaves only the one it names."""
    # Only the file could make another image's container the one: else nothing more is worth a question.
    listed = candidates.find_candidates(engine, image, others=has_readable_profile(engine, file))
    about_engine = inspect_seccomp(engine) if listed else EngineSeccomp(machine=Machine())
    found = [
        candidate
        for entry, seen in candidates.inspect_candidates(engine, listed)
        for candidate in build_seccomp_candidates(entry, seen, image, about_engine)
        # Another person's container may have a profile too: it is ours if the file says the same.
        if candidate.runs_wanted_image
        or engine.inputs.get(CONTAINER)
        or matches_profile_file(candidate, engine, file)
    ]
    if not found:
        raise candidates.make_no_candidate_error(engine, image, file)
    best = max(found, key=lambda candidate: candidate.rank)
    return ChosenSeccompContainer(best, [candidate for candidate in found if candidate is not best])


def build_seccomp_candidates(
    entry: Json, seen: Json | Exception, image: str, about_engine: EngineSeccomp
) -> Iterator[SeccompCandidate]:
    """Yield the candidate; none for a container that was removed meanwhile."""
    fits = candidates.runs_image_or_program(entry, image)
    match seen:
        case NotThere():
            return
        case OutOfReach(why=UnobservableReason.DEADLINE) if entry.get("State") == "created":
            yield SeccompCandidate(
                listed=entry,
                inspected=None,
                declared="default",
                profile=None,
                runs_wanted_image=fits,
                engine=about_engine,
            )
        case OutOfReach() if not fits:
            return
        case Exception():
            raise seen
        case _:
            declared, profile = parse_seccomp_option(seen.get("HostConfig") or {}, about_engine)
            yield SeccompCandidate(
                listed=entry,
                inspected=seen,
                declared=declared,
                profile=profile,
                runs_wanted_image=fits,
                engine=about_engine,
            )


def parse_seccomp_option(
    host: Json, about_engine: EngineSeccomp
) -> tuple[DeclaredSeccomp, SeccompProfile | None]:
    """Return what `SecurityOpt` says of seccomp; of several entries the last counts, as for the engine."""
    split = (str(entry).replace(":", "=", 1).partition("=") for entry in host.get("SecurityOpt") or [])
    plain = (str(entry).partition("=") for entry in host.get("SecurityOpt") or [])
    # `seccomp:…` is the old spelling; the first sign after the word tells.
    values = [
        new[2] if new[0] == "seccomp" else old[2]
        for new, old in zip(plain, split, strict=True)
        if "seccomp" in {new[0], old[0]}
    ]
    if not values and about_engine.default not in {*DOCKERS_OWN_PROFILES, "unconfined"}:
        return "engine", None
    value = values[-1].strip() if values else about_engine.default
    if value in DOCKERS_OWN_PROFILES:
        return "default", None
    if value == "unconfined":
        return "unconfined", None
    if not value.startswith(("{", "[")):
        return "path", None
    try:
        return "own", parse_seccomp_profile(value.encode(), modern=about_engine.is_modern)
    except InvalidSeccompProfile:
        return "refused", None


def has_readable_profile(engine: Engine, file: str) -> bool:
    """Return whether the working folder holds a file that a container could be compared with."""
    try:
        parse_seccomp_profile(engine.read_file(file))
    except (InvalidSeccompProfile, NotThere, OutOfReach):
        return False
    return True


def matches_profile_file(candidate: SeccompCandidate, engine: Engine, file: str) -> bool | None:
    """Return whether profile and file have the same effect in it; None if either cannot be read."""
    if candidate.profile is None:
        return None
    try:
        on_disk = parse_seccomp_profile(engine.read_file(file))
    except (InvalidSeccompProfile, NotThere, OutOfReach):
        return None
    return candidate.compute_effect(on_disk) == candidate.effect
