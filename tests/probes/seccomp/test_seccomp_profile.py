"""Profiles in, what Docker's loader makes of them out: which it refuses and where, which calls it forbids."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from dckgrade.probes.seccomp.default_profile import (
    KNOWN_CALLS,
    build_default_effect,
    is_copy_of_old_default,
    list_forbidden_calls,
    list_unknown_calls,
)
from dckgrade.probes.seccomp.policy import (
    DEFAULT_CAPS,
    MAX_COMPARISONS,
    Effect,
    Machine,
    compute_capabilities,
    compute_effect,
    list_argument_vectors,
)
from dckgrade.probes.seccomp.profile import InvalidSeccompProfile, parse_seccomp_profile
from dckgrade.probes.seccomp.syscalls import (
    CALLS_ABSENT_ON,
    CALLS_ADDED_TO_DEFAULT,
    DEFAULT_ALLOWED_CALLS,
    TWIN_CALLS,
)

DENY = '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"%s}]}'


USUAL, AMD64_CALLS = Machine(), DEFAULT_ALLOWED_CALLS - CALLS_ABSENT_ON["amd64"]


def compute(text: str, caps: frozenset[str] = DEFAULT_CAPS, machine: Machine = USUAL) -> Effect:
    found = compute_effect(parse_seccomp_profile(text.encode()), caps, machine)
    assert found is not None
    return found


def calls(text: str, caps: frozenset[str] = DEFAULT_CAPS, machine: Machine = USUAL) -> list[str]:
    return list_forbidden_calls(compute(text, caps, machine), caps, machine)


def deny(*names: str, action: str = "ERRNO", **rule: Any) -> str:
    return write_profile("ALLOW", names, action, **rule)


def allow(*names: str, default: str = "ERRNO", **rule: object) -> str:
    return write_profile(default, names, "ALLOW", **rule)


def write_profile(default: str, names: Iterable[str], action: str, **rule: object) -> str:
    rules = [{"names": sorted(names), "action": f"SCMP_ACT_{action}", **rule}]
    return json.dumps({"defaultAction": f"SCMP_ACT_{default}", "syscalls": rules})


def when(index: int, op: str, value: int, two: int = 0) -> list[dict[str, object]]:
    return [{"index": index, "op": f"SCMP_CMP_{op}", "value": value, "valueTwo": two}]


def list_calls_of_default(machine: Machine = USUAL) -> set[str]:
    """List what that engine's default lets through."""
    return set(build_default_effect(DEFAULT_CAPS, machine).calls)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"", (1, 1)),
        (b'{\n  "defaultAction": "SCMP_ACT_ALLOW" // all\n}', (2, 37)),
        (b"\xef\xbb\xbf{}", (1, 1)),
        (b"\xff\xfe{\x00}\x00", (1, 1)),
        ('{"é": \u201cx\u201d}'.encode(), (1, 7)),
        (b"{} {}", (1, 4)),
        (b'{"a": 1', (1, 8)),
    ],
)
def test_what_is_no_json_is_told_with_its_place(text: bytes, place: tuple[int, int]) -> None:
    with pytest.raises(InvalidSeccompProfile) as caught:
        parse_seccomp_profile(text)
    assert (caught.value.what, caught.value.line, caught.value.column) == ("not-json", *place)


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"a": NaN}', b'{"a": ' + b"9" * 5000 + b"}"])
def test_hostile_json_is_refused_and_breaks_nothing(text: bytes) -> None:
    with pytest.raises(InvalidSeccompProfile) as caught:
        parse_seccomp_profile(text)
    assert caught.value.what == "not-json"


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("[]", "Expected `object`", (1, 1)),
        ('{"syscalls": {}}', "Expected `array`", (1, 2)),
        ('{"defaultAction": 1}', "Expected `str`", (1, 2)),
        ('{"defaultAction":\n "ALLOW"}', "ALLOW is not a valid action", (2, 2)),
        ('{"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}', "is not a valid action", (1, 2)),
        (DENY.replace("ERRNO", "DENY") % "", "SCMP_ACT_DENY is not a valid action", (1, 81)),
        (DENY % ', "name": "rmdir"', "'name' and 'names'", (1, 107)),
        (
            '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"], "archMap": [{}]}',
            "'architectures' and 'archMap'",
            (1, 73),
        ),
    ],
)
def test_json_that_is_no_profile_is_told_with_its_place(
    text: str, message: str, place: tuple[int, int]
) -> None:
    with pytest.raises(InvalidSeccompProfile) as caught:
        parse_seccomp_profile(text.encode())
    assert caught.value.what == "not-a-profile"
    assert message in caught.value.detail
    assert (caught.value.line, caught.value.column) == place


