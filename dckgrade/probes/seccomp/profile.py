"""Parse a seccomp profile as Docker's loader does, and say why it would refuse one."""

import json
import re
from typing import Literal, NoReturn

import msgspec
from msgspec import Struct, field

from dckgrade.report.decode import convert_data

KNOWN_ACTIONS = frozenset(
    f"SCMP_ACT_{name}"
    for name in (
        *("ALLOW", "ERRNO", "KILL", "KILL_PROCESS", "KILL_THREAD", "LOG", "NOTIFY", "TRACE", "TRAP"),
    )
)
"""What runc knows (libcontainer/seccomp/config.go)."""

SeccompProblem = Literal["not-json", "not-a-profile"]


class InvalidSeccompProfile(Exception):
    """A profile that Docker refuses: not JSON at all, or JSON that is no profile; the place where known."""

    def __init__(self, what: SeccompProblem, detail: str, place: tuple[int, int] | None = None) -> None:
        super().__init__(what, detail)
        self.what, self.detail = what, detail
        self.line = place[0] if place else None
        self.column = place[1] if place else None


# Go's decoder takes keys in any case and drops unknown ones; every key is in lower case when it comes here.
class ArgumentCondition(Struct, frozen=True, rename="lower"):
    """One demand on a call's argument."""

    index: int = 0
    value: int = 0
    value_two: int = field(default=0, name="valuetwo")
    op: str = ""


class RuleFilter(Struct, frozen=True, kw_only=True):
    """Where a rule is kept, or dropped."""

    caps: frozenset[str] = frozenset()
    arches: frozenset[str] = frozenset()
    min_kernel: str = field(default="", name="minkernel")


class Rule(Struct, frozen=True, kw_only=True):
    """One entry of `syscalls`."""

    name: str = ""
    names: tuple[str, ...] = ()
    action: str = ""
    errno: int | None = field(default=None, name="errnoret")
    args: tuple[ArgumentCondition, ...] = ()
    includes: RuleFilter = RuleFilter()
    excludes: RuleFilter = RuleFilter()

    @property
    def calls(self) -> tuple[str, ...]:
        """Name the calls that it is about."""
        return (self.name,) if self.name else self.names


class SeccompProfile(Struct, frozen=True, kw_only=True):
    """All that decides which calls pass."""

    default: str = field(default="", name="defaultaction")
    errno: int | None = field(default=None, name="defaulterrnoret")
    architectures: tuple[str, ...] = ()
    arch_map: tuple[dict[str, object], ...] = field(default=(), name="archmap")
    rules: tuple[Rule, ...] = field(default=(), name="syscalls")

    @property
    def switches_seccomp_off(self) -> bool:
        """Return whether it switches seccomp off: `{}` and misspelt keys are accepted, and mean nothing."""
        return not self.default and not self.rules


def parse_seccomp_profile(text: bytes) -> SeccompProfile:
    """Parse a profile; raises `InvalidSeccompProfile` for what Docker would refuse."""
    try:
        content = json.loads(decode_utf8(text), parse_constant=refuse_json_constant)
        profile = convert_data(fold_keys(content), SeccompProfile)
    except json.JSONDecodeError as error:
        raise InvalidSeccompProfile("not-json", error.msg, (error.lineno, error.colno)) from None
    except msgspec.ValidationError as error:
        raise InvalidSeccompProfile(
            "not-a-profile", str(error), locate_first_token(text, extract_last_key(str(error)))
        ) from None
    except (RecursionError, ValueError) as error:  # ValueError: a number of thousands of digits
        raise InvalidSeccompProfile("not-json", str(error)) from None
    check_loader_rules(profile, text)
    return profile


def check_loader_rules(profile: SeccompProfile, text: bytes) -> None:
    """Refuse what the loader refuses although its shape is right (moby/profiles seccomp_linux.go)."""

    def refuse(detail: str, *tokens: str) -> NoReturn:
        raise InvalidSeccompProfile("not-a-profile", detail, locate_first_token(text, *tokens))

    if profile.architectures and profile.arch_map:
        refuse("both 'architectures' and 'archMap' are specified", '"archmap"')
    for rule in profile.rules:
        if rule.name and rule.names:
            refuse("both 'name' and 'names' are specified", json.dumps(rule.name))
        if rule.action not in KNOWN_ACTIONS:
            refuse(f"string {rule.action} is not a valid action", json.dumps(rule.action), '"syscalls"')
    if not profile.switches_seccomp_off and profile.default not in KNOWN_ACTIONS:
        refuse(f"string {profile.default} is not a valid action", json.dumps(profile.default), '"syscalls"')


def decode_utf8(text: bytes) -> str:
    """Decode UTF-8; raises `InvalidSeccompProfile` for all else, such as PowerShell's UTF-16."""
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise InvalidSeccompProfile(
            "not-json", "not UTF-8", get_line_and_column_in_bytes(text, error.start)
        ) from None


def refuse_json_constant(word: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python takes and JSON does not have."""
    raise ValueError(f"{word} is not JSON")


def fold_keys(value: object) -> object:
    """Put keys in lower case and leave null out, as Go's decoder does."""
    match value:
        case dict():
            return {key.lower(): fold_keys(inner) for key, inner in value.items() if inner is not None}
        case list():
            return [fold_keys(item) for item in value]
        case _:
            return value


def extract_last_key(error: str) -> str:
    """Take the key that a message of msgspec names: `… - at `$.syscalls[0].names`` → `"names"`."""
    keys = re.findall(r"\.([a-z]+)", error.partition("`$")[2])
    return f'"{keys[-1]}"' if keys else ""


def locate_first_token(text: bytes, *tokens: str) -> tuple[int, int] | None:
    """Find the line and column of the first of *tokens* that is there, whatever its case."""
    lower = text.lower()
    for token in tokens:
        if token and (at := lower.find(token.lower().encode())) >= 0:
            return get_line_and_column_in_bytes(text, at)
    return (1, 1) if not any(tokens) else None


def get_line_and_column_in_bytes(text: bytes, at: int) -> tuple[int, int]:
    """Count lines and columns from 1."""
    before = text[:at].decode(errors="replace")
    return before.count("\n") + 1, len(before) - before.rfind("\n")
