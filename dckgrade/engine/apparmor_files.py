"""This machine's AppArmor: the files that profiles include, and what `apparmor_parser` says of a profile."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from dckgrade.engine.answers import NotThere, OutOfReach, ParserAnswer
from dckgrade.engine.local_files import read_workdir_file
from dckgrade.engine.redaction import mask_secrets
from dckgrade.lazy_patterns import compile_lazily
from dckgrade.report.observation import UnobservableReason

POLICY_FOLDER = Path("/etc/apparmor.d")
PARSER_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
"""Where Debian's and Ubuntu's packages put it; what lies on somebody's own PATH is not run."""
PARSER_TIMEOUT_S, MAX_PARSER_BYTES, MAX_MESSAGE_CHARS = 5.0, 1024**3, 300
# Nothing is loaded and no cache is read or written; the machine's own settings are left aside.
PARSER_OPTIONS = ("--skip-kernel-load", "--skip-cache", "--quiet", "--config-file", os.devnull)
MAX_FOLDER_FILES = 100
# By this name it tells the profile from what that includes.
STDIN = "/dev/stdin"
PLACE_PATTERN = compile_lazily(
    r"AppArmor parser error(?: for \S+)?(?: in (?:profile )?(?P<file>\S+))?"
    r" at line (?P<line>\d+): (?P<text>.*)"
)
"""On one line from 2.13 to 4.1."""
UNRELATED_WORDS = ("Usage:", "Access denied", "Memory allocation", "Out of memory")
"""It does not know an option, or lacks a right or memory: the profile is not to blame."""
UNIMPORTANT_PATTERN = compile_lazily(
    r"Cache read/write disabled|[Ww]arning|ERROR (?:processing|merging)|\s*$"
)


def read_policy_include(written: str, workdir: Path | None) -> Sequence[bytes]:
    """
    Read what an include names, `<name>` or a path: a file, or each file of a folder.

    Raises `NotThere` if it is missing, and `OutOfReach` on a machine without AppArmor's own files.
    """
    if not (POLICY_FOLDER / "abstractions").is_dir():
        raise OutOfReach(UnobservableReason.NOT_TRIED, str(POLICY_FOLDER))
    if not written.startswith("<"):
        if workdir is None or written.startswith("/"):
            raise OutOfReach(UnobservableReason.NOT_TRIED, written)
        return [read_workdir_file(workdir, written)]
    name = written.strip("<>")
    if (folder := POLICY_FOLDER / name).is_dir():
        files = sorted(path.name for path in folder.iterdir() if path.is_file())[:MAX_FOLDER_FILES]
        return [read_workdir_file(POLICY_FOLDER, f"{name}/{file}") for file in files]
    return [read_workdir_file(POLICY_FOLDER, name)]


def ask_parser(content: bytes, folder: Path | None) -> ParserAnswer:
    """
    Ask `apparmor_parser` of a profile; it reads that, and what it includes.

    *folder* is where includes by a relative path begin. Raises `NotThere` on a machine without it, and
    `OutOfReach` when it gives no answer in time.
    """
    program = shutil.which("apparmor_parser", path=PARSER_FOLDERS)
    if program is None:
        raise NotThere("apparmor_parser")
    try:
        with subprocess.Popen(
            [program, *PARSER_OPTIONS, "--base", str(POLICY_FOLDER), STDIN],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            cwd=folder, env={"LC_ALL": "C", "PATH": PARSER_FOLDERS},
        ) as process:  # fmt: skip
            limit_memory(process.pid)
            try:
                _, stderr = process.communicate(content, PARSER_TIMEOUT_S)
            except subprocess.TimeoutExpired as error:
                process.kill()
                raise OutOfReach(UnobservableReason.DEADLINE, "apparmor_parser") from error
    except OSError as error:
        raise OutOfReach(UnobservableReason.NOT_TRIED, f"apparmor_parser: {error.strerror}") from error
    return parse_parser_answer(process.returncode, stderr.decode(errors="replace"))


def limit_memory(pid: int) -> None:
    """Keep a pattern that explodes from taking the machine's memory."""
    # This module is no part of Windows.
    import resource

    resource.prlimit(pid, resource.RLIMIT_AS, (MAX_PARSER_BYTES, MAX_PARSER_BYTES))


def parse_parser_answer(exit_code: int, stderr: str) -> ParserAnswer:
    """Read what the parser said; `OutOfReach` if it ended for another reason than the profile."""
    if exit_code == 0:
        return ParserAnswer(accepts=True)
    lines = [line for line in stderr.splitlines() if not UNIMPORTANT_PATTERN.match(line)]
    if exit_code < 0 or not lines or any(word in stderr for word in UNRELATED_WORDS):
        raise OutOfReach(UnobservableReason.NOT_TRIED, f"apparmor_parser: {exit_code}")
    placed = next((match for line in lines if (match := PLACE_PATTERN.match(line))), None)
    if placed is None:
        return ParserAnswer(accepts=False, text=shorten(lines[0].rpartition("apparmor_parser: ")[2]))
    file = "" if placed["file"] == STDIN else placed["file"] or ""
    return ParserAnswer(accepts=False, text=shorten(placed["text"]), file=file, line=int(placed["line"]))


def shorten(text: str) -> str:
    """Mask secrets, and bound the length."""
    return mask_secrets(text)[:MAX_MESSAGE_CHARS]
