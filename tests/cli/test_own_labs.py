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


def offer_labs(site: Path, named: str) -> dict[str, str]:
    """Install, in *site*, a package that says that its labs are in *named*; return the environment."""
    dist_info = site / "their_labs-1.dist-info"
    dist_info.mkdir(parents=True)
    (dist_info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-labs\nVersion: 1\n")
    (dist_info / "entry_points.txt").write_text(f"[dckgrade.labs]\ntheirs = {named}\n")
    return {"PYTHONPATH": f"{site}:{FIXTURES.parent}"}


@pytest.mark.parametrize("named", ["their_labs", "their_labs.first_year.labs"])
def test_an_installed_package_of_labs_is_found_without_being_run(
    named: str, folder: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    package = site.joinpath(*named.split("."))
    package.mkdir(parents=True)
    (site / "their_labs" / "__init__.py").write_text("raise SystemExit('it was run')")
    (folder / "lab9.yaml").rename(package / "lab9.yaml")
    done = dckgrade_process("lab9", "--host", NOWHERE, "-f", "json", environ=offer_labs(site, named))
    assert b'"id": "lab9"' in done.stdout


@pytest.mark.parametrize(
    "named", ["nowhere", "nowhere.at.all", "os", "os.path:join", "..", "a b", "sys./etc"]
)
def test_a_package_that_offers_labs_where_there_are_none_is_passed_over(named: str, tmp_path: Path) -> None:
    environ = offer_labs(tmp_path / "site", named)
    done = dckgrade_process("lab9", "--host", NOWHERE, "--lang", "en", environ=environ)
    assert done.returncode == 2
    assert "“lab9”" in done.stderr.decode()


@pytest.mark.parametrize("words", [("tp5",), ()])
def test_a_folder_that_is_not_there_is_told(words: tuple[str, ...], tmp_path: Path) -> None:
    done = dckgrade_process("--labs", str(tmp_path / "none"), *words, "--lang", "en")
    assert done.returncode == 2
    assert b"no folder" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("tp5", "--help"), ()])
def test_a_folder_without_a_lab_is_told_and_ours_are_there_all_the_same(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    done = dckgrade_process("--lang", "en", "--labs", str(tmp_path), *words)

    assert done.returncode == 0
    assert done.stderr.decode() == f"There is no lab in {tmp_path}: a lab ends in .yaml.\n"
