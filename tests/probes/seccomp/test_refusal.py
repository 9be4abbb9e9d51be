"""Errors and log lines, as measured on Docker 20.10: which come from the profile, and which do not."""

import json
import os
from errno import errorcode

import pytest

from dckgrade.probes.seccomp.linux_errors import list_texts_of_errors
from dckgrade.probes.seccomp.policy import Effect, compute_effect
from dckgrade.probes.seccomp.profile import parse_seccomp_profile
from dckgrade.probes.seccomp.refusal import find_refused_call, list_error_texts, matches_refused_setup

LISTEN_FAILED = (
    "2026/11/28 22:56:40 [emerg] 1#1: listen() to 0.0.0.0:80, backlog 511 failed (13: Permission denied)"
)


def deny(*names: str, errno: int = 1, action: str = "ERRNO", default: str = "ALLOW") -> Effect:
    rules = [{"names": names, "action": f"SCMP_ACT_{action}", "errnoRet": errno}]
    text = json.dumps({"defaultAction": f"SCMP_ACT_{default}", "syscalls": rules})
    found = compute_effect(parse_seccomp_profile(text.encode()))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("line", "effect", "call"),
    [
        (LISTEN_FAILED, deny("listen", errno=13), "listen"),
        (LISTEN_FAILED, deny("listen"), None),
        (LISTEN_FAILED, deny("mkdir", errno=13), None),
        ("[emerg] 1#1: bind() to 0.0.0.0:80 failed (5: Input/output error)", deny("bind", errno=5), "bind"),
        ('[emerg] mkdir() "/var/x" failed (1: Operation not permitted)', deny("mkdir"), "mkdir"),
        # --cap-drop ALL says the same of a call that the profile lets through.
        ('[emerg] chown("/var/x", 101) failed (1: Operation not permitted)', deny("mkdir"), None),
        ("[alert] fork() failed while spawning (1: Operation not permitted)", deny("clone"), "clone"),
        ("[emerg] initgroups(nginx, 101) failed (38: Function not implemented)",
         deny("setgroups", action="TRACE"), "setgroups"),
        ("exec /usr/sbin/nginx: permission denied", deny("execve", errno=13), "execve"),
        ("cannot set %fs base address for thread-local storage", deny("arch_prctl"), "arch_prctl"),
        ('[emerg] open() "/etc/nginx/nginx.conf" failed (13: Permission denied)', deny("mkdir"), None),
        ("", deny("mkdir"), None),
        # Alpine's C library has words of its own.
        ("[emerg] 1#1: bind() to 0.0.0.0:80 failed (5: I/O error)", deny("bind", errno=5), "bind"),
        ("[emerg] 1#1: listen() failed (95: Not supported)", deny("listen", errno=95), "listen"),
        ("[emerg] 1#1: listen() failed (200: Unknown error 200)", deny("listen", errno=200), "listen"),
    ],
)  # fmt: skip
def test_a_line_tells_of_a_call_by_its_name_and_the_profiles_own_error(
    line: str, effect: Effect, call: str | None
) -> None:
    assert find_refused_call(line, effect) == call


@pytest.mark.parametrize(
    ("error", "effect", "tells"),
    [
        ("unable to apply caps: operation not permitted: unknown", deny("capset"), True),
        ("unable to setup user: setgroups: permission denied: unknown", deny("setgroups", errno=13), True),
        ("unable to apply caps: permission denied: unknown", deny("capset"), False),
        ("unable to apply caps: operation not permitted: unknown", deny("mkdir"), False),
        ("error closing exec fds: open /proc/self/fd: operation not permitted: unknown",
         deny("read", "write", action="ALLOW", default="ERRNO"), True),
        ("cannot start a stopped process: unknown", deny("chdir", action="TRAP"), True),
        ('exec: "nginx": operation not permitted: unknown', deny("faccessat2"), True),
        ('exec: "ngnix": executable file not found in $PATH: unknown', deny("capset"), False),
        ('exec: "/etc": permission denied: unknown', deny("capset", errno=13), False),
        ("error during container init: error setting rlimit type 7: operation not permitted: unknown",
         deny("capset"), False),
        ("driver failed programming external connectivity on endpoint x: port is already allocated",
         deny("read", action="ALLOW", default="ERRNO"), False),
        ("network nope not found", deny("read", action="ALLOW", default="ERRNO"), False),
    ],
)  # fmt: skip
def test_an_engines_error_comes_from_the_profile_by_its_step_its_text_and_the_calls(
    error: str, effect: Effect, *, tells: bool
) -> None:
    assert matches_refused_setup(error, effect) is tells


def test_the_texts_of_the_profiles_errors_are_listed() -> None:
    assert list_error_texts(deny("listen", errno=13)) == ["Permission denied"]
    assert list_error_texts(deny("listen", action="KILL")) == []


def test_the_texts_are_those_of_this_machine_s_c_library() -> None:
    assert {number: list_texts_of_errors({number})[0] for number in errorcode} == {
        number: os.strerror(number) for number in errorcode
    }


def test_errors_are_linuxs_wherever_the_grader_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    # 38 is another error on macOS, and none on Windows.
    monkeypatch.setattr("os.strerror", lambda number: f"Unknown error: {number}")
    effect = deny("capset", action="TRACE")
    assert list_error_texts(effect) == ["Function not implemented"]
    assert matches_refused_setup("unable to apply caps: function not implemented: unknown", effect)
    assert find_refused_call("capset() failed (38: Function not implemented)", effect) == "capset"
