"""Kind `apparmor-label`: the profiles that confine the processes of the container."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.run_options import CONTAINER, WORKDIR
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.apparmor.candidate import ApparmorCandidate, choose_container
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support import value_words
from dckgrade.probes.support.candidates import NO_CANDIDATE
from dckgrade.probes.support.lookup import convert_to_observation
from dckgrade.probes.support.process_tree import find_descendants
from dckgrade.probes.support.supply import NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, Seen, UnobservableReason
from dckgrade.report.text import Text

PS_COLUMNS = "pid,ppid,label"
READ_LABELS_COMMAND = ("sh", "-c", "for p in /proc/[0-9]*; do cat $p/stat $p/attr/current; done")
STAT_PATTERN = compile_lazily(r"^(?P<pid>\d+) \(.*\) \S (?P<parent>\d+) ")
"""The beginning of `/proc/PID/stat`, proc_pid_stat(5): the name, between brackets, may hold any character."""
LABEL_PATTERN = compile_lazily(r"^(?P<name>\S.*?) \((?P<mode>\w+)\)$")

LabelSource = Literal["top", "exec", "proc"]


class Facts(Struct, frozen=True, kw_only=True):
    """What the labels say; the name that inspect shows may be a promise that the kernel does not keep."""

    name: str
    """The container that was graded."""
    wanted: str
    """The profile that it was created with."""
    profiles: list[str]
    """The profiles that confine its processes, each once; `unconfined` is one of them."""
    modes: list[str]
    """`enforce`, `complain`, `kill`… each once; `unconfined` has none."""
    as_wanted: bool
    """Every process of its own is confined by that profile, or by a child of it. One that `docker exec`
    brings in is not confined yet while the runtime prepares it."""
    enforced: bool
    """And by none that only watches."""
    by: LabelSource
    """Told by the engine's `ps`, by a command in the container, or by this machine's /proc."""
    command: str
    """What was run in the container to learn it; empty where nothing was."""
    ping_tried: bool
    """Another container's command is `ping`."""


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom du conteneur", en="container name"),
    "wanted": Text(fr="profil AppArmor demandé", en="AppArmor profile asked for"),
    "profiles": Text(fr="profils qui confinent les processus", en="profiles that confine the processes"),
    "modes": Text(fr="modes AppArmor des processus", en="AppArmor modes of the processes"),
    "as_wanted": Text(
        fr="processus confinés par le profil demandé", en="processes confined by the profile asked for"
    ),
    "enforced": Text(fr="profil vraiment imposé", en="profile really enforced"),
    "by": Text(fr="source de l'information", en="source of the information"),
    "command": Text(fr="commande exécutée", en="command run"),
    "ping_tried": Text(fr="essai fait avec ping", en="tried with ping"),
}


WORDS: Mapping[str, ValueWords] = {
    "as_wanted": {
        False: Text(
            fr="des processus échappent au profil demandé",
            en="some processes are not confined by the profile asked for",
        ),
    },
    "enforced": {
        False: Text(
            fr="le profil n'est pas vraiment imposé aux processus",
            en="the profile is not really enforced on the processes",
        ),
    },
    "by": value_words.SOURCE_OF_STATUS,
}


class ApparmorLabel(Probe, frozen=True, kw_only=True, tag="apparmor-label"):
    """Read the label of every process; where the engine cannot tell, this runs `cat` in the container."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = False
    cost: ClassVar[Cost] = Cost.ACT
    absent: ClassVar[Text] = NO_CANDIDATE
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    inputs: ClassVar[tuple[str, ...]] = (WORKDIR, CONTAINER)
    supply: ClassVar[Supply | NotSupplied] = NotSupplied("the lab chooses the profile of the container")
    example: ClassVar[Mapping[str, Any]] = {}

    def observe(self, engine: Engine) -> Observation:
        """Ask each way that there is, until one tells."""
        try:
            candidate = choose_container(engine).candidate
            facts = build_apparmor_label_facts(
                candidate,
                *find_labels(engine, candidate.require_profiled_id()),
                ping=has_ping_container(engine),
            )
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("apparmor-label", trouble)
        return Seen(kind="apparmor-label", facts=msgspec.to_builtins(facts))


def find_labels(engine: Engine, container: str) -> tuple[LabelSource, Sequence[str]]:
    """Return the labels and who told them; `OutOfReach` when nobody can."""
    for by, found in query_label_sources(engine, container):
        if found and all(label == "unconfined" or LABEL_PATTERN.match(label) for label in found):
            return by, found
    raise OutOfReach(UnobservableReason.NOT_TRIED, container[:12])


def query_label_sources(engine: Engine, container: str) -> Iterator[tuple[LabelSource, Sequence[str]]]:
    """Yield each source with its labels; the engine's `ps` first, which runs nothing in the container."""
    try:
        yield "top", list_labels_by_ps(engine, container)
    except (NotThere, OutOfReach):
        yield "top", []
    try:
        yield "exec", parse_labels(engine.run_command(container, READ_LABELS_COMMAND).output)
    except (NotThere, OutOfReach):
        yield "exec", []
    try:
        yield "proc", [engine.read_apparmor_label(container)]
    except (NotThere, OutOfReach):
        yield "proc", []


def list_labels_by_ps(engine: Engine, container: str) -> list[str]:
    """List the labels of the container's own processes, as the `ps` of its machine tells them."""
    first = int((engine.inspect_container(container).get("State") or {}).get("Pid") or 0)
    try:
        rows = [
            (int(pid), int(parent), label)
            for pid, parent, label in engine.list_processes(container, PS_COLUMNS)
        ]
    except ValueError:
        raise OutOfReach(UnobservableReason.UNREADABLE, "ps") from None
    return select_own_labels(rows, first)


def parse_labels(written: str) -> list[str]:
    """Read what `READ_LABELS_COMMAND` writes: of each process a line of its state, then its label."""
    lines = written.split("\n")
    rows = [
        (int(state["pid"]), int(state["parent"]), label)
        for line, label in pairwise(lines)
        if (state := STAT_PATTERN.match(line)) and not STAT_PATTERN.match(label)
    ]
    return select_own_labels(rows, 1)


def select_own_labels(rows: Sequence[tuple[int, int, str]], first: int) -> list[str]:
    """Return the labels of the process *first* and of its descendants."""
    own = find_descendants({pid: parent for pid, parent, _ in rows}, first)
    return [label for pid, _, label in rows if pid in own]


def build_apparmor_label_facts(
    candidate: ApparmorCandidate, by: LabelSource, found: Sequence[str], *, ping: bool
) -> Facts:
    """Put the labels into facts."""
    matched = [(label, LABEL_PATTERN.match(label)) for label in found]
    profiles = [match["name"] if match else label for label, match in matched]
    modes = [match["mode"] for _, match in matched if match]
    return Facts(
        name=candidate.name,
        wanted=candidate.wanted_profile[:100],
        profiles=sorted({profile[:100] for profile in profiles})[:10],
        modes=sorted(set(modes)),
        as_wanted=all(profile.split("//")[0] == candidate.wanted_profile for profile in profiles),
        enforced=len(modes) == len(profiles) and set(modes) <= {"enforce", "kill"},
        by=by,
        command=" ".join(READ_LABELS_COMMAND) if by == "exec" else "",
        ping_tried=ping,
    )


def has_ping_container(engine: Engine) -> bool:
    """Return whether somebody asked `ping` for a proof."""
    commands = (str(entry.get("Command") or "").strip("'\"").split() for entry in engine.list_containers())
    return any(words and words[0].rpartition("/")[2] == "ping" for words in commands)