@pytest.mark.parametrize(
    "text",
    ["{}", '{"default_action": "SCMP_ACT_ERRNO", "syscall": []}', '{"syscalls": []}', '{"syscalls": null}'],
)
def test_a_profile_without_meaning_switches_seccomp_off(text: str) -> None:
    profile = parse_seccomp_profile(text.encode())
    assert profile.switches_seccomp_off
    assert compute_effect(profile) is None


def test_keys_count_in_any_case_and_unknown_ones_do_not() -> None:
    text = (DENY % ', "comment": "x"').replace("defaultAction", "DEFAULTACTION").replace("names", "Names")
    assert calls(text) == ["mkdir"]


@pytest.mark.parametrize(
    "rest",
    [
        ', "includes": {"caps": ["CAP_SYS_ADMIN"]}',
        ', "excludes": {"caps": ["CAP_CHOWN", "CAP_X"]}',
        ', "includes": {"arches": ["s390x"]}',
        ', "excludes": {"arches": ["amd64"]}',
        ', "includes": {"minKernel": "99.0"}',
        ', "excludes": {"minKernel": "4.8"}',
    ],
)
def test_a_rule_that_does_not_count_in_an_ordinary_container_forbids_nothing(rest: str) -> None:
    assert calls(DENY % rest) == []


def test_a_rule_counts_where_its_capability_is() -> None:
    text = DENY % ', "includes": {"caps": ["CAP_SYS_ADMIN"]}'
    assert calls(text, compute_capabilities({"CapAdd": ["SYS_ADMIN"]})) == ["mkdir"]
    assert calls(text, compute_capabilities({"CapAdd": ["ALL"]})) == ["mkdir"]
    assert calls(text, compute_capabilities({"Privileged": True})) == ["mkdir"]
    assert calls(text, compute_capabilities({"CapAdd": None, "CapDrop": ["ALL"]})) == []
    # What is added stays, whatever is dropped; and nothing is taken from a privileged container.
    both = {"CapAdd": ["SYS_ADMIN"], "CapDrop": ["ALL", "SYS_ADMIN"]}
    assert calls(text, compute_capabilities(both)) == ["mkdir"]
    assert calls(text, compute_capabilities({"CapAdd": ["ALL"], "CapDrop": ["ALL"]})) == ["mkdir"]
    assert calls(text, compute_capabilities({"Privileged": True, "CapDrop": ["ALL"]})) == ["mkdir"]
    assert calls(text, compute_capabilities({"CapAdd": ["ALL"], "CapDrop": ["SYS_ADMIN"]})) == []


@pytest.mark.parametrize("action", ["KILL", "KILL_PROCESS", "KILL_THREAD", "TRAP", "TRACE", "ERRNO"])
def test_every_refusal_forbids(action: str) -> None:
    assert calls(DENY.replace("ERRNO", action) % "") == ["mkdir"]


def test_logging_and_names_that_no_kernel_knows_forbid_nothing() -> None:
    assert calls(DENY.replace("ERRNO", "LOG") % "") == []
    assert calls(DENY.replace('"mkdir"', '"mkdirr"') % "") == []


def test_a_whitelist_forbids_what_it_does_not_name() -> None:
    assert calls(allow(*(list_calls_of_default() - {"mkdir", "kill"}))) == ["kill", "mkdir"]


