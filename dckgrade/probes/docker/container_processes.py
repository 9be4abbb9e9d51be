"""Kind `container-processes`: whose processes a container's are, and whether its first one can be stopped."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.probes.base import Cost
from dckgrade.probes.support import value_words
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.lookup import FoundContainer
from dckgrade.probes.support.namespaces import Shared, list_shared_namespaces, shares_processes
from dckgrade.probes.support.process_tree import find_descendants
from dckgrade.probes.support.supply import EACH_CONTAINER, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import UnobservableReason
from dckgrade.report.text import Text

PS_COLUMNS = "pid,ppid,uid,caught,ignored,args"
READ_STATUS_COMMAND = ("sh", "-c", "cat /proc/[0-9]*/status")
TERM_BIT = 1 << 14
"""SIGTERM is signal 15; the kernel writes its masks in hexadecimal, the first signal lowest."""
INIT_PROGRAMS = {"catatonit", "docker-init", "dumb-init", "s6-svscan", "tini"}
"""They wait for signals with sigtimedwait, which leaves no mark in the masks, and pass them on."""
MAX_PROCESSES = 200
MAX_NAMES, MAX_NAME_CHARS = 10, 60
REMAPPED_IDS = 65_536


class Process(Struct, frozen=True, kw_only=True):
    """One process of a container, as the kernel describes it."""

    pid: int
    parent: int
    uid: int
    name: str
    caught: int | None = None
    """The signals that it handles, a bit each; None where that was not told."""
    ignored: int | None = None


class Facts(Struct, frozen=True, kw_only=True):
    """The container's own processes: those that its first one has started, not those of `docker exec`."""

    name: str
    uids: list[int]
    """The users that they run as, each once, as the container counts them: 0 is root."""
    root: list[str]
    """The programs that run as root, each once."""
    first: str
    """The program of the first process."""
    first_root: bool
    """Whether the first process runs as root."""
    handles_term: bool | None
    """Whether `docker stop` ends it without waiting: it handles SIGTERM, or is an init; null: not told."""
    init: bool
    """Whether the first process is an init, such as that of `--init`."""
    shares_with_machine: list[Shared]
    """The namespaces that are the machine's own: network, processes, ipc, names, users."""
    by: Literal["top", "exec"]
    """Told by the engine's `ps`, which runs nothing in the container, or by a command in it."""
    command: str
    """What was run in the container to learn it; empty where nothing was."""


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom du conteneur", en="container name"),
    "uids": Text(fr="utilisateurs des processus", en="process users"),
    "root": Text(fr="programmes qui tournent en root", en="programs that run as root"),
    "first": Text(fr="programme du premier processus", en="program of the first process"),
    "first_root": Text(fr="premier processus en root", en="first process run by root"),
    "handles_term": Text(fr="premier processus sensible à SIGTERM", en="first process that heeds SIGTERM"),
    "init": Text(fr="processus init en tête", en="init as the first process"),
    "shares_with_machine": Text(
        fr="espaces partagés avec la machine", en="namespaces shared with the machine"
    ),
    "by": Text(fr="source de l'information", en="source of the information"),
    "command": Text(fr="commande exécutée", en="command run"),
}


WORDS: Mapping[str, ValueWords] = {
    "by": value_words.SOURCE_OF_STATUS,
    "shares_with_machine": value_words.SHARED_NAMESPACES,
    "uids": {
        0: Text(fr="root (0)", en="root (0)"),
    },
}


class ContainerProcesses(ContainerProbe, frozen=True, kw_only=True, tag="container-processes"):
    """List the processes of the container called *container*; one that does not run has none."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = Text(
        fr="aucun conteneur en marche nommé {asked} n'a été trouvé",
        en="no running container named {asked} was found",
    )
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = EACH_CONTAINER
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "init": DraftedFact({True: Text(fr="a un programme init", en="has an init program")}),
    }
    example: ClassVar[Mapping[str, Any]] = {"container": "webservers"}

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:
        """Ask the engine's `ps`; where its machine has another one, run `cat` in the container."""
        by, processes = find_processes(engine, subject.id, inspected)
        return build_processes_facts(
            subject.name, inspected, processes, by, list_shared_namespaces(engine, inspected)
        )


def find_processes(
    engine: Engine, container: str, inspected: Json
) -> tuple[Literal["top", "exec"], list[Process]]:
    """
    Return the container's own processes, its first one at the head, and who told of them.

    Raises `NotThere` for a container that does not run: it has none.
    """
    state = inspected.get("State") or {}
    if not state.get("Running") or state.get("Restarting"):
        raise NotThere(container)
    first_pid = int(state.get("Pid") or 0)
    try:
        processes = map(parse_ps_row, engine.list_processes(container, PS_COLUMNS)[:MAX_PROCESSES])
        base = find_remapped_base(inspected, engine.inspect_engine())
        return "top", select_own([shift_uid(process, base) for process in processes], first_pid)
    except OutOfReach as refusal:
        # Inside, the first process is number 1: not in one that shares another's processes.
        own_errors = {UnobservableReason.ENGINE_ERROR, UnobservableReason.UNREADABLE}
        if refusal.why not in own_errors or shares_processes(inspected):
            raise
    written = engine.run_command(container, READ_STATUS_COMMAND).output
    return "exec", select_own(list(parse_status_files(written)), 1)


