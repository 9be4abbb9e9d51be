"""Kind `container-privileges`: what the kernel lets a container's processes do, and what they can regain."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from msgspec import Struct

from dckgrade.engine.answers import Json, NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost
from dckgrade.probes.support import value_words
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.lookup import NO_SUCH_CONTAINER, FoundContainer
from dckgrade.probes.support.namespaces import shares_processes
from dckgrade.probes.support.reachability import is_running
from dckgrade.probes.support.supply import EACH_CONTAINER, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import UnobservableReason
from dckgrade.report.text import Text

READ_FIRST_STATUS_COMMAND = ("cat", "/proc/1/status")
CAPABILITIES = (
    *("CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"),
    *("SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW"),
    *("IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT"),
    *("SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE"),
    *("AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM"),
    *("BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE"),
)
"""By the bit in the kernel's masks (linux/capability.h)."""
MAX_CAPABILITIES = 64


class Facts(Struct, frozen=True, kw_only=True):
    """
    What `/proc/PID/status` says of the container's first process, and what was asked for.

    Its children can have no more: bounding set and seccomp are inherited and only become stricter, and
    no_new_privs cannot be taken back.
    """

    name: str
    running: bool
    """Whether it runs now: the kernel grants nothing to one that does not."""
    bounding: list[str] | None
    """The capabilities that its processes can have at all, such as CHOWN: also by a setuid program."""
    effective: list[str] | None
    """Those that the first process has now."""
    no_new_privileges: bool | None
    """Whether a setuid program gives no rights, whoever asked for that: the container or its engine."""
    seccomp_mode: int | None
    """0: system calls are not filtered; 1: strict; 2: by a filter; null: the kernel has no seccomp."""
    privileged: bool
    """By `--privileged`."""
    added: list[str]
    """By `--cap-add`, as asked for: ALL, or names without CAP_."""
    dropped: list[str]
    """By `--cap-drop`."""
    declared_no_new_privileges: bool | None
    """What the container's own options say of it; null: nothing."""
    by: Literal["proc", "exec"] | None
    """Told by the kernel of the engine's machine, or by a command in the container; null: by neither."""
    command: str
    """What was run in the container to learn it; empty where nothing was."""


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom du conteneur", en="container name"),
    "running": Text(fr="conteneur en marche", en="container running"),
    "bounding": Text(fr="capacités possibles", en="possible capabilities"),
    "effective": Text(fr="capacités effectives", en="effective capabilities"),
    "no_new_privileges": Text(fr="aucun nouveau droit possible", en="no new privileges possible"),
    "seccomp_mode": Text(fr="mode seccomp", en="seccomp mode"),
    "privileged": Text(fr="mode privilégié", en="privileged mode"),
    "added": Text(fr="capacités ajoutées", en="capabilities added"),
    "dropped": Text(fr="capacités retirées", en="capabilities dropped"),
    "declared_no_new_privileges": Text(
        fr="option contre les nouveaux droits", en="option against new privileges"
    ),
    "by": Text(fr="source de l'information", en="source of the information"),
    "command": Text(fr="commande exécutée", en="command run"),
}


WORDS: Mapping[str, ValueWords] = {
    "by": value_words.SOURCE_OF_STATUS,
    "seccomp_mode": value_words.SECCOMP_MODE,
    "bounding": {
        (): Text(fr="aucune", en="none"),
        None: Text(fr="inconnues", en="not known"),
    },
    "effective": {
        (): Text(fr="aucune", en="none"),
        None: Text(fr="inconnues", en="not known"),
    },
    "no_new_privileges": {
        False: Text(
            fr="un processus peut encore obtenir de nouveaux droits",
            en="a process can still gain new privileges",
        ),
        None: Text(
            fr="on ne sait pas si un processus peut obtenir de nouveaux droits",
            en="whether a process can gain new privileges is not known",
        ),
    },
    "added": value_words.NO_ELEMENT_FEMININE,
    "dropped": value_words.NO_ELEMENT_FEMININE,
}


