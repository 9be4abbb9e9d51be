"""Kind `apparmor-write`: whether opening a file that the profile denies is refused."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct

from dckgrade.engine.answers import CommandResult, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import CONTAINER, WORKDIR
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.apparmor.candidate import (
    DEFAULT_IMAGE,
    DEFAULT_PROFILE_FILE,
    choose_container,
    read_declared_profiles,
)
from dckgrade.probes.apparmor.path_patterns import expand_alternatives
from dckgrade.probes.apparmor.profile import ApparmorProfile
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.candidates import NO_CANDIDATE
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.support.supply import NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

# Opened for append and closed, nothing is written. Only a file that is there, or it would be made; only one
# whose own rights let us write, in which AppArmor has no part: then a refusal is the profile's. And only
# where the profile holds for a command too: what is run in a privileged container is unconfined.
APPEND_SCRIPT = """
test "$(cat /proc/self/attr/current 2> /dev/null)" != unconfined || exit 90
test -f "$0" || test "$0" = /dev/null || exit 90
test -w "$0" || exit 90
: >> "$0"
"""
APPEND_COMMAND = ("sh", "-c", APPEND_SCRIPT)
# Prints files that shell patterns match, each behind its place without links. Nothing is opened.
LIST_SCRIPT = """
IFS=
left=40
for pattern do
  for path in $pattern; do
    test -f "$path" && test -w "$path" && ! test -L "$path" || continue
    left=$((left - 1))
    test $left -ge 0 || exit 0
    echo "$(cd "${path%/*}/" && pwd -P)/${path##*/} $path"
  done
done
"""
UNTRIED_EXIT_CODE, MAX_TRIED_FILES, MAX_SHELL_PATTERNS = 90, 3, 40
PLAIN_PATH_PATTERN = compile_lazily(r"/[/\w.+-]+$")
SHELL_SAFE_PATTERN = compile_lazily(r"[/\w.+*?\[\]^-]+$")
# Opening some of these is an act: of them only the files below are tried.
SPECIAL_PREFIXES = ("/proc/", "/sys/", "/dev/")
# Real paths, no links. The first three are mounts in every container: there, not even its layer is touched.
CANDIDATE_FILES = (
    *("/etc/hostname", "/etc/hosts", "/etc/resolv.conf"),
    *("/etc/nginx/nginx.conf", "/etc/passwd", "/etc/group"),
    *("/usr/share/nginx/html/index.html", "/etc/nginx/conf.d/default.conf", "/etc/nginx/mime.types"),
    *("/root/.bashrc", "/root/.profile", "/usr/lib/os-release"),
    *("/proc/uptime", "/dev/null"),
)
# Where writing is granted to all of these it is granted everywhere.
SAMPLE_PATHS = (
    *("/x", "/bin/x", "/boot/x", "/dev/x", "/etc/x", "/home/x/y", "/lib/x", "/opt/x", "/proc/x", "/root/x"),
    *("/run/x", "/srv/x", "/sys/x", "/mnt/x", "/usr/bin/x", "/usr/lib/x", "/usr/share/x/y", "/var/lib/x/y"),
)
DEPTHS = ("*", "*/*", "*/*/*", "*/*/*/*")
"""What a shell knows instead of `**`."""

WriteOutcome = Literal["refused", "allowed", "untried"]


class Facts(Struct, frozen=True, kw_only=True):
    """What came of it."""

    refused: bool
    path: str
    """The file that was opened: the one refused, else the last."""
    denied_by_file: bool
    """The rules of the file do not let it be written to."""
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


WORDS: Mapping[str, ValueWords] = {
    "refused": {
        False: Text(fr="l'écriture dans {path} n'est pas refusée", en="writing to {path} is not refused"),
    },
}


class ApparmorWrite(Probe, frozen=True, kw_only=True, tag="apparmor-write"):
    """Open for append, in the container, files to which the profile in *file* denies writing."""

    file: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")] = DEFAULT_PROFILE_FILE

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = False
    cost: ClassVar[Cost] = Cost.ACT
    absent: ClassVar[Text] = NO_CANDIDATE
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR, CONTAINER)
    supply: ClassVar[Supply | NotSupplied] = NotSupplied("the profile is chosen by the lab")
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Choose the files from the profile, and try."""
        try:
            facts = try_writes(engine, self.file)
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("apparmor-write", trouble)
        return Seen(kind="apparmor-write", facts=msgspec.to_builtins(facts))


