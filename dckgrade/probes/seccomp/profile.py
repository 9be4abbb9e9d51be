"""Parse a seccomp profile as Docker's loader does, and say why it would refuse one."""

import json
import re
from typing import Annotated, Literal, NoReturn

import msgspec
from msgspec import Meta, Struct, field

from dckgrade.lazy_patterns import compile_lazily
from dckgrade.report.decode import convert_data

Unsigned = Annotated[int, Meta(ge=0)]

KNOWN_ACTIONS = frozenset(
    f"SCMP_ACT_{name}"
    for name in (
        *("ALLOW", "ERRNO", "KILL", "KILL_PROCESS", "KILL_THREAD", "LOG", "NOTIFY", "TRACE", "TRAP"),
    )
)
"""What runc knows (libcontainer/seccomp/config.go)."""

KNOWN_OPERATORS = frozenset(f"SCMP_CMP_{name}" for name in ("NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"))
KNOWN_ARCHES = frozenset(
    f"SCMP_ARCH_{name}"
    for name in (
        *("X86", "X86_64", "X32", "ARM", "AARCH64", "MIPS", "MIPS64", "MIPS64N32", "MIPSEL", "MIPSEL64"),
        *("MIPSEL64N32", "PPC", "PPC64", "PPC64LE", "RISCV64", "S390", "S390X", "LOONGARCH64"),
    )
)
KNOWN_FLAGS = frozenset(
    f"SECCOMP_FILTER_FLAG_{name}" for name in ("TSYNC", "LOG", "SPEC_ALLOW", "WAIT_KILLABLE_RECV")
)
"""What some version of runc knows (the same file)."""
NOTIFY = "SCMP_ACT_NOTIFY"
"""Another program, a seccomp agent, is asked what to do; Docker starts none."""
MINIMUM_KERNEL_PATTERN = compile_lazily(r"(?!0+\.0+$)\d{1,3}\.\d{1,3}")
MAX_ARGUMENT_INDEX = 5
MAX_CONDITIONS = 10_000
"""A filter has at most 4096 instructions (the kernel's BPF_MAXINSNS), and each condition needs some."""

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

    index: Unsigned = 0
    value: Unsigned = 0
    value_two: Unsigned = field(default=0, name="valuetwo")
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
    errno: Unsigned | None = field(default=None, name="errnoret")
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
    errno: Unsigned | None = field(default=None, name="defaulterrnoret")
    flags: tuple[str, ...] = ()
    listener_path: str = field(default="", name="listenerpath")
    architectures: tuple[str, ...] = ()
    arch_map: tuple[dict[str, object], ...] = field(default=(), name="archmap")
    rules: tuple[Rule, ...] = field(default=(), name="syscalls")

    @property
    def switches_seccomp_off(self) -> bool:
        """Return whether it switches seccomp off: `{}` and misspelt keys are accepted, and mean nothing."""
        return not self.default and not self.rules


def parse_seccomp_profile(text: bytes, *, modern: bool = True) -> SeccompProfile:
    """
    Parse a profile; raises `InvalidSeccompProfile` for what Docker would refuse.

    *modern*: the engine hands `listenerPath` and `flags` on to runc, as it does since 23.0.
    """
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
    check_runtime_words(profile, text, modern=modern)
    check_calls(profile, text)
    check_notification(profile, text, modern=modern)
    return profile


def refuse_at(text: bytes, detail: str, *tokens: str) -> NoReturn:
    """Refuse the profile *text*, at the first of *tokens*."""
    raise InvalidSeccompProfile("not-a-profile", detail, locate_first_token(text, *tokens))


def check_loader_rules(profile: SeccompProfile, text: bytes) -> None:
    """Refuse what the engine's loader refuses although its shape is right (moby/profiles seccomp)."""
    if profile.architectures and profile.arch_map:
        refuse_at(text, "both 'architectures' and 'archMap' are specified", '"archmap"')
    for rule in profile.rules:
        if rule.name and rule.names:
            refuse_at(text, "both 'name' and 'names' are specified", json.dumps(rule.name))
        for version in (rule.includes.min_kernel, rule.excludes.min_kernel):
            if version and not MINIMUM_KERNEL_PATTERN.fullmatch(version):
                refuse_at(text, f"invalid kernel version: {version}", json.dumps(version), '"minkernel"')


def check_runtime_words(profile: SeccompProfile, text: bytes, *, modern: bool) -> None:
    """Refuse the words that runc does not know (libcontainer/seccomp)."""
    conditions = [condition for rule in profile.rules for condition in rule.args]
    known = [
        (profile.architectures, KNOWN_ARCHES, "arch"),
        ([rule.action for rule in profile.rules], KNOWN_ACTIONS, "action"),
        ([condition.op for condition in conditions], KNOWN_OPERATORS, "operator"),
        ([] if profile.switches_seccomp_off else [profile.default], KNOWN_ACTIONS, "action"),
    ]
    for words, allowed, kind in known:
        for word in words:
            if word not in allowed:
                detail = f"string {word} is not a valid {kind} for seccomp"
                refuse_at(text, detail, json.dumps(word), '"syscalls"')
    for flag in profile.flags if modern else ():
        if flag not in KNOWN_FLAGS:
            refuse_at(text, f"seccomp flag {json.dumps(flag)} is not known to runc", json.dumps(flag))


def check_calls(profile: SeccompProfile, text: bytes) -> None:
    """Refuse names that are none, arguments that no call has, and more than a filter can hold."""
    if sum(len(rule.calls) * len(rule.args) for rule in profile.rules) > MAX_CONDITIONS:
        refuse_at(text, "error adding seccomp filter rule: too many conditions", '"args"')
    if any("" in rule.names for rule in profile.rules):
        refuse_at(text, "empty string is not a valid syscall", '""')
    for condition in (condition for rule in profile.rules for condition in rule.args):
        if condition.index > MAX_ARGUMENT_INDEX:
            refuse_at(text, "syscalls only have up to 6 arguments", '"index"')
        if max(condition.value, condition.value_two) >= 2**64:
            refuse_at(text, "cannot unmarshal number into a value of type uint64", '"value"')


def check_notification(profile: SeccompProfile, text: bytes, *, modern: bool) -> None:
    """Refuse to ask an agent where runc does: without one's address, and of calls that it needs itself."""
    asked = [rule for rule in profile.rules if rule.action == NOTIFY]
    if profile.default == NOTIFY:
        refuse_at(text, f"{NOTIFY} cannot be used as default action", f'"{NOTIFY}"')
    if any("write" in rule.calls for rule in asked):
        refuse_at(text, f"{NOTIFY} cannot be used for the write syscall", f'"{NOTIFY}"')
    if asked and not (profile.listener_path and modern):
        refuse_at(text, f"{NOTIFY}: listenerPath is not set", f'"{NOTIFY}"')


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
