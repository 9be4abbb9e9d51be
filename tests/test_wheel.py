"""What users install: the wheel, in an empty environment, run from another folder."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and install it where there is nothing else; give the environment's commands."""
    folder = tmp_path_factory.mktemp("wheel")
    built = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run(built, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    # Without a pip of its own, and compiled by need: neither shows anything of the wheel.
    venv.create(folder / "env", with_pip=False)
    commands = folder / "env" / "bin"
    pip = [sys.executable, "-m", "pip", "--python", str(commands / "python")]
    subprocess.run([*pip, "install", "-q", "--no-compile", str(wheel)], check=True, capture_output=True)
    return commands


def test_the_wheel_carries_the_labs_the_demonstration_and_the_words(installed: Path, tmp_path: Path) -> None:
    listed = subprocess.run(
        [str(installed / "dckgrade")],
        cwd=tmp_path,
        env={"LANG": "fr"},
        capture_output=True,
        text=True,
        check=False,
    )
    demo = subprocess.run(
        [str(installed / "dckgrade"), "demo", "-o", "demo.html"],
        cwd=tmp_path,
        env={"LANG": "fr"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (listed.returncode, listed.stderr) == (0, "")
    assert "tp5" in listed.stdout
    assert (demo.returncode, demo.stderr) == (1, "")
    assert "PostgreSQL s'est arrêté aussitôt" in " ".join(demo.stdout.split())
    assert (tmp_path / "demo.html").stat().st_size > 1000
