"""A repository of somebody's labs, held by the GitHub Action and the pre-commit hooks: their own commands."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
}
SCRIPT = f"""\
#!{sys.executable}
import sys
sys.path.insert(0, {str(ROOT)!r})
from dckgrade.__main__ import main
main()
"""
"""The command of this tree, whatever is installed."""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Give a repository with one lab and its recordings, beside the command where the Action installs it."""
    command = tmp_path / "dckgrade" / "bin" / "dckgrade"
    command.parent.mkdir(parents=True)
    command.write_text(SCRIPT, encoding="utf-8")
    command.chmod(0o755)
    folder = tmp_path / "repository"
    (folder / "checks").mkdir(parents=True)
    shutil.copy(ROOT / "checks" / "tp1.yaml", folder / "checks")
    shutil.copytree(ROOT / "fixtures" / "tp1", folder / "fixtures" / "tp1")
    return folder


def spoil_a_proof(repository: Path) -> None:
    """Have one mistake expected that is not seen."""
    expected = repository / "fixtures" / "tp1" / "mistakes" / "worker-down" / "expect.yaml"
    expected.write_text("failed: {two-workers: SW-01}\n", encoding="utf-8")


def spoil_a_lab(repository: Path) -> None:
    """Write a key that labs do not have."""
    with (repository / "checks" / "tp1.yaml").open("a", encoding="utf-8") as lab:
        lab.write("\nnonsense: 1\n")


def run_action(repository: Path, **inputs: str) -> list[subprocess.CompletedProcess[str]]:
    """Run the Action's steps up to the first that fails; all but the installation, which is there."""
    runner = repository.parent
    values = {name: entry["default"] for name, entry in ACTION["inputs"].items()} | inputs
    done: list[subprocess.CompletedProcess[str]] = []
    for step in ACTION["runs"]["steps"]:
        if "env" not in step or (step.get("if") and values["prove"] != "true"):
            continue
        environ = {name: fill(text, values) for name, text in step["env"].items()}
        places = {"RUNNER_TEMP": str(runner), "GITHUB_STEP_SUMMARY": str(runner / "summary.md")}
        # GitHub's own line for `shell: bash`.
        argv = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done.append(run(argv, repository, environ | places))
        if done[-1].returncode:
            break
    return done


def fill(text: str, values: dict[str, str]) -> str:
    """Put an input's value in its place."""
    (name,) = [name for name in values if text == f"${{{{ inputs.{name} }}}}"]
    return values[name]


def run(argv: list[str], cwd: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    path = f"{cwd.parent / 'dckgrade' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    home = {"PATH": path, "HOME": str(cwd.parent), "DCKGRADE_LANG": "en"}
    return subprocess.run(argv, cwd=cwd, env=home | environ, capture_output=True, text=True, check=False)


def test_the_action_passes_a_proven_lab_and_writes_the_summary(repository: Path) -> None:
    done = run_action(repository)

    assert [step.returncode for step in done] == [0, 0], done
    assert "::notice::tp1 is proven" in done[1].stdout
    assert "two-workers" in (repository.parent / "summary.md").read_text(encoding="utf-8")


def test_the_action_stops_at_a_lab_with_a_fault(repository: Path) -> None:
    spoil_a_lab(repository)

    (linted,) = run_action(repository)
    assert linted.returncode == 2
    assert "checks/tp1.yaml:" in linted.stderr


def test_the_action_fails_where_a_proof_does_and_tells_it_in_the_summary(repository: Path) -> None:
    spoil_a_proof(repository)

    _, proven = run_action(repository, labs="checks/tp1.yaml")
    assert proven.returncode == 1
    assert "::error" in proven.stdout
    assert "worker-down" in (repository.parent / "summary.md").read_text(encoding="utf-8")


def test_the_action_can_be_told_to_lint_alone(repository: Path) -> None:
    spoil_a_proof(repository)

    assert [step.returncode for step in run_action(repository, prove="false")] == [0]


def run_hook(name: str, repository: Path) -> subprocess.CompletedProcess[str]:
    """Run a hook's command as pre-commit does, on the files that it is for."""
    hook = HOOKS[name]
    files = ["checks/tp1.yaml"] if hook.get("pass_filenames", True) else []
    return run([*shlex.split(hook["entry"]), *files], repository, {})


def test_the_hooks_pass_a_proven_lab_and_refuse_what_is_wrong(repository: Path) -> None:
    assert [run_hook(name, repository).returncode for name in HOOKS] == [0, 0]

    spoil_a_proof(repository)
    assert [run_hook(name, repository).returncode for name in HOOKS] == [0, 1]
    spoil_a_lab(repository)
    assert [run_hook(name, repository).returncode for name in HOOKS] == [2, 2]
