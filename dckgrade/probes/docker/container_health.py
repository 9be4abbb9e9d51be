"""Kind `container-health`: what a container's health check says, and whether it can say anything else."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal, get_args

from msgspec import Struct

from dckgrade.engine.answers import Json, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.probes.base import Cost, add_missing_facts, get_fact
from dckgrade.probes.support import value_words
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.lookup import NO_SUCH_CONTAINER, FoundContainer, uptime_s
from dckgrade.probes.support.supply import EACH_CONTAINER, DraftedFact, NotSupplied, Supply
from dckgrade.probes.words import ValueWords
from dckgrade.report.observation import Observation, UnobservableReason
from dckgrade.report.text import Text

HealthStatus = Literal["none", "starting", "healthy", "unhealthy"]

MAX_OUTPUT_CHARS, MAX_CHECK_CHARS = 200, 300
DEFAULT_INTERVAL_S = DEFAULT_TIMEOUT_S = 30.0
_SUCCESS = (
    r"[({]?\s*(?:(?:/usr)?/bin/)?"
    r"(?:true|:|exit\s+0|(?:echo|printf)(?:[ \t](?:[<>]&[\d-]|[^;&|$\n]|\$(?!\{))*)?)[\s;)}]*"
)
"""The last command of a line, where it succeeds whatever came before it; `echo $?` shows it, and drops it."""
ALWAYS_TRUE_PATTERN = re.compile(rf"\s*(?:exit\s*;?\s*|{_SUCCESS})")
"""A command that cannot fail, whatever the service does."""
INERT_PATTERN = re.compile(
    r"\s*(?:(?:/\S*/)?(?:sleep [\d.]+[smhd]?|date|hostname|whoami|uptime|uname(?: -\w+)?|which [\w/.-]+"
    r"|[\w+-]+(?: -[\w=-]+)* --version|[\w+-]+ -V)|(?:command -v|type) [\w/.-]+)"
    r"(?: ?(?:[12&]?> ?/dev/null|2>&1))*(?: ?\|\| ?exit 1)?\s*"
)
"""A program that waits, or tells of itself or of the machine: the service has no part in how it ends."""
SLEEP_PATTERN = re.compile(r"\bsleep (\d+(?:\.\d+)?)([smhd]?)")
UNIT_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
MAX_IDLE_CHARS = 400
"""A longer command than that does something."""
MAX_END_CHARS = 2000
"""What is read of a command's end: the last of its parts stands there."""
SWALLOWING_PATTERN = re.compile(rf"(\|\||;|(?<!&)&(?!&)|\n)\s*{_SUCCESS}$")
"""The end of a command that makes success of each failure before it."""
SWALLOWING_PIPE_PATTERN = re.compile(r"(?<!\|)\|\s*(?:cat|head|tail|tee|wc)(?:\s[^;&|]*)?$")
"""A pipe whose last program does not mind what the first one found: the pipe's code is that program's."""
PIPEFAIL_PATTERN = re.compile(r"\bpipefail\b")
LEAVING_PATTERN = re.compile(
    r"\b(?:exit|return)\s+(?!0\b)[\d\"$]|\bset\s+-\w*e|(?:^|[;&|({]\s*)(?:exec|kill)\s"
)
"""What ends a command before its last part: `|| exit 1`, `set -e`."""
PROCESS_PATTERN = re.compile(
    r"\s*(?:/\S*/)?(?:pidof|pgrep|(?:kill|killall)\s+-0|ps(?:\s[^|;&$`]*)?\|\s*[ef]?grep)\b"
    r"[^;&|$`]*(?:\|\|\s*exit\s+1)?\s*;?\s*"
)
"""A command that looks for a process, and asks the service nothing."""
COMMAND_OPTION_PATTERN = re.compile(r"-[a-z]*c")
"""What makes a shell run the next word: `-c`, also along with other options: `-ec`."""
MISSING_TOOL_PATTERNS = (
    re.compile(r'exec: "([^"]{1,100})": (?:executable file not found|stat )'),
    re.compile(
        r"^(?:\S{0,50}sh: )?(?:line )?(?:\d{1,4}: )?([\w./+-]{1,100}): (?:command )?not found", re.MULTILINE
    ),
    re.compile(r"^env: ['\u2018]?([\w./+-]{1,100})['\u2019]?: No such file", re.MULTILINE),
)
ASKED_PATTERN = re.compile(
    r"https?://(?:[^\s/'\"@]{1,100}@)?(\[[0-9a-fA-F:.]{2,45}\]|[\w.-]{1,100})(:\d{1,5})?"
)
TIMED_OUT = "exceeded timeout"