class ContainerPrivileges(ContainerProbe, frozen=True, kw_only=True, tag="container-privileges"):
    """
    Ask the kernel what the container called *container* may do.

    Where the engine's processes are this machine's, `/proc` tells; else `cat` is run in the container.
    """

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.READ
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = EACH_CONTAINER
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "no_new_privileges": DraftedFact(
            {True: Text(fr="ne peut pas gagner de privilèges", en="cannot gain privileges")}
        ),
        "dropped": DraftedFact(Text(fr="renonce aux capacités {value}", en="drops the capabilities {value}")),
    }
    example: ClassVar[Mapping[str, Any]] = {"container": "webservers"}

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:
        """Read the status of the first process of what runs, and the options."""
        if not is_running(inspected):
            return build_privileges_facts(subject.name, inspected, None, None)
        by, status = read_first_status(engine, subject.id, inspected)
        return build_privileges_facts(subject.name, inspected, parse_status(status), by)


class ProcessStatus(Struct, frozen=True, kw_only=True):
    """The lines of `/proc/PID/status` about privileges; sets of capabilities are the kernel's masks."""

    bounding: int
    effective: int
    no_new_privileges: bool
    seccomp_mode: int | None


def read_first_status(engine: Engine, container: str, inspected: Json) -> tuple[Literal["proc", "exec"], str]:
    """
    Return the status of a running container's first process, and who told of it.

    A command is not run where the container shares processes, be they the machine's or those of another
    container: number 1 is another's there. Raises `OutOfReach`.
    """
    try:
        return "proc", engine.read_process_file(container, "status")
    except (NotThere, OutOfReach):
        if shares_processes(inspected):
            raise OutOfReach(UnobservableReason.NOT_TRIED, "process 1 in it is another's") from None
        return "exec", engine.run_command(container, READ_FIRST_STATUS_COMMAND).output


def parse_status(written: str) -> ProcessStatus:
    """Read the status (proc(5)); `OutOfReach` for what is none."""
    lines = dict(re.findall(r"^(\w+):[ \t]*([^\n]*)$", written, re.MULTILINE))
    try:
        return ProcessStatus(
            bounding=int(lines["CapBnd"], 16),
            effective=int(lines["CapEff"], 16),
            no_new_privileges=int(lines["NoNewPrivs"]) == 1,
            seccomp_mode=int(lines["Seccomp"]) if "Seccomp" in lines else None,
        )
    except (KeyError, ValueError):
        said = (written.strip().splitlines() or [""])[-1][:200]
        raise OutOfReach(UnobservableReason.NOT_TRIED, said) from None


def build_privileges_facts(
    name: str, inspected: Json, status: ProcessStatus | None, by: Literal["proc", "exec"] | None
) -> Facts:
    """Put status and inspect answer into facts; None: the container does not run."""
    host = inspected.get("HostConfig") or {}
    return Facts(
        name=name,
        running=status is not None,
        bounding=list_capabilities(status.bounding) if status else None,
        effective=list_capabilities(status.effective) if status else None,
        no_new_privileges=status.no_new_privileges if status else None,
        seccomp_mode=status.seccomp_mode if status else None,
        privileged=bool(host.get("Privileged")),
        added=normalize_capabilities(host.get("CapAdd") or []),
        dropped=normalize_capabilities(host.get("CapDrop") or []),
        declared_no_new_privileges=parse_no_new_privileges(host.get("SecurityOpt") or []),
        by=by,
        command=" ".join(READ_FIRST_STATUS_COMMAND) if by == "exec" else "",
    )


def list_capabilities(mask: int) -> list[str]:
    """List the capabilities of a mask of the kernel's; one that is newer than ours by its number."""
    bits = (bit for bit in range(MAX_CAPABILITIES) if mask >> bit & 1)
    return sorted(CAPABILITIES[bit] if bit < len(CAPABILITIES) else f"CAP_{bit}" for bit in bits)


def normalize_capabilities(written: Sequence[object]) -> list[str]:
    """Return capabilities without CAP_, which some engines and clients put before them and others do not."""
    return sorted({str(name).upper().removeprefix("CAP_")[:30] for name in written})[:MAX_CAPABILITIES]


def parse_no_new_privileges(options: Sequence[object]) -> bool | None:
    """Return what the options say of it, the last one counts; `:` is the old spelling of `=`."""
    said = None
    for option in options:
        word, _, value = str(option).replace(":", "=", 1).partition("=")
        if word == "no-new-privileges":
            said = value.casefold() not in {"false", "0", "f"}
    return said