def test_a_call_refused_with_some_arguments_is_forbidden_then_only() -> None:
    text = allow(*(list_calls_of_default() - {"kill"}))
    profile = json.loads(text)
    profile["syscalls"].append({"names": ["kill"], "action": "SCMP_ACT_ALLOW", "args": when(1, "EQ", 0)})
    found = compute(json.dumps(profile))
    assert calls(json.dumps(profile)) == ["kill"]
    assert not found.forbids("kill")
    assert {done.forbids for done in found.decide("kill", (1, 0, 0, 0, 0, 0))} == {False}
    assert {done.forbids for done in found.decide("kill", (1, 9, 0, 0, 0, 0))} == {True}


@pytest.mark.parametrize(
    ("text", "forbidden"),
    [
        (deny("socket", args=when(0, "EQ", 38)), ["socket"]),
        (deny("socket", args=when(0, "GE", 2)), ["socket"]),
        (deny("clone", args=when(0, "MASKED_EQ", 0x4000, 0x4000)), ["clone"]),
        # Docker refuses new namespaces, and all personalities but five, itself.
        (deny("clone", args=when(0, "MASKED_EQ", 0x10000000, 0x10000000)), []),
        (deny("personality", args=when(0, "EQ", 0x40000)), []),
        (deny("personality", args=when(0, "EQ", 8)), ["personality"]),
        (deny("personality"), ["personality"]),
        (deny("mkdir", args=when(1, "NE", 0o777)), ["mkdir"]),
        # Nothing is smaller than 0.
        (deny("mkdir", args=when(1, "LT", 0)), []),
        # Two conditions on one argument are two rules.
        (deny("ioctl", args=when(1, "EQ", 1) + when(1, "EQ", 2)), ["ioctl"]),
        # All conditions of a rule must hold.
        (deny("fcntl", args=when(0, "EQ", 3) + when(1, "EQ", 4)), ["fcntl"]),
    ],
)
def test_conditions_on_arguments_count(text: str, forbidden: list[str]) -> None:
    assert calls(text) == forbidden


@pytest.mark.parametrize(
    ("docker", "family", "forbidden"),
    [((20, 10), 40, True), ((28, 5), 40, False), ((28, 5), 38, True), ((29, 5), 38, False)],
)
def test_what_the_engines_own_version_refuses_is_nothing_more(
    docker: tuple[int, ...], family: int, *, forbidden: bool
) -> None:
    found = calls(deny("socket", args=when(0, "EQ", family)), machine=Machine(docker=docker))
    assert (found == ["socket"]) is forbidden
    assert (calls(deny("io_uring_setup"), machine=Machine(docker=docker)) != []) is (docker < (25, 0))
    assert (calls(deny("pkey_alloc"), machine=Machine(docker=docker)) != []) is (docker >= (23, 0))


def test_conditions_are_compared_in_bounded_time_and_more_than_a_filter_holds_are_refused() -> None:
    args = [when(index, "EQ", value)[0] for index in range(6) for value in range(700)]
    found = compute(deny("mkdir", args=args))
    assert len(list(list_argument_vectors(found.calls["mkdir"]))) <= MAX_COMPARISONS / len(args) + 1
    with pytest.raises(InvalidSeccompProfile, match="too many conditions"):
        parse_seccomp_profile(deny("mkdir", "rmdir", "kill", args=args).encode())


def test_of_contradictory_rules_the_first_without_condition_counts() -> None:
    rules = [
        {"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "args": when(1, "EQ", 1)},
        {"names": ["mkdir"], "action": "SCMP_ACT_LOG"},
        {"names": ["mkdir"], "action": "SCMP_ACT_KILL"},
        {"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "args": when(1, "EQ", 2)},
    ]
    assert calls(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules})) == []


