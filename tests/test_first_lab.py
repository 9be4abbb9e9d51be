"""`checks/first-lab.md` followed word by word: its commands typed, its files written, what it shows seen."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from dckgrade.prove.live import Disposable

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "checks" / "first-lab.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


class Block(NamedTuple):
    """One code block, and the last file that the text before it names."""

    language: str
    text: str
    file: str


def blocks(guide: str) -> Iterator[Block]:
    for found in BLOCK.finditer(guide):
        named = re.search(r"`([\w./-]+)`:\s*$", guide[: found.start()])
        yield Block(found[1], found[2], named[1] if named else "")


BLOCKS = list(blocks(GUIDE))
RECIPES: dict[str, Any] = {
    block.file: yaml.safe_load(block.text) for block in BLOCKS if block.file.startswith(".git")
}


def recipe_lines(file: str) -> list[str]:
    jobs = RECIPES[file].get("jobs", RECIPES[file])["labs"]
    return jobs.get("script") or [step["run"] for step in jobs["steps"] if "run" in step]


class Author:
    """Somebody who follows the guide in an empty folder."""

    def __init__(self, folder: Path, engine: Disposable) -> None:
        self.folder, self.engine = folder, engine
        self.environ = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "COLUMNS": "160",
            "DCKGRADE_LANG": "en",
            "DOCKER_HOST": engine.host,
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        }

    def types(self, command: str) -> subprocess.CompletedProcess[str]:
        # A proof starts engines of its own, and must not do so inside another one's network.
        with nullcontext() if "dckgrade prove" in command else self.engine.network():
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        assert "Traceback" not in done.stdout
        assert "bug in dckgrade" not in done.stdout
        return done

    def follows(self, block: Block) -> None:
        if block.file:
            path = self.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
            return
        assert block.language == "console", block.text
        for command, _, expected in (one.partition("\n") for one in block.text.split("$ ")[1:]):
            printed = self.types(command).stdout
            said = iter(printed.splitlines())
            for wanted in expected.splitlines():
                assert any(shown(wanted, line) for line in said), (
                    f"{command}\n{wanted!r} is not in\n{printed}"
                )


def shown(wanted: str, line: str) -> bool:
    """Say whether all that is wanted stands in the line, in that order, whatever the spaces between."""
    return re.search(r"\s.*?".join(map(re.escape, wanted.split())), line) is not None


@pytest.mark.engine
def test_whoever_follows_the_guide_has_a_lab_that_is_proven(tmp_path: Path, engine: Disposable) -> None:
    engine.empty()
    author = Author(tmp_path, engine)
    try:
        for block in BLOCKS:
            author.follows(block)
        assert not list(tmp_path.rglob("*.json.bak"))
        left = subprocess.run(
            ["grep", "-ril", "todo", "checks/hello.yaml", "fixtures"],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert left.stdout == b"", "nothing of the blank lab is left to fill in"
        for recipe in RECIPES:
            for line in recipe_lines(recipe):
                if not line.startswith("pip "):
                    done = author.types(line)
                    assert done.returncode == 0, f"{line}\n{done.stdout}"
        assert "hello" in (tmp_path / "summary.md").read_text()
        assert (tmp_path / "proof.xml").read_text().startswith("<?xml")
    finally:
        engine.empty()


def test_the_recipes_are_for_both_and_do_nothing_but_install_and_run_dckgrade() -> None:
    assert sorted(RECIPES) == [".github/workflows/labs.yml", ".gitlab-ci.yml"]
    for recipe in RECIPES:
        first, *rest = recipe_lines(recipe)
        assert first == "pip install dckgrade"
        assert [line for line in rest if not line.startswith("dckgrade ")] == []
