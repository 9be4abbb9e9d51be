"""`dckgrade prove` as CI runs it: exit codes, clean streams, files, and words that say what to do."""

import json
import os
import shutil
from pathlib import Path

import pytest

from dckgrade.lab.discovery import find_lab_path
from dckgrade.render.formats import DocumentKind, list_suffixes
from tests.conftest import FIXTURES
from tests.support.cli_runner import dckgrade, dckgrade_process
from tests.support.tiny_lab import tiny

ENGLISH = ("--lang", "en")
PROVEN = ("prove", "tp5", "--recorded", "--fixtures", str(FIXTURES), *ENGLISH)


@pytest.fixture
def weakened(tmp_path: Path) -> tuple[str, ...]:
    """Give the words that prove a TP5 in which a state is no longer demanded."""
    text = find_lab_path("tp5").read_text(encoding="utf-8")
    lab = tmp_path / "tp5.yaml"
    lab.write_text(
        text.replace("      status: running\n", "      status: {present: true}\n"), encoding="utf-8"
    )
    return "prove", str(lab), "--recorded", "--fixtures", str(FIXTURES), *ENGLISH


def test_a_proven_lab_is_exit_0_in_less_than_two_seconds() -> None:
    before = os.times().children_user
    run = dckgrade_process(*PROVEN)

    assert run.returncode == 0, run.stderr
    assert "tp5 is proven" in run.stdout.decode()
    assert run.stderr == b""
    # Of the processor: how long it takes beside other tests says nothing.
    assert os.times().children_user - before < 2


def test_a_lab_that_is_not_proven_is_exit_1_and_is_told_why(weakened: tuple[str, ...]) -> None:
    run = dckgrade(*weakened)

    assert run.returncode == 1
    words = " ".join(run.stdout.decode().split())
    assert "webservers-running does not see the mistake paused" in words
    assert "webservers-running: no change of what was seen breaks the demand status" in words
    assert "tp5 is NOT proven" in words


def test_an_annotation_points_at_the_line_of_the_check_that_survived(weakened: tuple[str, ...]) -> None:
    lab = Path(weakened[1])
    run = dckgrade(*weakened, "-f", "github", cwd=lab.parent)

    at = 1 + lab.read_text(encoding="utf-8").splitlines().index("  - id: webservers-running")
    place = f"::error file=tp5.yaml,line={at},col=9::webservers-running does not see the mistake paused"
    assert run.returncode == 1
    assert any(line.startswith(place) for line in run.stdout.decode().splitlines()), run.stdout


@pytest.mark.parametrize("shape", ["text", "json", "junit", "github", "md"])
def test_every_form_goes_to_stdout_and_nothing_else_does(shape: str) -> None:
    run = dckgrade(*PROVEN, "-f", shape)

    assert run.returncode == 0
    assert run.stdout.strip()
    assert run.stderr == b""


def test_files_are_written_by_their_suffix(tmp_path: Path) -> None:
    paths = [tmp_path / f"proof{suffix}" for suffix in list_suffixes(DocumentKind.PROOF)]

    run = dckgrade(*PROVEN, *(word for path in paths for word in ("-o", str(path))))

    assert run.returncode == 0
    begins = {".html": b"<!", ".json": b"{\n", ".xml": b"<?", ".md": b"##"}
    assert {path.suffix: path.read_bytes()[:2] for path in paths} == begins
    assert json.loads((tmp_path / "proof.json").read_bytes())["proven"] is True


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--host", "unix:///x"], "Add --disposable"),
        (["--disposable"], "Name the engine"),
        (["--recorded", "--record"], "uses no engine"),
        (["--engine", "trixy"], "Available: installed, trixie"),
        (["--engine", "trixie", "--recorded"], "cannot be combined with --host or --recorded"),
        (["--engine", "trixie", "--host", "unix:///x", "--disposable"], "cannot be combined with --host"),
        (["--recorded", "-o", "proof.pdf"], "has no format"),
        (["--recorded", "--fixtures", "nowhere"], "holds no solution of tp5"),
    ],
)
def test_a_misuse_is_exit_2_with_advice(tmp_path: Path, words: list[str], message: str) -> None:
    run = dckgrade("prove", "tp5", *words, *ENGLISH, cwd=tmp_path)

    assert run.returncode == 2
    assert run.stdout == b""
    assert message in run.stderr.decode()


def test_a_hint_that_lacks_a_language_is_named_with_its_line(tmp_path: Path) -> None:
    lab, fixtures = tiny(tmp_path)
    text = lab.read_text(encoding="utf-8")
    lab.write_text(text.replace(", en: What does a container do?", ""), encoding="utf-8")

    run = dckgrade("prove", str(lab), "--recorded", "--fixtures", str(fixtures), *ENGLISH)

    line = 1 + next(at for at, source_line in enumerate(text.splitlines()) if "hint:" in source_line)
    assert run.returncode == 2
    assert f"tiny.yaml:{line}:" in run.stderr.decode()
    assert "`en`" in run.stderr.decode()


def test_two_cases_of_one_name_are_refused(tmp_path: Path) -> None:
    lab, fixtures = tiny(tmp_path)
    shutil.copytree(fixtures / "tiny" / "solution", fixtures / "tiny" / "variants" / "exited")

    run = dckgrade("prove", str(lab), "--recorded", "--fixtures", str(fixtures), *ENGLISH)

    assert run.returncode == 2
    assert "Two cases of tiny are called exited" in run.stderr.decode()


def test_an_expectation_of_no_check_and_a_mistake_that_is_none_are_named(tmp_path: Path) -> None:
    lab, fixtures = tiny(tmp_path)
    mistakes = fixtures / "tiny" / "mistakes"
    (mistakes / "exited" / "expect.yaml").write_text("failed: {box-runing: TY-01}\n")
    shutil.copytree(mistakes / "exited", mistakes / "harmless", ignore=shutil.ignore_patterns("expect.yaml"))

    run = dckgrade("prove", str(lab), "--recorded", "--fixtures", str(fixtures), "-f", "github", *ENGLISH)

    assert run.returncode == 1
    assert "exited expects something of box-runing, which is no check." in run.stdout.decode()
    assert "harmless names no check that it fails: it is no mistake." in run.stdout.decode()


def test_where_nothing_was_recorded_it_is_told_how_that_is_done(tmp_path: Path) -> None:
    lab, fixtures = tiny(tmp_path)

    run = dckgrade("prove", str(lab), "--recorded", "--fixtures", str(fixtures), *ENGLISH)

    assert run.returncode == 1
    assert run.stderr.decode().splitlines() == [
        f"{fixtures / 'tiny'} holds no recording of tiny yet.",
        f"`dckgrade prove {lab} --record` makes them on engines of its own; it needs root.",
    ]