def test_capabilities_open_calls_and_close_them() -> None:
    admin = compute_capabilities({"CapAdd": ["SYS_ADMIN"]})
    assert calls(deny("mount")) == []
    assert calls(deny("mount"), admin) == ["mount"]
    assert calls(deny("chroot"), frozenset()) == []
    # A list of allowed calls that does not name them is still a copy.
    assert calls(allow(*list_calls_of_default()), admin) == []


@pytest.mark.parametrize(
    ("arch", "rest", "forbidden"),
    [
        ("amd64", {}, ["mkdir"]),
        ("arm64", {}, []),
        ("arm64", {"includes": {"arches": ["arm64"]}}, []),
        ("amd64", {"includes": {"arches": ["amd64", "x32"]}}, ["mkdir"]),
        ("arm64", {"excludes": {"arches": ["amd64"]}}, []),
        ("riscv64", {}, ["mkdir"]),
    ],
)
def test_a_machine_has_its_own_calls(arch: str, rest: dict[str, Any], forbidden: list[str]) -> None:
    assert calls(deny("mkdir", "chown32", **rest), machine=Machine(arch=arch)) == [
        *(["chown32"] if arch == "riscv64" else []),
        *forbidden,
    ]


@pytest.mark.parametrize(("kernel", "forbidden"), [((5, 10), []), ((6, 12), ["mkdir"]), ((6, 1), [])])
def test_the_machines_kernel_decides(kernel: tuple[int, int], forbidden: list[str]) -> None:
    assert calls(deny("mkdir", includes={"minKernel": "6.12"}), machine=Machine(kernel=kernel)) == forbidden


def test_the_architectures_of_a_profile_do_not_count_for_the_machines_own() -> None:
    text = json.dumps({**json.loads(deny("mkdir")), "architectures": ["SCMP_ARCH_ARM"]})
    assert calls(text) == ["mkdir"]


def test_the_default_error_of_a_list_is_its_error() -> None:
    text = json.dumps({**json.loads(allow("read")), "defaultErrnoRet": 13})
    assert compute(text).list_errnos("mkdir") == {13, 38}


def test_the_default_of_any_year_is_an_old_copy_and_a_call_removed_from_todays_is_not() -> None:
    today = list_calls_of_default()
    for year in CALLS_ADDED_TO_DEFAULT:
        later = {call for since, added in CALLS_ADDED_TO_DEFAULT.items() if since >= year for call in added}
        old = allow(*(today - later))
        forbidden = calls(old)
        assert bool(forbidden) is (year < 2023)
        assert is_copy_of_old_default(compute(old), forbidden, DEFAULT_CAPS, USUAL) is bool(forbidden)
        without_mkdir = allow(*(today - later - {"mkdir", "mkdirat"}))
        assert not is_copy_of_old_default(compute(without_mkdir), calls(without_mkdir), DEFAULT_CAPS, USUAL)
    for call in ("ptrace", "statx", "mlock", "futex_waitv"):
        for meant_so in (allow(*(today - {call})), deny(call)):
            assert calls(meant_so) == [call]
            assert not is_copy_of_old_default(compute(meant_so), [call], DEFAULT_CAPS, USUAL)


