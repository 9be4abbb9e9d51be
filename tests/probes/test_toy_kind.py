"""A kind of probe is one file: a toy in a topic of its own is found, documented and tested like any other."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.fault_engine import FaultEngine, reply_with
from tests.support.recordable_engine import serve_container

ROOT = Path(__file__).parents[2]
TOY = '''
"""Kind `toy-name`: how long the host name of a container is."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from dckgrade.engine.answers import NotThere, OutOfReach
from dckgrade.engine.protocol import Engine
from dckgrade.probes.base import Cost, Probe
from dckgrade.probes.support.lookup import ContainerName, convert_to_observation, find_container
from dckgrade.probes.support.supply import EACH_CONTAINER, DraftedFact
from dckgrade.report.observation import Observation, Seen
from dckgrade.report.text import Text


class Facts(Struct, frozen=True, kw_only=True):
    """What is seen of the name."""

    letters: int
    """How many letters the host name has."""


class ToyName(Probe, frozen=True, kw_only=True, tag="toy-name"):
    """Count the letters of the host name of *container*."""

    container: ContainerName
    """Whose name it is."""

    facts: ClassVar[type[Struct]] = Facts
    passive: ClassVar[bool] = True
    cost: ClassVar[Cost] = Cost.LIST
    absent: ClassVar[Text] = Text(fr="aucun jouet n'a été trouvé", en="no toy was found")
    labels: ClassVar[Mapping[str, Text]] = {"letters": Text(fr="nombre de lettres", en="number of letters")}
    supply: ClassVar[Any] = EACH_CONTAINER
    drafted: ClassVar[Mapping[str, DraftedFact]] = {
        "letters": DraftedFact(Text(fr="a un nom de {value} lettres", en="has a name of {value} letters"))
    }
    example: ClassVar[Mapping[str, Any]] = {"container": "webservers"}

    def observe(self, engine: Engine) -> Observation:
        """Find, inspect, count."""
        try:
            config = engine.inspect_container(find_container(engine, self.container).id).get("Config") or {}
        except (NotThere, OutOfReach) as trouble:
            return convert_to_observation("toy-name", trouble)
        facts = Facts(letters=len(str(config.get("Hostname") or "")))
        return Seen(kind="toy-name", facts=msgspec.to_builtins(facts))
