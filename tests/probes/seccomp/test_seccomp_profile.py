"""Profiles in, what Docker's loader makes of them out: which it refuses and where, which calls it forbids."""

import json

import pytest

from dckgrade.probes.seccomp.policy import (
    DEFAULT_CAPS,
    Effect,
    compute_capabilities,
    compute_effect,
    list_forbidden_calls,
)
from dckgrade.probes.seccomp.profile import InvalidSeccompProfile, parse_seccomp_profile
from dckgrade.probes.seccomp.syscalls import CALLS_SINCE_2015, DEFAULT_ALLOWED_CALLS, TWIN_CALLS

DENY = '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"%s}]}'


def meant(text: str, caps: frozenset[str] = DEFAULT_CAPS) -> Effect:
    found = compute_effect(parse_seccomp_profile(text.encode()), caps)
    assert found is not None
    return found


def calls(text: str, caps: frozenset[str] = DEFAULT_CAPS) -> list[str]:
    return list_forbidden_calls(meant(text, caps))


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
    ("text", "told", "place"),
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
def test_json_that_is_no_profile_is_told_with_its_place(text: str, told: str, place: tuple[int, int]) -> None:
    with pytest.raises(InvalidSeccompProfile) as caught:
        parse_seccomp_profile(text.encode())
    assert caught.value.what == "not-a-profile"
    assert told in caught.value.detail
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
        ', "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]',
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


@pytest.mark.parametrize("action", ["KILL", "KILL_PROCESS", "KILL_THREAD", "TRAP", "TRACE", "ERRNO"])
def test_every_refusal_forbids(action: str) -> None:
    assert calls(DENY.replace("ERRNO", action) % "") == ["mkdir"]


def test_logging_and_names_that_no_kernel_knows_forbid_nothing() -> None:
    assert calls(DENY.replace("ERRNO", "LOG") % "") == []
    assert calls(DENY.replace('"mkdir"', '"mkdirr"') % "") == []


def test_a_whitelist_forbids_what_it_does_not_name() -> None:
    names = sorted(DEFAULT_ALLOWED_CALLS - {"mkdir", "kill"})
    text = json.dumps(
        {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": names, "action": "SCMP_ACT_ALLOW"}]}
    )
    assert calls(text) == ["kill", "mkdir"]


def test_a_call_allowed_with_some_arguments_is_not_forbidden() -> None:
    rule = {"names": ["kill"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "op": "SCMP_CMP_EQ"}]}
    assert "kill" not in calls(json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [rule]}))


@pytest.mark.parametrize(
    ("rest", "errno"), [("", 1), (', "errnoRet": 38', 38), (', "errnoRet": 0', 0), (', "errnoRet": null', 1)]
)
def test_the_error_is_the_rules_own(rest: str, errno: int) -> None:
    assert meant(DENY % rest).get_errno("mkdir") == errno


def test_a_kill_gives_no_error() -> None:
    assert meant(DENY.replace("ERRNO", "KILL") % "").get_errno("mkdir") is None


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
    assert meant(same) == meant(DENY % "")


@pytest.mark.parametrize(
    "other",
    [DENY % ', "errnoRet": 2', DENY.replace("ERRNO", "KILL") % "", '{"defaultAction": "SCMP_ACT_ALLOW"}'],
)
def test_profiles_that_mean_something_else_are_not_equal(other: str) -> None:
    assert meant(other) != meant(DENY % "")


def test_the_table_of_calls_holds_together() -> None:
    assert CALLS_SINCE_2015 < DEFAULT_ALLOWED_CALLS
    assert {call for group in TWIN_CALLS for call in group} <= DEFAULT_ALLOWED_CALLS
    assert len(DEFAULT_ALLOWED_CALLS) == 346
    assert not DEFAULT_ALLOWED_CALLS & {
        "mount",
        "unshare",
        "reboot",
        "clone3",
        "socket",
        "clone",
        "personality",
        "io_uring_setup",
    }