def test_names_that_no_kernel_knows_are_told() -> None:
    assert list_unknown_calls(
        parse_seccomp_profile(deny("mkdir", "mkdri", "open_at", "umount2").encode())
    ) == [
        "mkdri",
        "open_at",
    ]
    assert {call for group in TWIN_CALLS for call in group} < KNOWN_CALLS


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ({"args": when(0, "EQUALS", 1)}, "SCMP_CMP_EQUALS is not a valid operator"),
        ({"args": when(6, "EQ", 1)}, "up to 6 arguments"),
        ({"args": when(0, "EQ", -1)}, "Expected `int` >= 0"),
        ({"args": when(0, "EQ", 2**64)}, "cannot unmarshal number"),
        ({"errnoRet": -1}, "Expected `int` >= 0"),
        ({"includes": {"minKernel": "4.8.1"}}, "invalid kernel version"),
        ({"excludes": {"minKernel": "new"}}, "invalid kernel version"),
    ],
)
def test_what_runc_does_not_know_is_refused(rest: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSeccompProfile, match=message):
        parse_seccomp_profile(deny("mkdir", **rest).encode())


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"architectures": ["x86_64"]}, "string x86_64 is not a valid arch"),
        ({"flags": ["LOG"]}, 'seccomp flag "LOG"'),
        ({"defaultAction": "SCMP_ACT_NOTIFY"}, "cannot be used as default action"),
        ({"syscalls": [{"names": ["bind"], "action": "SCMP_ACT_NOTIFY"}]}, "listenerPath is not set"),
        ({"syscalls": [{"names": ["write"], "action": "SCMP_ACT_NOTIFY"}]}, "for the write syscall"),
        ({"syscalls": [{"names": [""], "action": "SCMP_ACT_ERRNO"}]}, "empty string"),
    ],
)
def test_whole_profiles_that_runc_refuses_are_refused(more: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidSeccompProfile, match=message):
        parse_seccomp_profile(json.dumps({**json.loads(deny("mkdir")), **more}).encode())


def test_an_engine_of_before_23_passes_over_flags() -> None:
    text = json.dumps({**json.loads(deny("mkdir")), "flags": ["LOG"]}).encode()
    assert parse_seccomp_profile(text, modern=False).flags == ("LOG",)


def test_an_agent_is_reached_where_the_engine_hands_its_address_on() -> None:
    text = json.dumps(
        {**json.loads(deny("bind", action="NOTIFY")), "listenerPath": "/run/agent.sock"}
    ).encode()
    assert parse_seccomp_profile(text).listener_path
    with pytest.raises(InvalidSeccompProfile, match="listenerPath is not set"):
        parse_seccomp_profile(text, modern=False)


@pytest.mark.parametrize(
    ("rest", "errno"), [("", 1), (', "errnoRet": 38', 38), (', "errnoRet": 0', 0), (', "errnoRet": null', 1)]
)
def test_the_error_is_the_rules_own(rest: str, errno: int) -> None:
    assert compute(DENY % rest).list_errnos("mkdir") == {errno}


def test_a_kill_gives_no_error() -> None:
    for action in ("KILL", "KILL_PROCESS", "TRAP"):
        found = compute(deny("mkdir", action=action))
        assert found.list_errnos("mkdir") == set()
        assert [done.kills for done in found.list_refusals("mkdir")] == [True]


@pytest.mark.parametrize(
    "same",
    [
        (DENY % ', "args": []').replace('"names": ["mkdir"]', '"name": "mkdir"'),
        DENY % ', "args": null, "includes": {}, "comment": "no folders", "errnoRet": 1',
        (DENY % "").replace("{", '{"archMap": [{"architecture": "SCMP_ARCH_X86_64"}], ', 1),
        (DENY % "").replace('["mkdir"]', '["mkdir", "mkdir"]'),
        (DENY % "").replace("}]", '}, {"names": ["rmdir"], "action": "SCMP_ACT_ALLOW"}]'),
    ],
)
def test_profiles_that_mean_the_same_are_equal(same: str) -> None:
    assert compute(same) == compute(DENY % "")


@pytest.mark.parametrize(
    "other",
    [DENY % ', "errnoRet": 2', DENY.replace("ERRNO", "KILL") % "", '{"defaultAction": "SCMP_ACT_ALLOW"}'],
)
def test_profiles_that_mean_something_else_are_not_equal(other: str) -> None:
    assert compute(other) != compute(DENY % "")


def test_the_table_of_calls_holds_together() -> None:
    assert {call for group in TWIN_CALLS for call in group} <= KNOWN_CALLS
    assert len(DEFAULT_ALLOWED_CALLS) == 345
    assert not DEFAULT_ALLOWED_CALLS & {"mount", "unshare", "reboot", "clone3", "socket", "clone", "chroot"}
    assert "clone3" not in list_calls_of_default()
    assert "mkdir" in CALLS_ABSENT_ON["arm64"]