class Facts(Struct, frozen=True, kw_only=True):
    """The state that `docker ps` shows, the last try, and what the check is."""

    name: str
    status: HealthStatus
    """none: nothing checks it, or its check was switched off."""
    streak: int
    """How many tries in a row have failed."""
    exit_code: int | None
    """Of the last try; -1: it did not end, or could not be run. Null where there was none."""
    output: str
    """What the last try wrote: its first 200 characters, secrets masked."""
    check: str
    """The command, secrets masked; empty without a check."""
    always_true: bool
    """The command cannot fail, whatever the service does: `true`, `exit 0`, `sleep 1`, `curl --version`."""
    swallows: bool
    """The command makes success of a failure: `… || true`, `… ; exit 0`."""
    asks_nothing: bool
    """The command looks for a process alone: `pidof httpd`. A server that hangs has one, too."""
    tool_missing: str | None
    """The program that the command calls and that the image lacks; null: none is known of."""
    timed_out: bool
    """The last try did not end in time."""
    asks: str | None
    """Host and port of the first address in the command; null: it has none."""
    interval_s: float
    """Seconds between two tries."""


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom du conteneur", en="container name"),
    "status": Text(fr="état de santé", en="health"),
    "streak": Text(fr="échecs de suite", en="failures in a row"),
    "exit_code": Text(fr="code de sortie du dernier contrôle", en="exit code of the last check"),
    "output": Text(fr="sortie du dernier contrôle", en="output of the last check"),
    "check": Text(fr="commande du contrôle de santé", en="command of the health check"),
    "always_true": Text(fr="contrôle qui réussit toujours", en="check that always succeeds"),
    "swallows": Text(fr="contrôle qui cache ses échecs", en="check that hides its failures"),
    "asks_nothing": Text(
        fr="contrôle qui n'interroge pas le service", en="check that asks the service nothing"
    ),
    "tool_missing": Text(fr="outil absent de l'image", en="tool missing from the image"),
    "timed_out": Text(fr="contrôle trop long", en="check that took too long"),
    "asks": Text(fr="adresse interrogée par le contrôle", en="address that the check asks"),
    "interval_s": Text(fr="délai entre deux contrôles", en="time between two checks"),
}


WORDS: Mapping[str, ValueWords] = {
    "status": value_words.HEALTH,
    "always_true": {
        True: Text(
            fr="le contrôle de santé réussit toujours, même en panne",
            en="the health check always succeeds, even on failure",
        ),
    },
    "swallows": {
        True: Text(fr="le contrôle de santé cache ses échecs", en="the health check hides its failures"),
    },
    "asks_nothing": {
        True: Text(
            fr="le contrôle de santé cherche un processus, sans interroger le service",
            en="the health check looks for a process, and asks the service nothing",
        ),
    },
}


class ContainerHealth(ContainerProbe, frozen=True, kw_only=True, tag="container-health"):
    """Look at the health of the container called *container*."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.LIST
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    words: ClassVar[Mapping[str, ValueWords]] = WORDS
    supply: ClassVar[Supply | NotSupplied] = EACH_CONTAINER
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "status": DraftedFact({"healthy": Text(fr="se dit en bonne santé", en="says that it is healthy")}),
    }
    example: ClassVar[Mapping[str, Any]] = {"container": "webservers"}

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:  # noqa: ARG002
        """Read what the engine keeps: the last five tries."""
        return read_health_facts(subject.name, inspected)

    def recall(self, recorded: Mapping[str, Observation]) -> Observation | None:
        """Older recordings have the command, which tells whether it asks anything."""
        seen = super().recall(recorded)
        command = get_fact(seen, "check") or ""
        return add_missing_facts(seen, asks_nothing=bool(PROCESS_PATTERN.fullmatch(command)))

    def measure_age_s(self, inspected: Json, now: datetime) -> float | None:
        """Return for how many seconds it has been running."""
        return uptime_s(inspected, now)


def read_health_facts(name: str, inspected: Json) -> Facts:
    """Read the facts out of an inspect answer."""
    health = (inspected.get("State") or {}).get("Health") or {}
    check = (inspected.get("Config") or {}).get("Healthcheck") or {}
    test = [str(word) for word in check.get("Test") or []]
    is_checked = bool(test[1:]) and test[0] != "NONE"
    command = get_check_command(test) if is_checked else ""
    line = squeeze_blanks(command)
    tries = health.get("Log") or []
    last = tries[-1] if tries else {}
    timeout_s = (check.get("Timeout") or 0) / 1e9 or DEFAULT_TIMEOUT_S
    output = str(last.get("Output") or "")
    return Facts(
        name=name,
        status=parse_health_status(health.get("Status") or "none"),
        streak=health.get("FailingStreak") or 0,
        exit_code=last.get("ExitCode") if tries else None,
        output=mask_secrets(output).strip()[:MAX_OUTPUT_CHARS],
        check=mask_secrets(command)[:MAX_CHECK_CHARS],
        always_true=is_always_true(line) and sum_waits_s(line) < timeout_s,
        swallows=is_shell_command(test) and swallows_failures(write_shell_options(test) + line),
        asks_nothing=bool(PROCESS_PATTERN.fullmatch(line)),
        tool_missing=find_missing_tool(output) if last.get("ExitCode") else None,
        timed_out=last.get("ExitCode") == -1 and TIMED_OUT in output,
        asks=find_asked_address(line),
        interval_s=(check.get("Interval") or 0) / 1e9 or DEFAULT_INTERVAL_S,
    )


def parse_health_status(word: str) -> HealthStatus:
    """Return one of Docker's four words; `OutOfReach` for another one."""
    for known in get_args(HealthStatus):
        if word == known:
            return known  # type: ignore[no-any-return]
    raise OutOfReach(UnobservableReason.UNREADABLE, f"State.Health.Status: {word[:40]}")