def parse_ps_row(row: Sequence[str]) -> Process:
    """Read a row of `ps`; raises `OutOfReach` for one of other columns."""
    try:
        pid, parent, uid, caught, ignored, args = row
        return Process(
            pid=int(pid),
            parent=int(parent),
            uid=int(uid),
            name=get_program_name(args),
            caught=int(caught, 16),
            ignored=int(ignored, 16),
        )
    except ValueError:
        raise OutOfReach(UnobservableReason.UNREADABLE, f"ps: {' '.join(row)[:100]}") from None


def get_program_name(args: str) -> str:
    """Return the program's name: `nginx` of `nginx: master process nginx -g daemon off;`."""
    word = (args.split() or [""])[0].rstrip(":")
    return mask_secrets(word.rpartition("/")[2])[:MAX_NAME_CHARS]


def parse_status_files(written: str) -> Iterator[Process]:
    """Read `/proc/*/status`, one after another."""
    for part in re.split(r"^(?=Name:)", written, flags=re.MULTILINE)[: MAX_PROCESSES + 1]:
        lines = dict(re.findall(r"^(\w+):[ \t]*([^\n]*)$", part, re.MULTILINE))
        try:
            yield Process(
                pid=int(lines["Pid"]),
                parent=int(lines["PPid"]),
                uid=int(lines["Uid"].split()[1]),
                name=mask_secrets(lines["Name"])[:MAX_NAME_CHARS],
                caught=int(lines["SigCgt"], 16),
                ignored=int(lines["SigIgn"], 16),
            )
        except (KeyError, ValueError, IndexError):
            continue


def select_own(processes: Sequence[Process], first_pid: int) -> list[Process]:
    """
    Return the first process, then its descendants; others came in by `docker exec` or a health check.

    Raises `OutOfReach` where the first one is not among them: nothing can be said of its container then.
    """
    own = find_descendants({process.pid: process.parent for process in processes}, first_pid)
    return sorted(
        (process for process in processes if process.pid in own),
        key=lambda process: (process.pid != first_pid, process.pid),
    )


def find_remapped_base(inspected: Json, info: Json) -> int:
    """
    Return which user of the machine is the container's root: 0, unless the engine remaps users.

    Such an engine keeps its data in a folder named after them, `/var/lib/docker/100000.100000`.
    """
    remaps = any("name=userns" in option for option in info.get("SecurityOptions") or [])
    if not remaps or (inspected.get("HostConfig") or {}).get("UsernsMode") == "host":
        return 0
    found = re.search(r"/(\d{1,10})\.\d{1,10}/?$", info.get("DockerRootDir") or "")
    if not found:
        raise OutOfReach(UnobservableReason.UNREADABLE, "DockerRootDir")
    return int(found[1])


def shift_uid(process: Process, base: int) -> Process:
    """Return the process with its user as the container counts it."""
    inside = base <= process.uid < base + REMAPPED_IDS
    return msgspec.structs.replace(process, uid=process.uid - base) if base and inside else process


def build_processes_facts(
    name: str,
    inspected: Json,
    processes: Sequence[Process],
    by: Literal["top", "exec"],
    shared: list[Shared],
) -> Facts:
    """Put the processes, the first one at the head, into facts."""
    host, first = inspected.get("HostConfig") or {}, processes[0]
    init = bool(host.get("Init")) or first.name in INIT_PROGRAMS
    return Facts(
        name=name,
        uids=sorted({process.uid for process in processes}),
        root=list_names(process for process in processes if process.uid == 0),
        first=first.name,
        first_root=first.uid == 0,
        handles_term=heeds_term(first, init=init, protected=not shares_processes(inspected)),
        init=init,
        shares_with_machine=shared,
        by=by,
        command=" ".join(READ_STATUS_COMMAND) if by == "exec" else "",
    )


def list_names(processes: Iterable[Process]) -> list[str]:
    """List the programs, each once."""
    return sorted({process.name for process in processes})[:MAX_NAMES]


def heeds_term(process: Process, *, init: bool, protected: bool) -> bool | None:
    """
    Return whether SIGTERM ends the first process.

    Number 1 of its own pid namespace is *protected*: a signal that it does not handle does nothing.
    """
    if init:
        return True
    if process.caught is None or process.ignored is None:
        return None
    return bool(process.caught & TERM_BIT) or not (protected or process.ignored & TERM_BIT)