def try_writes(engine: Engine, file: str) -> Facts:
    """Try files in turn; return the first that was refused, else the first that was allowed."""
    candidate = choose_container(engine, DEFAULT_IMAGE, file).candidate
    container = candidate.require_profiled_id()
    let: Facts | None = None
    for path, denied in list_paths_to_try(engine, container, file, candidate.wanted_profile):
        ran = engine.run_command(container, (*APPEND_COMMAND, path))
        answer = classify_write_output(ran)
        # Of a file that may be written to, whatever the text says or hides, nothing follows.
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


def list_paths_to_try(
    engine: Engine, container: str, file: str, profile: str
) -> Iterator[tuple[str, bool | None]]:
    """
    Yield files, and whether the profile denies writing to them; None: what it says of them cannot be told.

    False is said only of a profile that grants everything and denies nothing.
    """
    texts = [declared for declared in read_declared_profiles(engine, file) if declared.name == profile]
    denied = [path for path in CANDIDATE_FILES if any(declared.denies(path) for declared in texts)]
    yield from ((path, True) for path in denied[:MAX_TRIED_FILES])
    if len(denied) < MAX_TRIED_FILES:
        yield from find_denied_files(engine, container, texts)
    # Files that no rule grants are denied without a word.
    unnamed = [
        path
        for path in CANDIDATE_FILES
        if path not in denied and not any(declared.grants(path) for declared in texts)
    ]
    knows_all = bool(texts) and all(declared.knows_all_rules for declared in texts)
    yield from ((path, True if knows_all else None) for path in unnamed[:MAX_TRIED_FILES])
    grants_all = knows_all and all(
        not declared.denied and all(map(declared.grants, SAMPLE_PATHS)) for declared in texts
    )
    if not denied and not unnamed:
        yield CANDIDATE_FILES[0], False if grants_all else None


def find_denied_files(
    engine: Engine, container: str, texts: Sequence[ApparmorProfile]
) -> Iterator[tuple[str, bool]]:
    """Yield files of the container to which a rule denies writing, those without links first."""
    patterns = [pattern for declared in texts for pattern in declared.denied]
    words = dict.fromkeys(word for pattern in patterns for word in list_shell_patterns(pattern))
    near = sorted(words, key=lambda word: word.count("/"))[:MAX_SHELL_PATTERNS]
    if not near:
        return
    printed = engine.run_command(container, ("sh", "-c", LIST_SCRIPT, "sh", *near))
    pairs = [line.split(" ") for line in printed.output.splitlines() if line.count(" ") == 1]
    places = [place for place, _ in pairs if any(declared.denies(place) for declared in texts)]
    written = [path for place, path in pairs if place not in places]
    tried = [path for path in dict.fromkeys((*places, *written)) if PLAIN_PATH_PATTERN.match(path)]
    yield from ((path, True) for path in tried[:MAX_TRIED_FILES] if path not in CANDIDATE_FILES)


def list_shell_patterns(pattern: str) -> Iterator[str]:
    """Yield what a shell would write for a pattern of paths, the files with a leading dot too."""
    for alternative in expand_alternatives(pattern):
        if not SHELL_SAFE_PATTERN.match(alternative) or not alternative.startswith("/"):
            continue
        plain = alternative.replace("[^", "[!")
        for deep in DEPTHS if "**" in plain else ("",):
            word = plain.replace("**", deep)
            if not word.startswith(SPECIAL_PREFIXES):
                yield word
                if "/*" in word:
                    before, _, last = word.rpartition("/*")
                    yield f"{before}/.[!.]*{last}"


def classify_write_output(ran: CommandResult) -> WriteOutcome:
    """Return what the output means; what is neither a refusal nor a success tells nothing."""
    if ran.exit_code == 0:
        return "allowed"
    return (
        "refused" if ran.exit_code != UNTRIED_EXIT_CODE and "Permission denied" in ran.output else "untried"
    )
