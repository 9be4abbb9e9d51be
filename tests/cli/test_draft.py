"""`dckgrade draft`: a lab that lint takes, on standard output or in a file, and each refusal in words."""

import json
from pathlib import Path

import pytest

from dckgrade.lab.load import load_lab
from tests.conftest import FIXTURES
from tests.support.cli_runner import dckgrade
from tests.support.engine_recordings import RECORDINGS

BEFORE, AFTER = (str(RECORDINGS / f"tp5-{case}.json") for case in ("untouched", "solution"))
REPORT = str(FIXTURES / "tp5" / "untouched" / "recording.json")


def test_a_draft_goes_to_standard_output_and_what_is_said_of_it_does_not() -> None:
    done = dckgrade("draft", BEFORE, AFTER, "--lang", "en")

    assert done.returncode == 0
    assert done.stdout.startswith(b"# yaml-language-server: $schema=./lab.schema.json\nversion: 1\n")
    assert done.stderr.decode() == "Checks: 4. First recording: 0/6; second one: 6/6.\n"


def test_a_draft_in_a_file_bears_its_name_and_passes_lint(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    done = dckgrade("draft", BEFORE, AFTER, "-o", str(path), "--lang", "en")

    assert (done.returncode, done.stdout) == (0, b"")
    assert f"then: dckgrade lint {path}" in done.stderr.decode()
    assert load_lab(path).lab.id == "mine"
    assert dckgrade("lint", str(path)).returncode == 0


def test_where_nothing_changed_there_is_nothing_to_grade() -> None:
    done = dckgrade("draft", AFTER, AFTER, "--lang", "en")

    assert (done.returncode, done.stdout) == (5, b"")
    assert "nothing changed that a check could demand" in done.stderr.decode()


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("mine\n")
    done = dckgrade("draft", BEFORE, AFTER, "-o", str(path), "--lang", "en")

    assert done.returncode == 2
    assert "is already there" in done.stderr.decode()
    assert path.read_text() == "mine\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((BEFORE, "none.json"), "none.json cannot be read: No such file"),
        ((REPORT, AFTER), "a lab's report is none"),
        ((BEFORE, AFTER, "-o", "mine.json"), "The file's name ends in one of .yaml"),
        ((BEFORE, AFTER, "-o", "Mine.yaml"), "“Mine” is no name for a lab"),
        ((BEFORE, AFTER, "-o", "lint.yaml"), "is the name of a command"),
    ],
    ids=["missing", "report", "suffix", "name", "command"],
)
def test_what_cannot_be_drafted_is_told(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = dckgrade("draft", *words, "--lang", "en", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, b"")
    assert said in done.stderr.decode()
    assert [*tmp_path.iterdir()] == []


def test_of_a_recording_that_is_not_whole_nothing_is_concluded(tmp_path: Path) -> None:
    document = json.loads(Path(BEFORE).read_bytes())
    document["recording"]["complete"] = False
    path = tmp_path / "cut.json"
    path.write_text(json.dumps(document))
    done = dckgrade("draft", str(path), AFTER, "--lang", "en")

    assert done.returncode == 2
    assert "is not whole" in done.stderr.decode()


def test_a_draft_that_does_not_tell_the_two_apart_says_so(tmp_path: Path) -> None:
    document = json.loads(Path(AFTER).read_bytes())
    document["recording"]["only"] = ["another"]
    path = tmp_path / "chosen.json"
    path.write_text(json.dumps(document))
    done = dckgrade("draft", BEFORE, str(path), "--lang", "en")

    assert done.returncode == 1
    assert "second one: 0/6" in done.stderr.decode()
    assert "does not tell them apart" in done.stderr.decode()


def test_the_author_is_asked_about_a_name_that_docker_may_have_made_up(tmp_path: Path) -> None:
    path = tmp_path / "after.json"
    path.write_text(Path(AFTER).read_text().replace("dbserver", "great_colden"))
    done = dckgrade("draft", BEFORE, str(path), "--lang", "en")

    assert "Did Docker make up great_colden?" in done.stderr.decode()


def test_what_is_gone_is_told_since_no_check_can_demand_it() -> None:
    done = dckgrade("draft", AFTER, BEFORE, "--lang", "en")

    assert done.returncode == 5
    assert "no check can demand that: Container webservers, Container dbserver.\n" in done.stderr.decode()