'''
SOUND, FRAGILE = 'str(config.get("Hostname") or "")', 'config["Hostname"]'
ADD_TOPIC = "import dckgrade.probes\ndckgrade.probes.__path__.append({folder!r})\n"
"""What a Python does first, as `sitecustomize`: the topic lies beside those of the package."""

Runner = Callable[..., subprocess.CompletedProcess[str]]


def write_toy(folder: Path, source: str = TOY) -> Runner:
    """Write a topic with one kind, and return a function that runs a Python to which it belongs."""
    topic = folder / "toys"
    topic.mkdir()
    (topic / "__init__.py").write_text('"""Toys."""\n', encoding="utf-8")
    (topic / "toy_name.py").write_text(source, encoding="utf-8")
    (folder / "sitecustomize.py").write_text(ADD_TOPIC.format(folder=str(folder)), encoding="utf-8")

    paths = [str(folder), str(ROOT), str(ROOT / "fixtures")]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            [sys.executable, *arguments],
            env={**kept, "PYTHONPATH": os.pathsep.join(paths), "DCKGRADE_NO_HISTORY": "1"},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def run(tmp_path: Path) -> Runner:
    return write_toy(tmp_path)


def test_a_toy_kind_is_found_by_its_file_name(run: Runner) -> None:
    done = run("-c", "from dckgrade.probes.registry import load_kinds; print(*load_kinds(), sep='\\n')")
    assert "<class 'dckgrade.probes.toys.toy_name.ToyName'>" in done.stdout.splitlines(), done.stderr


def test_a_toy_kind_is_in_the_schema_of_labs(run: Runner) -> None:
    schema = json.loads(run("-m", "dckgrade", "schema").stdout)
    assert '"toy-name"' in json.dumps(schema)
    assert "Count the letters" in json.dumps(schema)


def test_a_toy_kind_can_be_tried(run: Runner, tmp_path: Path) -> None:
    entry = {"Id": "w", "Names": ["/webservers"], "State": "running"}
    says = {
        "/containers/json": reply_with([entry]),
        "/w/json": reply_with({"Id": "w", "Config": {"Hostname": "0123456789abcdef"}}),
    }
    words = ("-m", "dckgrade", "try", "toy-name", "container=webservers", "--lang", "en", "-f", "json")
    with FaultEngine(tmp_path / "engine.sock", says) as engine:
        done = run(*words, "--host", engine.url)
    assert done.returncode == 0, done.stderr
    assert '"letters"' in done.stdout
    assert "16" in done.stdout


def test_what_a_toy_kind_does_not_find_is_said_in_its_own_words(run: Runner, tmp_path: Path) -> None:
    words = ("-m", "dckgrade", "try", "toy-name", "container=webservers", "--lang", "fr")
    with FaultEngine(tmp_path / "engine.sock", {"/containers/json": reply_with([])}) as engine:
        done = run(*words, "--host", engine.url)
    assert "Aucun jouet n’a été trouvé" in done.stdout, done.stderr


def test_a_toy_kind_is_recorded_and_drafted(run: Runner, tmp_path: Path) -> None:
    inspected = {"Name": "/webservers", "Config": {"Hostname": "0123456789abcdef"}}
    files = [str(tmp_path / f"{name}.json") for name in ("before", "after")]
    for file, container in zip(files, (None, inspected), strict=True):
        with serve_container(tmp_path, container) as engine:
            done = run("-m", "dckgrade", "record", "-o", file, "--host", engine.url)
        assert done.returncode == 0, done.stderr
    drafted = run("-m", "dckgrade", "draft", *files).stdout
    assert "observe: {kind: toy-name, container: webservers}" in drafted
    assert "expect: {letters: 16}" in drafted
    assert "Le conteneur webservers a un nom de 16 lettres" in drafted


def test_a_toy_kind_is_in_the_reference_page(run: Runner) -> None:
    done = run("-c", "from tests.support.kinds import write_reference; write_reference()")
    assert "### `toy-name`" in done.stdout, done.stderr
    assert "| `letters` | number | How many letters the host name has. |" in done.stdout


def test_a_toy_kind_is_held_to_the_rules_and_fed_with_odd_answers(run: Runner) -> None:
    done = run("-m", "pytest", "-v", "-p", "no:cacheprovider", *GENERIC_TESTS, "-k", "toy-name")
    assert done.returncode == 0, done.stdout
    assert "test_no_odd_answer_makes_a_probe_crash[toy-name] PASSED" in done.stdout
    assert "test_each_fact_has_its_label_and_no_label_is_left_over[toy-name] PASSED" in done.stdout


GENERIC_TESTS = ("tests/probes/test_odd_answers.py", "tests/probes/test_kinds.py")


@pytest.mark.parametrize(
    ("old", "new", "failing"),
    [
        (SOUND, FRAGILE, "test_no_odd_answer_makes_a_probe_crash"),
        ('{"container": "webservers"}', '{"container": "nobody"}', "test_a_kind_sees_something"),
        ('{"letters": Text(', '{"signs": Text(', "test_each_fact_has_its_label"),
    ],
    ids=["fragile", "without-scene", "without-label"],
)
def test_a_toy_kind_with_a_fault_does_not_pass(tmp_path: Path, old: str, new: str, failing: str) -> None:
    assert TOY.count(old) == 1
    run = write_toy(tmp_path, TOY.replace(old, new))
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", *GENERIC_TESTS, "-k", "toy-name")
    assert done.returncode == 1, done.stdout
    assert failing in done.stdout
