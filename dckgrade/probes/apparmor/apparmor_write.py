"""Kind `apparmor-write`: whether opening a file that the profile denies is refused."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import CommandResult, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import CONTAINER, WORKDIR
from dckgrade.probes.apparmor.candidate import (
    DEFAULT_IMAGE,
    DEFAULT_PROFILE_FILE,
    choose_container,
    read_declared_profiles,
)
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.candidates import NO_CANDIDATE
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

# Opened for append and closed, nothing is written. Only a file that is there, or it would be made; only one
# whose own rights let us write, in which AppArmor has no part: then a refusal is the profile's. And only
# where the profile holds for a command too: what is run in a privileged container is unconfined.
APPEND_SCRIPT = """
test "$(cat /proc/self/attr/current 2> /dev/null)" != unconfined && test -f "$0" && test -w "$0" || exit 90
: >> "$0"
"""
APPEND_COMMAND = ("sh", "-c", APPEND_SCRIPT)
UNTRIED_EXIT_CODE, MAX_TRIED_FILES = 90, 3
TRIED_PREFIXES = ("/bin/", "/etc/", "/opt/", "/run/", "/sbin/", "/srv/", "/usr/", "/var/")
PLAIN_PATH_PATTERN = re.compile(r"[/\w.-]+$")
# Real paths, no links. The first three are mounts in every container: there, not even its layer is touched.
CANDIDATE_FILES = (
    *(
        "/etc/hostname",
        "/etc/hosts",
        "/etc/resolv.conf",
        "/etc/nginx/nginx.conf",
        "/etc/passwd",
        "/etc/group",
    ),
    *("/usr/share/nginx/html/index.html", "/etc/nginx/conf.d/default.conf", "/etc/nginx/mime.types"),
)

WriteOutcome = Literal["refused", "allowed", "untried"]


class Facts(Struct, frozen=True, kw_only=True):
    """What came of it."""

    refused: bool
    path: str
    """The file that was opened: the one refused, else the last."""
    denied_by_file: bool
    """A rule of the file denies writing to it."""
    command: str
    """What was run in the container."""
    answer: str
    """The last line that it printed."""


LABELS: Mapping[str, Text] = {
    "refused": Text(fr="écriture refusée", en="write refused"),
    "path": Text(fr="fichier essayé", en="file tried"),
    "denied_by_file": Text(fr="écriture interdite par le profil", en="write denied by the profile"),
    "command": Text(fr="commande exécutée", en="command run"),
    "answer": Text(fr="réponse de la commande", en="answer of the command"),
}


class ApparmorWrite(Probe, frozen=True, kw_only=True, tag="apparmor-write"):
    """Open for append, in the container, files to which the profile in *file* denies writing."""

    file: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")] = DEFAULT_PROFILE_FILE

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = False
    cost: ClassVar[Cost] = Cost.ACT
    absent: ClassVar[Text] = NO_CANDIDATE
    labels: ClassVar[Mapping[str, Text]] = LABELS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR, CONTAINER)
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Choose the files from the profile, and try."""
        try:
            facts = try_writes(engine, self.file)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("apparmor-write", trouble)
        return Seen(kind="apparmor-write", facts=msgspec.to_builtins(facts))


def try_writes(engine: Engine, file: str) -> Facts:
    """Try the files in turn; return the first that was refused, else the first that was allowed."""
    candidate = choose_container(engine, DEFAULT_IMAGE, file).candidate
    let: Facts | None = None
    for path, denied in list_paths_to_try(engine, file, candidate.wanted_profile):
        ran = engine.run_command(candidate.require_profiled_id(), (*APPEND_COMMAND, path))
        answer = classify_write_output(ran)
        # Without the text of the profile, a file that may be written to proves nothing.
        if answer == "untried" or (answer == "allowed" and denied is None):
            continue
        facts = Facts(
            refused=answer == "refused",
            path=path,
            denied_by_file=bool(denied),
            command=f": >> {path}",
            answer=(ran.output.strip().splitlines() or [""])[-1][:200],
        )
        if facts.refused:
            return facts
        let = let or facts
    if let is None:
        raise OutOfReach(UnobservableReason.NOT_TRIED, candidate.name)
    return let


def list_paths_to_try(engine: Engine, file: str, profile: str) -> Iterator[tuple[str, bool | None]]:
    """List files, and whether the profile's rules deny them; None: what it says cannot be read."""
    texts = [declared for declared in read_declared_profiles(engine, file) if declared.name == profile]
    if not texts:
        yield from ((path, None) for path in CANDIDATE_FILES[:MAX_TRIED_FILES])
        return
    denied = [path for path in CANDIDATE_FILES if any(declared.denies(path) for declared in texts)]
    denied += [
        path
        for declared in texts
        for path in declared.denied
        if path.startswith(TRIED_PREFIXES) and PLAIN_PATH_PATTERN.match(path)
    ]
    yield from ((path, True) for path in list(dict.fromkeys(denied))[:MAX_TRIED_FILES])
    if not denied:
        # A profile that grants little denies what it does not name.
        yield CANDIDATE_FILES[0], False


def classify_write_output(ran: CommandResult) -> WriteOutcome:
    """Return what the output means; what is neither a refusal nor a success tells nothing."""
    if ran.exit_code == 0:
        return "allowed"
    return (
        "refused" if ran.exit_code != UNTRIED_EXIT_CODE and "Permission denied" in ran.output else "untried"
    )
