"""Kind `container-health`: what a container's health check says, and whether it can say anything else."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal, get_args

from msgspec import Struct

from dckgrade.engine.answers import Json, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.engine.redaction import mask_secrets
from dckgrade.probes.base import Cost
from dckgrade.probes.support.container_probe import ContainerProbe
from dckgrade.probes.support.lookup import NO_SUCH_CONTAINER, FoundContainer, uptime_s
from dckgrade.report.observation import UnobservableReason
from dckgrade.report.text import Text

HealthStatus = Literal["none", "starting", "healthy", "unhealthy"]

MAX_OUTPUT_CHARS, MAX_CHECK_CHARS = 200, 300
DEFAULT_INTERVAL_S = DEFAULT_TIMEOUT_S = 30.0
ALWAYS_TRUE_PATTERN = re.compile(
    r"\s*(?:(?:/usr)?/bin/)?(?:true|:|exit(?:\s+0)?|echo(?:\s[^;&|`$]*)?)\s*;?\s*"
)
"""A command that cannot fail, whatever the service does."""
SWALLOWING_PATTERN = re.compile(
    r"(?:\|\||;|(?<!&)&(?!&))\s*(?:(?:/usr)?/bin/)?(?:true|:|exit\s+0|echo(?:\s[^;&|`$]*)?)\s*;?\s*$"
)
"""The end of a command that makes success of each failure before it."""
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
    """The command cannot fail: `true`, `exit 0`."""
    swallows: bool
    """The command makes success of a failure: `… || true`, `… ; exit 0`."""
    tool_missing: str | None
    """The program that the command calls and that the image lacks; null: none is known of."""
    timed_out: bool
    """The last try did not end in time."""
    asks: str | None
    """Host and port of the first address in the command; null: it has none."""
    interval_s: float
    """Seconds between two tries."""


LABELS: Mapping[str, Text] = {
    "name": Text(fr="nom du conteneur", en="name of the container"),
    "status": Text(fr="état de santé", en="health"),
    "streak": Text(fr="échecs de suite", en="failures in a row"),
    "exit_code": Text(fr="code de sortie du dernier contrôle", en="exit code of the last check"),
    "output": Text(fr="sortie du dernier contrôle", en="output of the last check"),
    "check": Text(fr="commande du contrôle de santé", en="command of the health check"),
    "always_true": Text(fr="contrôle qui réussit toujours", en="check that always succeeds"),
    "swallows": Text(fr="contrôle qui cache ses échecs", en="check that hides its failures"),
    "tool_missing": Text(fr="outil absent de l'image", en="tool missing from the image"),
    "timed_out": Text(fr="contrôle trop long", en="check that took too long"),
    "asks": Text(fr="adresse interrogée par le contrôle", en="address that the check asks"),
    "interval_s": Text(fr="secondes entre deux contrôles", en="seconds between two checks"),
}


class ContainerHealth(ContainerProbe, frozen=True, kw_only=True, tag="container-health"):
    """Look at the health of the container called *container*."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.LIST
    absent: ClassVar[Text] = NO_SUCH_CONTAINER
    labels: ClassVar[Mapping[str, Text]] = LABELS
    example: ClassVar[Mapping[str, Any]] = {"container": "webservers"}

    def read_facts(self, engine: Engine, subject: FoundContainer, inspected: Json) -> Facts:  # noqa: ARG002
        """Read what the engine keeps: the last five tries."""
        return read_health_facts(subject.name, inspected)

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
    tries = health.get("Log") or []
    last = tries[-1] if tries else {}
    output = str(last.get("Output") or "")
    return Facts(
        name=name,
        status=parse_health_status(health.get("Status") or "none"),
        streak=health.get("FailingStreak") or 0,
        exit_code=last.get("ExitCode") if tries else None,
        output=mask_secrets(output).strip()[:MAX_OUTPUT_CHARS],
        check=mask_secrets(command)[:MAX_CHECK_CHARS],
        always_true=bool(ALWAYS_TRUE_PATTERN.fullmatch(command)),
        swallows=is_shell_command(test) and bool(SWALLOWING_PATTERN.search(command)),
        tool_missing=find_missing_tool(output) if last.get("ExitCode") else None,
        timed_out=last.get("ExitCode") == -1 and TIMED_OUT in output,
        asks=find_asked_address(command),
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
    return test[0] == "CMD-SHELL" or bool(re.search(r"(^|/)(ba|da|a)?sh$", test[1]) and "-c" in test[2:3])


def find_missing_tool(output: str) -> str | None:
    """Return the program that could not be found, after the words of the shell or of the engine."""
    found = (pattern.search(output) for pattern in MISSING_TOOL_PATTERNS)
    return next((match[1] for match in found if match), None)


def find_asked_address(command: str) -> str | None:
    """Return host and port of the first address, `127.0.0.1:8080`."""
    found = ASKED_PATTERN.search(command)
    return f"{found[1]}{found[2] or ''}" if found else None