def get_check_command(test: Sequence[str]) -> str:
    """Return the command in one text: of a shell as it stands, of a list its words."""
    words = list(test[1:])
    if test[0] == "CMD" and is_shell_command(test):
        words = words[2:]
    return " ".join(words)


def is_shell_command(test: Sequence[str]) -> bool:
    """Return whether a shell runs it: by `CMD-SHELL`, or by a shell of its own."""
    if not test[1:]:
        return False
    return test[0] == "CMD-SHELL" or bool(
        re.search(r"(^|/)(ba|da|a)?sh$", test[1]) and COMMAND_OPTION_PATTERN.fullmatch("".join(test[2:3]))
    )


def write_shell_options(test: Sequence[str]) -> str:
    """Return as a line of shell what a shell's own options switch on: of `sh -ec`, `set -e`."""
    return "set -e; " if test[0] == "CMD" and "e" in test[2] else ""


def squeeze_blanks(command: str) -> str:
    """Return a command with single blanks: on long rows of them the patterns would search without end."""
    return "\n".join(filter(None, (" ".join(line.split()) for line in command.splitlines())))


def is_always_true(command: str) -> bool:
    """Return whether nothing in the command can fail, whatever the service does."""
    if len(command) > MAX_IDLE_CHARS:
        return False
    parts = [" ".join(part.split()) for part in re.split(r"&&|;|\n", command)]
    return bool(ALWAYS_TRUE_PATTERN.fullmatch(command)) or (
        any(parts)
        and all(
            INERT_PATTERN.fullmatch(part) or ALWAYS_TRUE_PATTERN.fullmatch(part) for part in parts if part
        )
    )


def sum_waits_s(command: str) -> float:
    """Return for how many seconds a command waits, whatever the service does."""
    return sum(float(count) * UNIT_S[unit] for count, unit in SLEEP_PATTERN.findall(command))


def swallows_failures(command: str) -> bool:
    """
    Return whether a line of shell ends with success whatever failed in it.

    Not so where it may have been left before: of `wget … || exit 1; exit 0` the end is reached by success
    alone. Under `set -e` that holds of `;`, and not of `||`.
    """
    if SWALLOWING_PIPE_PATTERN.search(command):
        return not PIPEFAIL_PATTERN.search(command)
    end = SWALLOWING_PATTERN.search(command, max(0, len(command) - MAX_END_CHARS))
    return end is not None and not (end[1] != "||" and LEAVING_PATTERN.search(command[: end.start()]))


def find_missing_tool(output: str) -> str | None:
    """Return the program that could not be found, after the words of the shell or of the engine."""
    found = (pattern.search(output) for pattern in MISSING_TOOL_PATTERNS)
    return next((match[1] for match in found if match), None)


def find_asked_address(command: str) -> str | None:
    """Return host and port of the first address, `127.0.0.1:8080`."""
    found = ASKED_PATTERN.search(command)
    return f"{found[1]}{found[2] or ''}" if found else None
