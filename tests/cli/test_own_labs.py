"""Labs of one's own: from a folder, the environment, an installed package; told where there are none."""

from pathlib import Path

import pytest

from tests.conftest import FIXTURES
from tests.support.cli_runner import NOWHERE, dckgrade_process

LAB = (FIXTURES.parent / "checks" / "tp5.yaml").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "labs"
    made.mkdir()
    (made / "lab9.yaml").write_text(
        LAB.replace("id: tp5", "id: lab9", 1).replace("Docker stats", "My own lab")
    )
    return made


def test_a_folder_of_labs_makes_each_a_command(folder: Path) -> None:
    shown = dckgrade_process("--labs", str(folder), "--lang", "en").stdout.decode()
    assert "lab9  My own lab" in shown
    assert "tp5  Docker stats" in shown
    done = dckgrade_process("--labs", str(folder), "lab9", "--host", NOWHERE, "-f", "json")
    assert done.returncode == 3
    assert b'"id": "lab9"' in done.stdout


def test_the_environment_names_folders_as_path_does(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    environ = {"DCKGRADE_LABS": f"{tmp_path / 'more'}:{folder}"}
    assert dckgrade_process("lab9", "--help", environ=environ).returncode == 0


def test_a_lab_of_one_s_own_wins_over_ours_of_the_same_name(folder: Path) -> None:
    (folder / "lab9.yaml").rename(folder / "tp5.yaml")
    (folder / "tp5.yaml").write_text(LAB.replace("Docker stats", "My own TP5"))
    assert b"My own TP5" in dckgrade_process("--labs", str(folder), "--lang", "en").stdout


def test_an_installed_package_of_labs_is_found_without_being_run(folder: Path, tmp_path: Path) -> None:
    package = tmp_path / "site" / "their_labs"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('it was run')")
    (folder / "lab9.yaml").rename(package / "lab9.yaml")
    dist_info = tmp_path / "site" / "their_labs-1.dist-info"
    dist_info.mkdir()
    (dist_info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-labs\nVersion: 1\n")
    (dist_info / "entry_points.txt").write_text("[dckgrade.labs]\ntheirs = their_labs\n")
    environ = {"PYTHONPATH": f"{tmp_path / 'site'}:{FIXTURES.parent}"}
    done = dckgrade_process("lab9", "--host", NOWHERE, "-f", "json", environ=environ)
    assert b'"id": "lab9"' in done.stdout


@pytest.mark.parametrize("words", [("tp5",), ()])
def test_a_folder_that_is_not_there_is_told(words: tuple[str, ...], tmp_path: Path) -> None:
    done = dckgrade_process("--labs", str(tmp_path / "none"), *words, "--lang", "en")
    assert done.returncode == 2
    assert b"no folder" in done.stderr
    assert b"Traceback" not in done.stderr
