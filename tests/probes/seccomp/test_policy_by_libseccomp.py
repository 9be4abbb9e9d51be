"""What becomes of calls, against libseccomp itself: its filter of the same rules, on the same arguments."""

import ctypes
import ctypes.util
import functools
import json
import os
import struct
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dckgrade.probes.seccomp.policy import Action, Effect, compute_effect, list_argument_vectors
from dckgrade.probes.seccomp.profile import SeccompProfile, parse_seccomp_profile

OPERATORS = ("NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ")
ACTIONS = {"KILL": 0x0, "TRAP": 0x30000, "ERRNO": 0x50000, "LOG": 0x7FFC0000, "ALLOW": 0x7FFF0000}
"""seccomp.h; an error stands in the lower half."""
AUDIT_ARCH_X86_64 = 0xC000003E
LIBRARY = ctypes.util.find_library("seccomp")

pytestmark = pytest.mark.skipif(
    LIBRARY is None or os.uname().machine != "x86_64", reason="no libseccomp of this machine"
)


class ArgumentComparison(ctypes.Structure):
    """`struct scmp_arg_cmp`."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


@functools.cache
def load_library() -> Any:
    library = ctypes.CDLL(LIBRARY)
    library.seccomp_init.restype = ctypes.c_void_p
    return library


def get_word(action: str, errno: int) -> int:
    return ACTIONS[action.removeprefix("SCMP_ACT_")] | (errno if action.endswith("ERRNO") else 0)


def build_filter(profile: SeccompProfile) -> list[tuple[int, int, int, int]]:
    """Build the filter as runc's `matchCall` does, and return its instructions."""
    library, default = load_library(), get_word(profile.default, profile.errno or 1)
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(default)))
    for rule in profile.rules:
        word = get_word(rule.action, 1 if rule.errno is None else rule.errno)
        if word == default:
            continue
        several = len({condition.index for condition in rule.args}) < len(rule.args)
        for conditions in [[argument] for argument in rule.args] if several else [list(rule.args)]:
            compared = (ArgumentComparison * max(1, len(conditions)))()
            for at, condition in enumerate(conditions):
                operator = OPERATORS.index(condition.op.removeprefix("SCMP_CMP_")) + 1
                compared[at] = ArgumentComparison(
                    condition.index, operator, condition.value, condition.value_two
                )
            for call in rule.calls:
                number = library.seccomp_syscall_resolve_name(call.encode())
                added = library.seccomp_rule_add_array(
                    context, ctypes.c_uint32(word), number, len(conditions), compared
                )
                assert added in {0, -17}, f"{call}: {added}"
    with tempfile.TemporaryFile() as kept:
        assert library.seccomp_export_bpf(context, kept.fileno()) == 0
        library.seccomp_release(context)
        kept.seek(0)
        return list(struct.iter_unpack("=HBBI", kept.read()))


def run_filter(program: Sequence[tuple[int, int, int, int]], number: int, args: Sequence[int]) -> int:
    """Run the filter on one call (the kernel's `seccomp_data`), and return its verdict."""
    data = struct.pack("=iIQ6Q", number, AUDIT_ARCH_X86_64, 0, *args)
    jumps: Mapping[int, Callable[[int, int], bool]] = {
        0x15: lambda held, wanted: held == wanted,
        0x25: lambda held, wanted: held > wanted,
        0x35: lambda held, wanted: held >= wanted,
        0x45: lambda held, wanted: bool(held & wanted),
    }
    held = at = 0
    while True:
        code, when_true, when_false, operand = program[at]
        at += 1
        match code:
            case 0x20:
                held = struct.unpack_from("=I", data, operand)[0]
            case 0x54:
                held &= operand
            case 0x05:
                at += operand
            case 0x06:
                return operand
            case _:
                at += when_true if jumps[code](held, operand) else when_false


def compare(profile: dict[str, object], call: str) -> int:
    """Compare what becomes of *call* on both sides of every condition; return how often."""
    parsed = parse_seccomp_profile(json.dumps(profile).encode())
    effect = compute_effect(parsed)
    assert effect is not None
    program, number = build_filter(parsed), load_library().seccomp_syscall_resolve_name(call.encode())
    compared = 0
    for args in list_argument_vectors(effect.calls.get(call) or ()):
        expected = set(list_words(effect, call, args))
        assert run_filter(program, number, args) in expected, (call, args)
        compared += len(expected) == 1
    return compared


def list_words(effect: Effect, call: str, args: Sequence[int]) -> Iterator[int]:
    done: Action
    for done in effect.decide(call, args):
        yield get_word(done.action, done.errno)


# Of overlapping conditions on the upper half libseccomp 2.5 makes something else than they say.
values = st.sampled_from((0, 1, 2, 38, 40, 0x4000, 0x7E020000, 2**32 - 1))
conditions = st.builds(
    lambda op, value, two: {"index": 0, "op": f"SCMP_CMP_{op}", "value": value, "valueTwo": two & value},
    st.sampled_from(OPERATORS),
    values,
    values,
)
rules = st.builds(
    lambda action, errno, args: {
        "names": ["socket"],
        "action": f"SCMP_ACT_{action}",
        **({"errnoRet": errno} if action == "ERRNO" else {}),
        "args": args,
    },
    st.sampled_from(sorted(ACTIONS)),
    st.sampled_from((1, 13, 38)),
    st.lists(conditions, max_size=2),
)


@settings(max_examples=60)
@given(st.sampled_from(sorted(ACTIONS)), st.lists(rules, min_size=1, max_size=3))
def test_profiles_mean_what_libseccomp_makes_of_them(default: str, some: list[dict[str, object]]) -> None:
    assert compare({"defaultAction": f"SCMP_ACT_{default}", "syscalls": some}, "socket") >= 0


@pytest.mark.parametrize(
    ("rule", "cases"),
    [
        ({"names": ["clone"], "args": [{"index": 0, "op": "SCMP_CMP_MASKED_EQ", "value": 0x7E020000}]}, 3),
        ({"names": ["clone"], "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": 1},
                                       {"index": 2, "op": "SCMP_CMP_GT", "value": 5}]}, 12),
        ({"names": ["mkdir", "clone"]}, 1),
    ],
)  # fmt: skip
def test_rules_of_every_kind_are_compared(rule: dict[str, object], cases: int) -> None:
    assert (
        compare(
            {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{**rule, "action": "SCMP_ACT_ERRNO"}]}, "clone"
        )
        >= cases
    )
