"""`dckgrade lint`: problems with their lines; `--watch` sees them come and go, and idles cheaply."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cli_runner import dckgrade
from tests.support.sample_lab import SAMPLE

CLOCK = os.sysconf("SC_CLK_TCK")


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    path = tmp_path / "labs" / "sample.yaml"
    path.parent.mkdir()
    path.write_text(SAMPLE, encoding="utf-8")
    return path


def test_a_problem_is_shown_with_its_line_and_a_caret(lab: Path) -> None:
    lab.write_text(SAMPLE.replace("version: 1", "version: 2"), encoding="utf-8")

    done = dckgrade("lint", str(lab), "--lang", "en")

    assert done.returncode == 2
    assert done.stderr.decode() == f"{lab}:2:10: 2 is not one of: 1\n2 | version: 2\n  |          ^\n"


def test_a_lab_that_is_graded_is_shown_so_too(lab: Path) -> None:
    lab.write_text(SAMPLE.replace("version: 1", "version: 2"), encoding="utf-8")

    done = dckgrade("--labs", str(lab.parent), "sample", "--lang", "en")

    assert done.returncode == 2
    assert b"  |          ^\n" in done.stderr


def watching(lab: Path, shown: Path) -> subprocess.Popen[bytes]:
    with shown.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "dckgrade", "lint", str(lab.parent), "--watch", "--lang", "en"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"},
        )


def until(holds: Callable[[str], bool], shown: Path) -> None:
    end = time.monotonic() + 20
    while not holds(text := shown.read_text()):
        assert time.monotonic() < end, text
        time.sleep(0.05)


def test_watching_sees_a_problem_come_and_go_and_a_lab_too_and_ends_with_ctrl_c(
    lab: Path, tmp_path: Path
) -> None:
    shown = tmp_path / "shown"
    process = watching(lab, shown)
    try:
        until(lambda text: "1 lab checked: no problem found." in text, shown)
        lab.write_text(SAMPLE.replace("version: 1", "version: 20"), encoding="utf-8")
        until(lambda text: ":2:10: 20 is not one of: 1" in text and "^^" in text, shown)
        lab.write_text(SAMPLE, encoding="utf-8")
        until(lambda text: text.count("1 lab checked: no problem found.") == 2, shown)
        lab.unlink()
        until(lambda text: "There is no lab to check." in text, shown)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in shown.read_text()


def test_watching_draws_nothing_new_and_costs_nothing_while_nothing_changes(
    lab: Path, tmp_path: Path
) -> None:
    shown = tmp_path / "shown"
    process = watching(lab, shown)
    try:
        until(lambda text: "Watching" in text, shown)
        before = cpu_s(process)
        time.sleep(5)
        assert (cpu_s(process) - before) / 5 < 0.02
    finally:
        process.kill()
        process.wait()
    assert shown.read_text().count("Watching") == 1


def cpu_s(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK


def test_labs_in_folders_below_are_taken_and_named_and_other_yaml_is_not(lab: Path, tmp_path: Path) -> None:
    deep = tmp_path / "labs" / "chapter" / "deep.yaml"
    deep.parent.mkdir()
    deep.write_text(SAMPLE.replace("id: sample", "id: deep").replace("AB-", "DE-"), encoding="utf-8")
    for other in (lab.parent / "compose.yaml", lab.parent / ".venv" / "theirs.yaml"):
        other.parent.mkdir(exist_ok=True)
        other.write_text("services: {}\n" if other.parent == lab.parent else SAMPLE, encoding="utf-8")

    done = dckgrade("lint", str(lab.parent), "--lang", "en")

    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().splitlines() == [
        f"{deep.parent}: deep.yaml",
        f"{lab.parent}: sample.yaml",
        "2 labs checked: no problem found.",
    ]


def test_lint_alone_takes_the_labs_of_the_folder_and_of_its_checks_else_ours(
    lab: Path, tmp_path: Path
) -> None:
    assert b"sample.yaml\n1 lab checked" in dckgrade("lint", "--lang", "en", cwd=lab.parent).stdout
    lab.parent.rename(tmp_path / "checks")
    assert b"checks: sample.yaml\n1 lab checked" in dckgrade("lint", "--lang", "en", cwd=tmp_path).stdout
    (tmp_path / "checks" / "sample.yaml").unlink()
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    assert b"tp5.yaml" in dckgrade("lint", "--lang", "en", cwd=tmp_path).stdout


def test_what_is_left_to_fill_in_is_refused_and_a_container_called_todo_app_is_not(lab: Path) -> None:
    lab.write_text(SAMPLE.replace("name: web", "name: todo-app"), encoding="utf-8")
    assert dckgrade("lint", str(lab)).returncode == 0

    title = next(line for line in SAMPLE.splitlines() if line.startswith("title:"))
    lab.write_text(SAMPLE.replace(title, "title: {fr: TODO titre, en: A title}"), encoding="utf-8")
    done = dckgrade("lint", str(lab), "--lang", "en")
    assert done.returncode == 2
    assert "sample.yaml:4:13: this is still to be filled in" in done.stderr.decode()
