"""Choose the container with the trainee's AppArmor profile among all containers."""

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import CONTAINER
from dckgrade.probes.apparmor.policy.lexer import InvalidPolicy
from dckgrade.probes.apparmor.profile import ApparmorProfile, parse_apparmor_profiles
from dckgrade.probes.support import candidates
from dckgrade.probes.support.lookup import list_container_names
from dckgrade.report.observation import UnobservableReason

DEFAULT_IMAGE, DEFAULT_PROFILE_FILE = "nginx", "docker-nginx-profile"
DOCKER_DEFAULT_PROFILE, UNCONFINED_PROFILE = "docker-default", "unconfined"
PODMAN_DEFAULT_PREFIX = "containers-default-"
"""How Podman's own profile begins; the version of its library follows (containers/common)."""

DeclaredApparmor = Literal["own", "default", "unconfined"]
"""What inspect says of AppArmor: a profile of one's own by its name; the engine's; none."""


class ApparmorCandidate(Struct, frozen=True, kw_only=True):
    """A container that may be the one: as listed, and as inspected or why not."""

    listed: Json
    inspected: Json | OutOfReach
    runs_wanted_image: bool
    """It runs the image that the lab asks for."""

    @property
    def id(self) -> str:
        """Return the container's id."""
        return str(self.listed.get("Id") or "")

    @property
    def name(self) -> str:
        """Return its name."""
        return next(iter(list_container_names(self.listed)), self.id[:12])

    @property
    def is_running(self) -> bool:
        """Return whether it was running when it was seen last."""
        return self.listed.get("State") == "running"

    @property
    def inspected_or_empty(self) -> Json:
        """Return the inspect answer, or an empty one."""
        return {} if isinstance(self.inspected, OutOfReach) else self.inspected

    @property
    def wanted_profile(self) -> str:
        """Return the profile asked for; of several options the last counts, as for the engine."""
        options = map(str, (self.inspected_or_empty.get("HostConfig") or {}).get("SecurityOpt") or [])
        # `apparmor:…` is the old spelling.
        asked = [option[9:].strip() for option in options if option.startswith(("apparmor=", "apparmor:"))]
        return asked[-1] if asked else ""

    @property
    def declared(self) -> DeclaredApparmor:
        """Return the kind of profile: by the option first, since inspect is wrong with `--privileged`."""
        named = self.wanted_profile or str(self.inspected_or_empty.get("AppArmorProfile") or "")
        if named == UNCONFINED_PROFILE:
            return "unconfined"
        is_default = named in {"", DOCKER_DEFAULT_PROFILE} or named.startswith(PODMAN_DEFAULT_PREFIX)
        return "default" if is_default else "own"

    @property
    def rank(self) -> tuple[int, float]:
        """Put a running one with a profile first, then dead ones with one, then any that runs; the newest."""
        if isinstance(self.inspected, OutOfReach):
            tier = 0
        elif self.declared == "own":
            tier = 5 if self.is_running else 4
        else:
            tier = (3 if self.wanted_profile else 2) if self.is_running else 1
        return tier, self.listed.get("Created") or 0

    def require_profiled_id(self) -> str:
        """Return its id; `OutOfReach` without a profile of its own: nothing is run in any other."""
        if self.declared != "own":
            raise OutOfReach(UnobservableReason.NOT_TRIED, self.name)
        return self.id


class ChosenApparmorContainer(Struct, frozen=True):
    """The container to grade, and those passed over."""

    candidate: ApparmorCandidate
    others: Sequence[ApparmorCandidate]


def choose_container(
    engine: Engine, image: str = DEFAULT_IMAGE, file: str = DEFAULT_PROFILE_FILE
) -> ChosenApparmorContainer:
    """Return the container to grade; `NotThere` if none fits. `--container` leaves only the one it names."""
    profiles = {profile.name for profile in read_declared_profiles(engine, file)}
    # Only the file could make another image's container the one: else nothing more is worth a question.
    listed = candidates.find_candidates(engine, image, others=bool(profiles))
    found = [
        candidate
        for entry, seen in candidates.inspect_candidates(engine, listed)
        for candidate in build_apparmor_candidates(entry, seen, image)
        if candidate.runs_wanted_image or engine.inputs.get(CONTAINER) or candidate.wanted_profile in profiles
    ]
    if not found:
        raise candidates.make_no_candidate_error(engine, image, file)
    best = max(found, key=lambda candidate: candidate.rank)
    if isinstance(best.inspected, OutOfReach):
        raise best.inspected
    if not (best.is_running and best.declared == "own"):
        # One that runs and could not be seen may be the one: nobody is judged by an earlier attempt.
        for candidate in found:
            if candidate.is_running and isinstance(candidate.inspected, OutOfReach):
                raise candidate.inspected
    return ChosenApparmorContainer(best, [candidate for candidate in found if candidate is not best])


def build_apparmor_candidates(entry: Json, seen: Json | Exception, image: str) -> Iterator[ApparmorCandidate]:
    """Yield the candidate; none for a container that was removed meanwhile."""
    match seen:
        case NotThere():
            return
        case OutOfReach():
            # Another lab's container that is stuck must not keep this one from being graded.
            yield ApparmorCandidate(
                listed=entry, inspected=seen, runs_wanted_image=candidates.runs_image_or_program(entry, image)
            )
        case Exception():
            raise seen
        case _:
            yield ApparmorCandidate(
                listed=entry, inspected=seen, runs_wanted_image=candidates.runs_image_or_program(entry, image)
            )


def read_declared_profiles(engine: Engine, file: str) -> Sequence[ApparmorProfile]:
    """Read the profiles that the file declares; none where it cannot be read, or not be loaded."""
    try:
        return parse_profile_file(engine, read_profile_file(engine, file))
    except (InvalidPolicy, NotThere, OutOfReach):
        return ()


def parse_profile_file(engine: Engine, content: bytes) -> Sequence[ApparmorProfile]:
    """Parse a file, and what it includes as far as that can be read; raises `InvalidPolicy`."""

    def read_include(written: str) -> Sequence[str] | None:
        try:
            return [text.decode("latin-1") for text in engine.read_apparmor_include(written)]
        except NotThere:
            raise LookupError(written) from None
        except OutOfReach:
            return None

    return parse_apparmor_profiles(content, read_include)


def read_profile_file(engine: Engine, file: str) -> bytes:
    """Read the file in the working folder, else where this machine keeps its profiles."""
    try:
        return engine.read_file(file)
    except NotThere:
        return engine.read_apparmor_profile(file)
