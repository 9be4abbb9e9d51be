"""What tries print, with BusyBox and with coreutils, let and refused; and what was tried of which profile."""

import json

import pytest

from dckgrade.engine.answers import CommandResult
from dckgrade.probes.seccomp.policy import Machine, compute_effect
from dckgrade.probes.seccomp.profile import parse_seccomp_profile
from dckgrade.probes.seccomp.seccomp_call import (
    SYSCALL_ATTEMPTS,
    CallOutcome,
    ForbiddenAttempt,
    classify_call_output,
    list_forbidden_attempts,
    list_twins,
)

BY_CALL = {attempt.call: attempt for attempt in SYSCALL_ATTEMPTS}


def tries(*names: str, arch: str = "amd64") -> list[ForbiddenAttempt]:
    rules = [{"names": names, "action": "SCMP_ACT_ERRNO"}]
    found = compute_effect(
        parse_seccomp_profile(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules}).encode())
    )
    assert found is not None
    return list(list_forbidden_attempts(found, Machine(arch=arch)))


@pytest.mark.parametrize(
    ("call", "code", "output", "answer"),
    [
        ("mkdir", 1, "mkdir: can't create directory '/proc': File exists", "allowed"),
        ("mkdir", 1, "mkdir: cannot create directory '/proc': File exists", "allowed"),
        ("mkdir", 1, "mkdir: cannot create directory '/proc': Operation not permitted", "refused"),
        ("mkdir", 1, "mkdir: cannot create directory '/proc': Function not implemented", "refused"),
        ("mkdir", 159, "", "refused"),
        ("mkdir", 139, "mkdir: cannot create directory '/proc': Operation not permitted", "refused"),
        ("mkdir", 1, "mkdir: cannot create directory '/proc': Permission denied", "untried"),
        ("unlink", 1, "unlink: cannot unlink '/dckgrade-nowhere': No such file or directory", "allowed"),
        (
            "unlink",
            127,
            "OCI runtime exec failed: exec failed: stat unlink: no such file or directory",
            "untried",
        ),
        ("unlink", 126, 'OCI runtime exec failed: "unlink": executable file not found in $PATH', "untried"),
        ("unlink", 1, "OCI runtime exec failed: open /proc/self/fd: operation not permitted", "untried"),
        ("unlink", 127, "unlink: applet not found", "untried"),
        ("chmod", 1, "chmod: changing permissions of '/sys': Read-only file system", "allowed"),
        ("chmod", 0, "", "untried"),
        ("kill", 0, "", "allowed"),
        ("kill", 1, "sh: can't kill pid 1: Operation not permitted", "refused"),
        ("kill", 2, "sh: 1: something else", "untried"),
    ],
)
def test_only_a_refusal_and_the_natural_answer_tell(
    call: str, code: int, output: str, answer: CallOutcome
) -> None:
    assert (
        classify_call_output(
            ForbiddenAttempt(BY_CALL[call], call, frozenset({1})),
            CommandResult(code, output),
        )
        == answer
    )


def test_the_profiles_own_error_is_a_refusal() -> None:
    denied = CommandResult(1, "mkdir: cannot create directory '/proc': Permission denied")
    assert (
        classify_call_output(ForbiddenAttempt(BY_CALL["mkdir"], "mkdir", frozenset({13})), denied)
        == "refused"
    )


@pytest.mark.parametrize(
    ("errno", "ran", "outcome"),
    [
        (17, CommandResult(1, "mkdir: cannot create directory '/proc': File exists"), "untried"),
        (5, CommandResult(1, "mkdir: can't create directory '/proc': I/O error"), "refused"),
        (0, CommandResult(0, ""), "refused"),
        (0, CommandResult(1, "mkdir: cannot create directory '/proc': File exists"), "allowed"),
        (1, CommandResult(0, ""), "untried"),
    ],
)
def test_an_error_that_the_kernel_gives_too_tells_nothing_and_a_feigned_success_does(
    errno: int, ran: CommandResult, outcome: CallOutcome
) -> None:
    attempt = ForbiddenAttempt(BY_CALL["mkdir"], "mkdir", frozenset({errno}))
    assert classify_call_output(attempt, ran) == outcome


def test_a_twin_that_the_machine_lacks_is_none() -> None:
    assert [attempt.call for attempt in tries("mkdirat", arch="arm64")] == ["mkdirat"]
    assert tries("mkdir", arch="arm64") == []


def test_only_what_the_profile_forbids_is_tried() -> None:
    assert [(trial.attempt.call, trial.call) for trial in tries("kill", "ptrace")] == [("kill", "kill")]
    assert tries("ptrace") == []


def test_a_twin_is_tried_by_the_same_command() -> None:
    assert [(trial.attempt.call, trial.call) for trial in tries("fchmodat")] == [("chmod", "fchmodat")]
    assert list_twins("kill") == ["kill"]


def test_no_try_can_change_anything() -> None:
    for attempt in SYSCALL_ATTEMPTS:
        words = " ".join(attempt.argv)
        assert any(safe in words for safe in ("/dckgrade-nowhere", "/proc", "/sys", "kill -0"))
