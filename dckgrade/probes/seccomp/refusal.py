"""Tell from an error, of the engine or of a program, which forbidden call it comes from, if from any."""

import re
from collections.abc import Mapping, Sequence

from dckgrade.lazy_patterns import compile_lazily
from dckgrade.probes.seccomp.linux_errors import list_texts_of_errors
from dckgrade.probes.seccomp.policy import Effect
from dckgrade.probes.seccomp.syscalls import SETUP_CALLS, split_names

LOST_INIT_PATTERN = compile_lazily(
    r"cannot start (?:a container that has stopped|a stopped process|an already running container)"
)
"""What runc says when its own process ended under the filter (1.1, measured)."""
SETUP_STEP_PATTERN = compile_lazily(
    r"closing exec fds|chdir to cwd|current working directory|bounding set|keep caps|apply caps|setup user"
    r"|parent death|pdeath|exec fifo|close (?:log )?pipe|procfs|readdirent|^exec: "
)
"""The steps that runc takes under the filter (libcontainer/standard_init_linux.go); no other is."""
CALLS_OF_WORDS: Mapping[str, frozenset[str]] = {
    "accept": split_names("accept accept4"),
    "can't create": split_names("open openat creat"),
    "can't open": split_names("open openat"),
    "chmod": split_names("chmod fchmod fchmodat fchmodat2"),
    "chown": split_names("chown fchown fchownat lchown"),
    "epoll_create": split_names("epoll_create epoll_create1"),
    "epoll_wait": split_names("epoll_wait epoll_pwait"),
    "eventfd": split_names("eventfd eventfd2"),
    "exec": split_names("execve execveat"),
    "fork": split_names("clone clone3 fork vfork"),
    "initgroups": split_names("setgroups"),
    "lstat": split_names("lstat newfstatat statx"),
    "mkdir": split_names("mkdir mkdirat"),
    "open": split_names("open openat openat2"),
    "open shared object": split_names("open openat"),
    "opendir": split_names("open openat"),
    "pipe": split_names("pipe pipe2"),
    "pthread_create": split_names("clone clone3"),
    "read shared object": split_names("read pread64"),
    "read file data": split_names("read pread64"),
    "read": split_names("read pread64 readv"),
    "rename": split_names("rename renameat renameat2"),
    "rmdir": split_names("rmdir unlinkat"),
    "stat": split_names("stat fstat newfstatat statx"),
    "stat shared object": split_names("stat fstat newfstatat statx"),
    "symlink": split_names("symlink symlinkat"),
    "unlink": split_names("unlink unlinkat"),
    "write": split_names("write pwrite64 writev pwritev"),
}
"""How programs call what they did, where that is not the call's own name."""
LOADER_WORDS: Mapping[str, frozenset[str]] = {
    "cannot set %fs base address": split_names("arch_prctl set_thread_area"),
    "cannot apply additional memory protection": split_names("mprotect"),
    "failed to map segment from shared object": split_names("mmap"),
    "cannot create shared object descriptor": split_names("mmap brk"),
}
"""What the C library says before a program begins; it names the thing, and sometimes no error."""


def list_error_texts(effect: Effect) -> Sequence[str]:
    """List the texts of the errors that the profile gives."""
    calls = {*effect.calls, *SETUP_CALLS}
    errnos = frozenset[int]().union(*map(effect.list_errnos, calls))
    return list_texts_of_errors(errnos)


def matches_refused_setup(error: str, effect: Effect) -> bool:
    """
    Return whether the engine's *error* comes from a refused call: runc's last steps are under the filter.

    Other causes give errors of the same text: what the profile refuses must be among what runc needs.
    """
    refused = [call for call in SETUP_CALLS if any(effect.list_refusals(call))]
    if not refused or is_about_program(error, effect):
        return False
    errnos = frozenset[int]().union(*map(effect.list_errnos, refused))
    texts = {text.lower() for text in list_texts_of_errors(errnos)}
    return bool(LOST_INIT_PATTERN.search(error)) or (
        bool(SETUP_STEP_PATTERN.search(error)) and any(f": {text}" in error.lower() for text in texts)
    )


def is_about_program(error: str, effect: Effect) -> bool:
    """Return whether *error* is about the program to be started, and the profile lets that be looked for."""
    looks = split_names("access faccessat faccessat2 stat newfstatat statx execve execveat")
    return error.startswith("exec: ") and not any(any(effect.list_refusals(call)) for call in looks)


def find_refused_call(line: str, effect: Effect) -> str | None:
    """Find the forbidden call that *line* of a log tells of, with the error that the profile gives it."""
    for words, calls in LOADER_WORDS.items():
        if words in line and (found := list_refused(calls, effect)):
            return found[0]
    for name in list_named_calls(line):
        for call in list_refused(CALLS_OF_WORDS.get(name, frozenset({name})), effect):
            texts = list_texts_of_errors(effect.list_errnos(call))
            if any(text.lower() in line.lower() for text in texts):
                return call
    return None


def list_named_calls(line: str) -> Sequence[str]:
    """List what *line* says was done: `bind() to 0.0.0.0:80 failed`, `exec /usr/sbin/nginx: …`."""
    functions = [name.removesuffix("64") for name in re.findall(r"\b([a-z][a-z0-9_]*)\(", line)]
    return [*functions, *(words for words in CALLS_OF_WORDS if re.search(rf"\b{words}\b", line))]


def list_refused(calls: frozenset[str], effect: Effect) -> Sequence[str]:
    """List those of *calls* that the profile refuses, with some arguments at least."""
    return sorted(call for call in calls if any(effect.list_refusals(call)))
