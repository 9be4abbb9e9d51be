"""The engine's containers → the one that is to bear the trainee's AppArmor profile, chosen by facts."""

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.apparmor.profile import Invalid, Profile, parsed
from dckgrade.probes.support import candidates
from dckgrade.probes.support.lookup import names
from dckgrade.report.observation import Why

IMAGE, FILE = "nginx", "docker-nginx-profile"
DEFAULT, UNCONFINED = "docker-default", "unconfined"

Declared = Literal["own", "default", "unconfined"]
"""What inspect says of AppArmor: a profile of one's own by its name; Docker's; none."""


class Candidate(Struct, frozen=True, kw_only=True):
    """A container that may be the one: as listed, and as inspected or why not."""

    listed: Json
    inspected: Json | OutOfReach
    fits: bool
    """It runs the image that the lab asks for."""

    @property
    def id(self) -> str:
        """Give the container's id."""
        return str(self.listed.get("Id") or "")

    @property
    def name(self) -> str:
        """Give its name."""
        return next(iter(names(self.listed)), self.id[:12])

    @property
    def runs(self) -> bool:
        """Say whether the engine lists it as running."""
        return self.listed.get("State") == "running"

    @property
    def seen(self) -> Json:
        """Give what inspect says."""
        return {} if isinstance(self.inspected, OutOfReach) else self.inspected

    @property
    def wanted(self) -> str:
        """Give the profile asked for; of several options the last counts, as for the engine."""
        options = map(str, (self.seen.get("HostConfig") or {}).get("SecurityOpt") or [])
        # `apparmor:…` is the old spelling.
        asked = [one[9:].strip() for one in options if one.startswith(("apparmor=", "apparmor:"))]
        return asked[-1] if asked else ""

    @property
    def declared(self) -> Declared:
        """Tell what bears on it; with --privileged inspect says `unconfined` of one that is confined."""
        named = self.wanted or str(self.seen.get("AppArmorProfile") or "")
        if named == UNCONFINED:
            return "unconfined"
        return "default" if named in {"", DEFAULT} else "own"

    @property
    def rank(self) -> tuple[int, float]:
        """Put a running one with a profile first, then dead ones with one, then any that runs; the newest."""
        if isinstance(self.inspected, OutOfReach):
            tier = 0
        elif self.declared == "own":
            tier = 5 if self.runs else 4
        else:
            tier = (3 if self.wanted else 2) if self.runs else 1
        return tier, self.listed.get("Created") or 0

    def bearing(self) -> str:
        """Give the id of one with a profile of its own: in no other is anything run."""
        if self.declared != "own":
            raise OutOfReach(Why.NOT_TRIED, self.name)
        return self.id


class Chosen(Struct, frozen=True):
    """The container to grade, and those passed over."""

    one: Candidate
    others: Sequence[Candidate]


def choose(engine: Engine, image: str = IMAGE, file: str = FILE) -> Chosen:
    """Choose; `NotThere` when nothing fits. `--container` leaves only the one it names."""
    profiles = {profile.name for profile in written(engine, file)}
    # Only the file could make another image's container the one: else nothing more is worth a question.
    listed = candidates.meant(engine, image, others=bool(profiles))
    found = [
        one
        for entry, seen in candidates.inspected(engine, listed)
        for one in candidate(entry, seen, image)
        if one.fits or engine.asked or one.wanted in profiles
    ]
    if not found:
        raise candidates.none_fits(engine, image, file)
    best = max(found, key=lambda one: one.rank)
    if isinstance(best.inspected, OutOfReach):
        raise best.inspected
    return Chosen(best, [one for one in found if one is not best])


def candidate(entry: Json, seen: Json | Exception, image: str) -> Iterator[Candidate]:
    """Make a candidate of what was listed and inspected; what has gone meanwhile is none."""
    match seen:
        case NotThere():
            return
        case OutOfReach():
            # Another lab's container that is stuck must not keep this one from being graded.
            yield Candidate(listed=entry, inspected=seen, fits=candidates.runs(entry, image))
        case Exception():
            raise seen
        case _:
            yield Candidate(listed=entry, inspected=seen, fits=candidates.runs(entry, image))


def written(engine: Engine, file: str) -> Sequence[Profile]:
    """Read the profiles that the file declares; none where it cannot be read, or not be loaded."""
    try:
        return parsed(text(engine, file))
    except (Invalid, NotThere, OutOfReach):
        return ()


def text(engine: Engine, file: str) -> bytes:
    """Read the file in the working folder, else where this machine keeps its profiles."""
    try:
        return engine.read_file(file)
    except NotThere:
        return engine.read_apparmor_profile(file)
