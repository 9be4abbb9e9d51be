"""What users install: the wheel, in an empty environment, run from another folder."""

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from packaging.metadata import Metadata

from dckgrade import __version__
from tests.conftest import need

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
    assert "PostgreSQL s’est arrêté aussitôt" in " ".join(demo.stdout.split())
    assert (tmp_path / "demo.html").stat().st_size > 1000


SHOW_LOADED = """
import sys
from dckgrade.__main__ import main
sys.argv = ["dckgrade", *sys.argv[1:]]
try:
    main()
finally:
    print("loaded:", *sorted({"yaml", "dckgrade.lab.load"} & {*sys.modules}), file=sys.stderr)
"""


def show(installed: Path, home: Path, *arguments: str) -> tuple[str, str]:
    """Run dckgrade of the wheel: what it says, and which of the modules that read YAML it loaded."""
    done = subprocess.run(
        [str(installed / "python"), "-c", SHOW_LOADED, *arguments],
        cwd=home,
        env={"LANG": "fr", "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout, done.stderr


def find_labs(installed: Path) -> Path:
    """Find the folder of the labs that came with the wheel."""
    (folder,) = (installed.parent / "lib").glob("python*/site-packages/dckgrade/checks")
    return folder


def test_the_wheel_s_labs_were_checked_when_it_was_built_and_are_used_so(
    installed: Path, tmp_path: Path
) -> None:
    folder = find_labs(installed)
    labs = {path.stem for path in folder.glob("*.yaml")}
    assert labs
    assert {path.stem for path in folder.glob("*.msgpack")} == labs

    listed, loaded = show(installed, tmp_path)
    assert all(lab in listed for lab in labs)
    assert loaded == "loaded:\n"
    _, loaded = show(installed, tmp_path, "demo", "-f", "json")
    assert loaded == "loaded:\n"
    # Nothing was checked again, so nothing had to be kept.
    assert not list(tmp_path.rglob("*.msgpack"))


def test_a_changed_lab_of_the_wheel_is_read_anew(installed: Path, tmp_path: Path) -> None:
    lab = find_labs(installed) / "tp5.yaml"
    written = lab.read_text(encoding="utf-8")
    title = "title: {fr: Docker stats, en: Docker stats}"
    assert title in written
    try:
        lab.write_text(written.replace(title, "title: {fr: Autre chose, en: Another}"), encoding="utf-8")
        listed, loaded = show(installed, tmp_path)
    finally:
        lab.write_text(written, encoding="utf-8")
    assert "Autre chose" in listed
    assert loaded == "loaded: dckgrade.lab.load yaml\n"
    assert "Autre chose" not in show(installed, tmp_path)[0]


def test_the_wheel_s_metadata_is_valid_and_no_link_of_its_description_is_dead(installed: Path) -> None:
    (path,) = (installed.parent / "lib").glob("python*/site-packages/dckgrade-*.dist-info/METADATA")
    metadata = Metadata.from_email(path.read_bytes(), validate=True)

    assert str(metadata.version) == __version__
    assert metadata.description_content_type == "text/markdown"
    prose = re.sub(r"^```.*?^```$", "", metadata.description or "", flags=re.MULTILINE | re.DOTALL)
    assert prose.startswith("# dckgrade\n")
    assert [link for link in re.findall(r"\]\(([^)]*)\)", prose) if not re.match("https?://|#", link)] == []


def test_the_wheel_brings_the_manual_in_both_languages(installed: Path) -> None:
    share = installed.parent / "share" / "man"

    assert "Grade a lab on this machine" in (share / "man1" / "dckgrade.1").read_text(encoding="utf-8")
    assert "Évalue un TP" in (share / "fr" / "man1" / "dckgrade.1").read_text(encoding="utf-8")


def complete(installed: Path, shell: str, *arguments: str) -> str:
    """Run a shell that finds the wheel's completion, and return what it prints."""
    need(None if shutil.which(shell) else f"{shell} is not installed")
    environ = {
        "PATH": f"{installed}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(installed.parent),
        "DCKGRADE_LANG": "en",
        "LANG": "C.UTF-8",
        "XDG_DATA_DIRS": str(installed.parent / "share"),
    }
    done = subprocess.run([shell, *arguments], env=environ, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_fish_finds_the_wheel_s_completion(installed: Path) -> None:
    assert complete(installed, "fish", "-c", "complete -C 'dckgrade tp5 --pass'").startswith("--passive")


def test_bash_finds_the_wheel_s_completion(installed: Path) -> None:
    script = installed.parent / "share/bash-completion/completions/dckgrade"
    asked = "COMP_WORDS=(dckgrade tp5 --pass); COMP_CWORD=2; _dckgrade_completion dckgrade"
    offered = complete(installed, "bash", "-c", f'. "{script}"; {asked}; echo "${{COMPREPLY[@]}}"')
    assert offered == "--passive\n"


def test_zsh_finds_the_wheel_s_completion_and_completes_the_first_time(installed: Path) -> None:
    found = f"fpath=({installed.parent}/share/zsh/site-functions $fpath)"
    listed = f"{found}; autoload -Uz compinit; compinit -D -u; print $_comps[dckgrade]"
    assert complete(installed, "zsh", "-fc", listed) == "_dckgrade\n"

    called = "_arguments() { print -r -- $@ }; _describe() { print -r -- $@ }; compdef() { }"
    typed = "words=(dckgrade tp5 --pass); CURRENT=3; _dckgrade"
    offered = complete(installed, "zsh", "-fc", f"{found}; autoload -Uz _dckgrade; {called}; {typed}")
    assert "--passive" in offered
