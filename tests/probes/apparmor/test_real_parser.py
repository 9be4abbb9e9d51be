"""
Debian's profiles and those of our cases, whole and damaged: we say what `apparmor_parser` says.

Where that program is, it is asked; what it said of our own profiles is kept for where it is not.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from dckgrade.engine import apparmor_files
from dckgrade.engine.answers import NotThere, OutOfReach, ParserAnswer
from dckgrade.engine.apparmor_files import ask_parser, read_policy_include
from dckgrade.probes.apparmor.policy.lexer import InvalidPolicy
from dckgrade.probes.apparmor.profile import know_no_include, parse_apparmor_profiles
from images import debian
from tests.conftest import FIXTURES, need
from tests.support.damaged_profiles import iter_damaged

PACKAGES = ("apparmor", "apparmor-profiles", "apparmor-profiles-extra")
PROFILE_FOLDERS = ("etc/apparmor.d", "usr/share/apparmor/extra-profiles")
KEPT = Path(__file__).parent / "golden"
PARSER = shutil.which("apparmor_parser", path=apparmor_files.PARSER_FOLDERS) or ""
# Of this version we know the grammar; others are close to it.
IS_KNOWN_VERSION = (
    bool(PARSER)
    and b" 3.0." in subprocess.run([PARSER, "--version"], capture_output=True, check=False).stdout
)
LARGE_BYTES, PACKAGED_COPIES, OWN_COPIES = 1200, 5, 24
# Simplifying takes a third of the parser's time, and changes none of these answers.
WITHOUT_SIMPLIFYING = ("-O", "no-expr-simplify")


@pytest.fixture(scope="module")
def parser() -> None:
    """Say that there is no parser: a failure where engines are required, else a skip."""
    need(None if PARSER else "apparmor_parser is not installed", "AppArmor parser")


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack Debian's profiles, with what they include."""
    folder = tmp_path_factory.mktemp("debian")
    try:
        # Only these: what they depend on has no profiles.
        tree = debian.tree_of(PACKAGES, without=("[!a]*", "adduser"))
    except (debian.DebianFailed, FileNotFoundError) as error:
        need(f"Debian's packages cannot be had: {error}", "corpus")
        raise
    for path, file in tree.items():
        if path.startswith(PROFILE_FOLDERS) and not file.target:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(file.content)
    # Packages hold these without a file in them, and the parser wants those that the tunables name.
    for included in folder.glob("etc/apparmor.d/[at]*s/*"):
        if included.is_file():
            Path(f"{included}.d").mkdir(exist_ok=True)
    return folder


def list_own_profiles() -> Mapping[str, bytes]:
    """Return the profiles of our cases, those that differ."""
    paths = sorted((FIXTURES / "tp3").glob("**/docker-nginx-profile"))
    contents = {path.read_bytes(): path.parent.name for path in reversed(paths)}
    return {name: content for content, name in sorted(contents.items(), key=lambda pair: pair[1])}


def read_include(written: str) -> list[str] | None:
    try:
        return [text.decode("latin-1") for text in read_policy_include(written, KEPT)]
    except NotThere:
        raise LookupError(written) from None
    except OutOfReach:
        return None


def find_fault(
    content: bytes, include: Callable[[str], list[str] | None] = read_include
) -> InvalidPolicy | None:
    """Return what we find wrong."""
    try:
        parse_apparmor_profiles(content, include)
    except InvalidPolicy as fault:
        return fault
    return None


def agree(fault: InvalidPolicy | None, answer: ParserAnswer) -> bool:
    return answer.accepts is (fault is None) or (
        answer.accepts and fault is not None and fault.what == "no-profile"
    )


def ask_of_all(contents: list[bytes]) -> Iterator[tuple[bytes, ParserAnswer]]:
    """Ask the parser of each, leaving out those over which it takes too long."""

    def ask(content: bytes) -> ParserAnswer | None:
        try:
            return ask_parser(content, KEPT)
        except OutOfReach:
            return None

    with ThreadPoolExecutor(2) as threads:
        answers = threads.map(ask, contents)
        yield from ((content, answer) for content, answer in zip(contents, answers, strict=True) if answer)


# Half a minute on an idle machine; the parser is asked 600 times.
@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("parser")
def test_we_and_the_parser_say_the_same_of_packaged_profiles_and_of_damaged_ones(
    packaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apparmor_files, "POLICY_FOLDER", packaged / "etc/apparmor.d")
    monkeypatch.setattr(apparmor_files, "PARSER_TIMEOUT_S", 20)
    options = (*apparmor_files.PARSER_OPTIONS, *WITHOUT_SIMPLIFYING)
    monkeypatch.setattr(apparmor_files, "PARSER_OPTIONS", options)
    profiles = {
        path.name: path.read_bytes()
        for folder in PROFILE_FOLDERS
        for path in sorted((packaged / folder).glob("*"))
        if path.is_file() and path.name != "README"
    }
    contents = [*profiles.values()]
    for name, content in profiles.items():
        if len(content) < LARGE_BYTES:
            contents += iter_damaged(name, content, PACKAGED_COPIES)
    compared = list(ask_of_all(contents))
    read_include_once = cache(read_include)
    different = [
        (content, fault, answer)
        for content, answer in compared
        if not agree(fault := find_fault(content, read_include_once), answer)
    ]
    assert different[0 if IS_KNOWN_VERSION else len(compared) // 50 :] == []
    assert len(profiles) > 130
    assert len(compared) > 500
    assert sum(answer.accepts for _, answer in compared) > 250


@pytest.mark.usefixtures("parser")
def test_a_fault_is_found_at_the_line_that_the_parser_names() -> None:
    contents = [
        copy for name, content in list_own_profiles().items() for copy in iter_damaged(name, content, 5)
    ]
    placed = [
        (fault.line, answer.line)
        for content, answer in ask_of_all(contents)
        if answer.line and not answer.file and (fault := find_fault(content)) and fault.what != "no-profile"
    ]
    assert len(placed) > 40
    assert sum(mine == other for mine, other in placed) > len(placed) * 0.9


@pytest.mark.skipif(not IS_KNOWN_VERSION, reason="what is kept is what apparmor_parser 3.0 says")
def test_what_is_kept_of_the_parser_is_what_it_says(golden: Callable[[str, bytes], None]) -> None:
    kept = {}
    for name, content in list_own_profiles().items():
        contents = [content, *iter_damaged(name, content, OWN_COPIES)]
        answers = [ask_parser(copy, KEPT) for copy in contents]
        kept[name] = "".join(map(describe_answer, answers))
    golden("verdicts.json", json.dumps(kept, indent=1).encode() + b"\n")


def describe_answer(answer: ParserAnswer) -> str:
    """Return + for accepted, - for refused; ? where only who reads the includes can know."""
    return (
        "+"
        if answer.accepts
        else "?"
        if "Could not open" in answer.text or "declared" in answer.text
        else "-"
    )


def test_without_the_parser_we_say_what_it_said() -> None:
    kept = json.loads((KEPT / "verdicts.json").read_bytes())
    profiles = list_own_profiles()
    assert kept.keys() == profiles.keys()
    compared = [
        (name, number, verdict, find_fault(copy, know_no_include))
        for name, content in profiles.items()
        for number, (verdict, copy) in enumerate(
            zip(kept[name], (content, *iter_damaged(name, content, OWN_COPIES)), strict=True)
        )
        if verdict != "?"
    ]
    assert len(compared) > 500
    assert [
        (name, number, fault)
        for name, number, verdict, fault in compared
        if not agree(fault, ParserAnswer(accepts=verdict == "+"))
    ] == []
