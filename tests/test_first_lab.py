"""The guide to a first lab, followed word by word: commands typed, files written, what it shows seen."""

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

from dckgrade.i18n import Lang
from dckgrade.prove.live import DisposableEngine

ROOT = Path(__file__).parents[1]
GUIDES: dict[Lang, Path] = {"en": ROOT / "checks" / "first-lab.md", "fr": ROOT / "checks" / "first-lab.fr.md"}
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


BLOCKS = {lang: list(blocks(path.read_text(encoding="utf-8"))) for lang, path in GUIDES.items()}
in_both = pytest.mark.parametrize("lang", GUIDES)


def recipes(lang: Lang) -> dict[str, Any]:
    return {block.file: yaml.safe_load(block.text) for block in BLOCKS[lang] if block.file.startswith(".git")}


def lines_of(recipe: dict[str, Any]) -> list[str]:
    job = recipe.get("jobs", recipe)["labs"]
    return job.get("script") or [step["run"] for step in job["steps"] if "run" in step]


class Author:
    """Somebody who follows the guide in an empty folder."""

    def __init__(self, folder: Path, engine: DisposableEngine, lang: Lang) -> None:
        self.folder, self.engine = folder, engine
        self.environ = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "COLUMNS": "160",
            "DCKGRADE_LANG": lang,
            "DOCKER_HOST": engine.host,
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        }

    def types(self, command: str) -> subprocess.CompletedProcess[str]:
        # A proof starts engines of its own, and must not do so inside another one's network.
        with nullcontext() if "dckgrade prove" in command else self.engine.enter_network():
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
        for command, _, expected in (example.partition("\n") for example in block.text.split("$ ")[1:]):
            printed = self.types(command).stdout
            lines = iter(printed.splitlines())
            for wanted in expected.splitlines():
                assert any(shown(wanted, line) for line in lines), (
                    f"{command}\n{wanted!r} is not in\n{printed}"
                )


def shown(wanted: str, line: str) -> bool:
    """Say whether all that is wanted stands in the line, in that order, whatever the spaces between."""
    return re.search(r"\s.*?".join(map(re.escape, wanted.split())), line) is not None


@pytest.mark.engine
@in_both
def test_whoever_follows_the_guide_has_a_lab_that_is_proven(
    lang: Lang, tmp_path: Path, engine: DisposableEngine
) -> None:
    engine.empty()
    author = Author(tmp_path, engine, lang)
    try:
        for block in BLOCKS[lang]:
            author.follows(block)
        written = [path for name in ("checks", "fixtures") for path in (tmp_path / name).rglob("*.[yse]*")]
        left = [path for path in written if path.is_file() and "todo" in path.read_text().lower()]
        assert (len(written) > 5, left) == (True, []), "nothing of the blank lab is left to fill in"
        for recipe in recipes(lang).values():
            for line in lines_of(recipe):
                if not line.startswith("pip "):
                    done = author.types(line)
                    assert done.returncode == 0, f"{line}\n{done.stdout}"
        assert "hello" in (tmp_path / "summary.md").read_text()
        assert (tmp_path / "proof.xml").read_text().startswith("<?xml")
    finally:
        engine.empty()


@in_both
def test_the_recipes_are_for_both_and_do_nothing_but_install_and_run_dckgrade(lang: Lang) -> None:
    assert sorted(recipes(lang)) == [".github/workflows/labs.yml", ".gitlab-ci.yml"]
    for recipe in recipes(lang).values():
        first, *rest = lines_of(recipe)
        assert first == "pip install dckgrade"
        assert [line for line in rest if not line.startswith("dckgrade ")] == []


def test_both_guides_have_the_same_files_commands_and_headings() -> None:
    english, french = BLOCKS["en"], BLOCKS["fr"]

    assert [block for block in french if block.file] == [block for block in english if block.file]
    assert list(map(typed, french)) == list(map(typed, english))
    levels = [re.findall(r"^#+ ", path.read_text(), re.MULTILINE) for path in GUIDES.values()]
    assert levels[0] == levels[1]


def typed(block: Block) -> list[str]:
    return [line for line in block.text.splitlines() if line.startswith("$ ")]
