"""This machine's AppArmor: includes, and the words of its parser, from 2.13 to 4.1."""

import shutil
from pathlib import Path

import pytest

from dckgrade.engine import apparmor_files
from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.apparmor_files import ask_parser, parse_parser_answer, read_policy_include

NOISE = (
    "Cache read/write disabled: interface file missing. (Kernel needs AppArmor 2.4 compatibility patch.)\n"
)
NEEDS_PARSER = pytest.mark.skipif(
    not shutil.which("apparmor_parser", path=apparmor_files.PARSER_FOLDERS),
    reason="apparmor_parser is not installed here",
)


@pytest.mark.parametrize(
    ("stderr", "text", "file", "line"),
    [
        (
            "AppArmor parser error for /dev/stdin in profile /dev/stdin at line 7: Invalid capability net.\n",
            "Invalid capability net.",
            "",
            7,
        ),
        (
            "AppArmor parser error for /dev/stdin in profile /etc/apparmor.d/x at line 2: syntax error\n",
            "syntax error",
            "/etc/apparmor.d/x",
            2,
        ),
        ("AppArmor parser error at line 8: missing an end of line character? (entry: /a)\n",
         "missing an end of line character? (entry: /a)", "", 8),
        ("Found reference to variable PROC, but is never declared\n",
         "Found reference to variable PROC, but is never declared", "", None),
        (
            (
                "/usr/sbin/apparmor_parser: Regex grouping error: Invalid number of items between {}\n"
                "ERROR processing regexs for profile a, failed to load\n"
            ),
            "Regex grouping error: Invalid number of items between {}",
            "",
            None,
        ),
    ],
)  # fmt: skip
def test_what_the_parser_refuses_and_where(stderr: str, text: str, file: str, line: int | None) -> None:
    answer = parse_parser_answer(1, NOISE + stderr)
    assert (answer.accepts, answer.text, answer.file, answer.line) == (False, text, file, line)


def test_what_it_accepts() -> None:
    assert parse_parser_answer(0, NOISE).accepts


@pytest.mark.parametrize(
    ("exit_code", "stderr"),
    [
        (-9, ""),
        (1, NOISE),
        (1, "apparmor_parser: unrecognized option '--config-file'\nUsage: …\n"),
        (2, ""),
        (1, "Access denied.\n"),
    ],
)
def test_what_ends_for_another_reason_is_no_answer(exit_code: int, stderr: str) -> None:
    with pytest.raises(OutOfReach):
        parse_parser_answer(exit_code, stderr)


def test_a_secret_in_its_words_is_masked() -> None:
    answer = parse_parser_answer(1, "AppArmor parser error at line 1: entry: /a PASSWORD=hunter2 x\n")
    assert "hunter2" not in answer.text


def test_without_the_program_there_is_nothing_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apparmor_files, "PARSER_FOLDERS", "/nonexistent")
    with pytest.raises(NotThere):
        ask_parser(b"profile a { file, }\n", None)


@pytest.mark.parametrize("end", ["sleep 60", "kill -9 $$", "exit 3"])
def test_a_program_that_gives_no_answer_is_not_waited_for(
    end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "apparmor_parser").write_text(f"#!/bin/sh\nexec 0<&- 1>&-\n{end}\n")
    (tmp_path / "apparmor_parser").chmod(0o755)
    monkeypatch.setattr(apparmor_files, "PARSER_FOLDERS", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(apparmor_files, "PARSER_TIMEOUT_S", 0.5)
    with pytest.raises(OutOfReach):
        ask_parser(b"profile a { file, }\n", None)


@NEEDS_PARSER
def test_the_real_one_names_the_line_and_the_file_of_a_fault(tmp_path: Path) -> None:
    (tmp_path / "rules").write_text("/a r\n/b r,\n")
    own = ask_parser(b"profile a {\n  capability net_bind_services,\n}\n", tmp_path)
    assert (own.text, own.file, own.line) == ("Invalid capability net_bind_services.", "", 2)
    included = ask_parser(b'profile a {\n  include "rules"\n}\n', tmp_path)
    assert (included.file, included.line) == ("rules", 2)
    assert ask_parser(b"profile a {\n  /a r,\n}\n", tmp_path).accepts


def test_includes_are_read_from_the_policy_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, work = tmp_path / "policy", tmp_path / "work"
    for folder in (policy / "abstractions" / "base.d", work):
        folder.mkdir(parents=True)
    (policy / "abstractions" / "base").write_text("/a r,\n")
    (policy / "abstractions" / "base.d" / "one").write_text("/b r,\n")
    (work / "mine").write_text("/c r,\n")
    (tmp_path / "secret").write_text("x")
    monkeypatch.setattr(apparmor_files, "POLICY_FOLDER", policy)
    assert read_policy_include("<abstractions/base>", work) == [b"/a r,\n"]
    assert read_policy_include("<abstractions/base.d>", work) == [b"/b r,\n"]
    assert read_policy_include("mine", work) == [b"/c r,\n"]
    with pytest.raises(NotThere):
        read_policy_include("<abstractions/basse>", work)
    for beyond in ("<../secret>", "../secret", str(tmp_path / "secret")):
        with pytest.raises(OutOfReach):
            read_policy_include(beyond, work)


def test_without_apparmors_files_nothing_is_known_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apparmor_files, "POLICY_FOLDER", tmp_path)
    with pytest.raises(OutOfReach):
        read_policy_include("<abstractions/base>", None)
