"""The engine's containers → the one that bears the trainee's seccomp profile, chosen by facts."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.seccomp.policy import Effect, capabilities, effect
from dckgrade.probes.seccomp.profile import Invalid, Profile, parsed
from dckgrade.probes.support import candidates
from dckgrade.probes.support.lookup import names
from dckgrade.report.observation import Why

IMAGE, FILE = "nginx", "seccomp_profile.json"

Declared = Literal["own", "default", "unconfined", "path", "refused"]
"""
What `HostConfig.SecurityOpt` says of seccomp: a profile of one's own, inlined; nothing, or `builtin`;
`unconfined`; something that is no JSON, such as a path; JSON that is no profile.
"""


class Candidate(Struct, frozen=True, kw_only=True):
    """A container that may be the one: as listed, and as inspected (None: stuck at its start)."""

    listed: Json
    inspected: Json | None
    declared: Declared
    profile: Profile | None
    fits: bool
    """It runs the image that the lab asks for."""

    @property
    def id(self) -> str:
        """Give the container's id."""
        return str(self.listed.get("Id") or "")

    @property
    def runs(self) -> bool:
        """Say whether the engine lists it as running."""
        return self.listed.get("State") == "running"

    @property
    def host(self) -> Json:
        """Give inspect's `HostConfig`."""
        return (self.inspected or {}).get("HostConfig") or {}

    @property
    def effect(self) -> Effect | None:
        """Tell what its profile does in it; None where it has none, or one that switches seccomp off."""
        return effect(self.profile, capabilities(self.host)) if self.profile else None

    @property
    def rank(self) -> tuple[int, float]:
        """Put a running one with a profile first, then dead or stuck ones, then any that runs; the newest."""
        deliberate = self.declared not in {"default", "unconfined"} or self.inspected is None
        if deliberate:
            tier = 5 if self.runs else 4
        else:
            tier = (3 if self.declared == "unconfined" else 2) if self.runs else 1
        return tier, self.listed.get("Created") or 0

    def bearing(self) -> str:
        """Give the id of one with a profile of its own: in no other is anything run."""
        name = next(iter(names(self.listed)), "")
        if self.inspected is None:
            raise OutOfReach(Why.STUCK, name)
        if self.declared != "own":
            raise OutOfReach(Why.NOT_TRIED, name)
        return self.id


class Chosen(Struct, frozen=True):
    """The container to grade, and those passed over."""

    one: Candidate
    others: list[Candidate]


def choose(engine: Engine, image: str = IMAGE, file: str = FILE) -> Chosen:
    """Choose; `NotThere` when nothing fits. `--container` leaves only the one it names."""
    # Only the file could make another image's container the one: else nothing more is worth a question.
    listed = candidates.meant(engine, image, others=readable(engine, file))
    found = [
        one
        for entry, seen in candidates.inspected(engine, listed)
        for one in candidate(entry, seen, image)
        # Another person's container may have a profile too: it is ours if the file says the same.
        if one.fits or engine.asked or same_as_file(one, engine, file)
    ]
    if not found:
        raise candidates.none_fits(engine, image, file)
    best = max(found, key=lambda one: one.rank)
    return Chosen(best, [one for one in found if one is not best])


def candidate(entry: Json, seen: Json | Exception, image: str) -> Iterator[Candidate]:
    """Make a candidate of what was listed and inspected; what has gone meanwhile is none."""
    fits = candidates.runs(entry, image)
    match seen:
        case NotThere():
            return
        case OutOfReach(why=Why.DEADLINE) if entry.get("State") == "created":
            yield Candidate(listed=entry, inspected=None, declared="default", profile=None, fits=fits)
        case OutOfReach() if not fits:
            return
        case Exception():
            raise seen
        case _:
            declared, profile = declaration(seen.get("HostConfig") or {})
            yield Candidate(listed=entry, inspected=seen, declared=declared, profile=profile, fits=fits)


def declaration(host: Json) -> tuple[Declared, Profile | None]:
    """Read what is asked of seccomp; of several entries the last counts, as for the engine."""
    split = (str(entry).replace(":", "=", 1).partition("=") for entry in host.get("SecurityOpt") or [])
    plain = (str(entry).partition("=") for entry in host.get("SecurityOpt") or [])
    # `seccomp:…` is the old spelling; the first sign after the word tells.
    values = [
        new[2] if new[0] == "seccomp" else old[2]
        for new, old in zip(plain, split, strict=True)
        if "seccomp" in {new[0], old[0]}
    ]
    value = values[-1].strip() if values else "builtin"
    if value == "builtin":
        return "default", None
    if value == "unconfined":
        return "unconfined", None
    if not value.startswith(("{", "[")):
        return "path", None
    try:
        return "own", parsed(value.encode())
    except Invalid:
        return "refused", None


def readable(engine: Engine, file: str) -> bool:
    """Say whether the working folder holds a file that a container could be compared with."""
    try:
        parsed(engine.read_file(file))
    except (Invalid, NotThere, OutOfReach):
        return False
    return True


def same_as_file(one: Candidate, engine: Engine, file: str) -> bool | None:
    """Compare what both profiles mean in that container; None where either is not there to be read."""
    if one.profile is None:
        return None
    try:
        on_disk = parsed(engine.read_file(file))
    except (Invalid, NotThere, OutOfReach):
        return None
    return effect(on_disk, capabilities(one.host)) == one.effect
