"""A command in, what it loaded out: nobody waits for a library that their command does not need."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from dckgrade.cli.command_line import COMMANDS
from dckgrade.probes.base import Probe
from dckgrade.probes.registry import load_kinds
from dckgrade.render.formats import DocumentKind, list_stdout_names
from tests.support.built_in_labs import load_built_in_lab
from tests.support.engine_recordings import RECORDINGS
from tests.support.fault_engine import FaultEngine, reply_with
from tests.support.recordable_engine import serve_container

WATCHED = """
import sys
from pathlib import Path
_, listing, *arguments = sys.argv
sys.argv = ["dckgrade", *arguments]
from dckgrade.__main__ import main
try:
    main()
finally:
    Path(listing).write_text("\\n".join(sys.modules))
"""
ENGINE = {"docker", "requests", "urllib3"}
SHOWING = {"jinja2", "rich"}
READING = {"yaml", "msgspec"}
DEMO = str(Path(__file__).parents[1] / "dckgrade" / "demo.json")
COMPLETION = {"_DCKGRADE_COMPLETE": "complete_bash", "COMP_WORDS": "dckgrade t", "COMP_CWORD": "1"}


class Ran:
    """What a command printed, how it ended, and the packages that it loaded."""

    def __init__(self, folder: Path, arguments: list[str], environ: Mapping[str, str]) -> None:
        listing = folder / "modules"
        self.done = subprocess.run(
            [sys.executable, "-c", WATCHED, str(listing), *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert listing.exists(), self.done.stderr
        self.modules = listing.read_text().splitlines()

    def assert_without(self, unwanted: set[str]) -> None:
        """Name the packages, then their modules in the order in which they came."""
        found = [name for name in self.modules if name.partition(".")[0] in unwanted]
        packages = sorted({name.partition(".")[0] for name in found})
        assert not found, f"loaded without need: {', '.join(packages)} ({', '.join(found)})"


@pytest.mark.parametrize(("option", "titles"), [("--version", set()), ("--help", {"yaml"})])
def test_help_and_version_load_neither_engine_nor_labs_nor_renderers(
    option: str, titles: set[str], tmp_path: Path
) -> None:
    ran = Ran(tmp_path, [option], {})
    assert ran.done.returncode == 0
    assert "dckgrade" in ran.done.stdout
    # Help shows each lab by its title, and reads nothing else of it.
    ran.assert_without(ENGINE | SHOWING | READING - titles)


def test_completion_offers_labs_and_loads_neither_engine_nor_labs_nor_renderers(tmp_path: Path) -> None:
    ran = Ran(tmp_path, [], COMPLETION)
    assert "tp5" in ran.done.stdout.split()
    ran.assert_without(ENGINE | SHOWING | READING)


def test_help_of_a_lab_loads_neither_engine_nor_labs_nor_renderers(tmp_path: Path) -> None:
    ran = Ran(tmp_path, ["tp5", "--help"], {})
    assert "--only" in ran.done.stdout
    ran.assert_without(ENGINE | SHOWING | READING)


def test_lint_loads_neither_engine_nor_renderers(tmp_path: Path) -> None:
    ran = Ran(tmp_path, ["lint"], {})
    assert ran.done.returncode == 0, ran.done.stderr
    ran.assert_without(ENGINE | SHOWING)


def test_a_replay_as_json_loads_neither_engine_nor_renderers(tmp_path: Path) -> None:
    ran = Ran(tmp_path, ["demo", "-f", "json"], {})
    assert ran.done.stdout.startswith("{")
    ran.assert_without(ENGINE | SHOWING)


@pytest.mark.parametrize("shape", sorted({*list_stdout_names(DocumentKind.REPORT)} - {"text"}))
def test_whatever_is_no_text_for_a_terminal_is_shown_without_rich(shape: str, tmp_path: Path) -> None:
    ran = Ran(tmp_path, ["demo", "-f", shape], {})
    assert ran.done.stdout
    ran.assert_without(ENGINE | {"rich"})


@pytest.mark.parametrize(
    "arguments",
    [["demo"], ["explain"], ["explain", "ST-01"], ["sheet", "tp5"], ["collect", DEMO]],
    ids=" ".join,
)
def test_text_on_a_pipe_is_written_without_rich(arguments: list[str], tmp_path: Path) -> None:
    ran = Ran(tmp_path, arguments, {})
    assert len(ran.done.stdout.splitlines()) > 3, ran.done.stderr
    ran.assert_without(ENGINE | {"rich"})


def test_a_grade_as_text_on_a_pipe_loads_no_rich_and_no_docker_py(tmp_path: Path) -> None:
    with FaultEngine(tmp_path / "engine.sock", {"/containers/json": reply_with([])}) as engine:
        ran = Ran(tmp_path, ["tp5", "--host", engine.url], {})
    assert ran.done.returncode == 1, ran.done.stderr
    ran.assert_without(SHOWING | ENGINE)


@pytest.mark.parametrize(
    "arguments", [["schema"], ["collect", DEMO, "-f", "csv"], ["collect", DEMO, "-f", "json"]]
)
def test_a_document_for_programs_is_written_without_rich(arguments: list[str], tmp_path: Path) -> None:
    ran = Ran(tmp_path, arguments, {})
    assert ran.done.returncode == 0, ran.done.stderr
    ran.assert_without(ENGINE | SHOWING)


def test_a_grade_as_json_over_a_unix_socket_loads_no_renderer_and_no_docker_py(tmp_path: Path) -> None:
    with FaultEngine(tmp_path / "engine.sock", {"/containers/json": reply_with([])}) as engine:
        ran = Ran(tmp_path, ["tp5", "-f", "json", "--host", engine.url], {})
    assert ran.done.returncode == 1, ran.done.stderr
    assert ran.done.stdout.startswith("{")
    ran.assert_without(SHOWING | ENGINE)


def test_a_recording_over_a_unix_socket_loads_no_renderer_and_no_docker_py(tmp_path: Path) -> None:
    with serve_container(tmp_path) as engine:
        ran = Ran(tmp_path, ["record", "--host", engine.url], {})
    assert ran.done.returncode == 0, ran.done.stderr
    ran.assert_without(SHOWING | ENGINE)


def test_a_draft_loads_neither_engine_nor_renderers(tmp_path: Path) -> None:
    pair = [str(RECORDINGS / f"tp5-{case}.json") for case in ("untouched", "solution")]
    ran = Ran(tmp_path, ["draft", *pair], {})
    assert ran.done.returncode == 0, ran.done.stderr
    ran.assert_without(SHOWING | ENGINE)


def test_a_grade_over_a_port_is_what_docker_py_is_loaded_for(tmp_path: Path) -> None:
    with FaultEngine(None, {"/containers/json": reply_with([])}) as engine:
        ran = Ran(tmp_path, ["tp5", "-f", "json", "--host", engine.url], {})
    assert ran.done.returncode == 1, ran.done.stderr
    assert {name.partition(".")[0] for name in ran.modules} >= ENGINE
    ran.assert_without(SHOWING)


def test_whoever_joined_no_board_loads_nothing_of_it_and_whoever_did_the_standard_library_alone(
    tmp_path: Path,
) -> None:
    board = {"starlette", "uvicorn", "sqlalchemy", "alembic", "cryptography", "psycopg"}
    with FaultEngine(tmp_path / "engine.sock", {"/containers/json": reply_with([])}) as engine:
        alone = Ran(tmp_path, ["tp5", "-f", "json", "--host", engine.url], {})
        kept = {"url": "http://127.0.0.1:1", "trainee_id": "a", "name": "A", "class_name": "A"}
        path = tmp_path / ".config" / "dckgrade" / "board.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(kept | {"secret": "0" * 64, "fingerprint": ""}))
        joined = Ran(tmp_path, ["tp5", "-f", "json", "--host", engine.url], {})
    assert not {"dckgrade.classroom.board_client", "dckgrade.classroom.outbox"} & {*alone.modules}
    assert "dckgrade.classroom.board_client" in joined.modules
    assert joined.done.stderr.count("\n") == 1
    joined.assert_without(SHOWING | ENGINE | board)


def test_an_engine_that_is_not_there_costs_no_import_of_its_client(tmp_path: Path) -> None:
    ran = Ran(tmp_path, ["tp5", "-f", "json", "--host", f"unix://{tmp_path}/nowhere.sock"], {})
    assert ran.done.returncode == 3
    ran.assert_without(ENGINE | SHOWING)


def test_a_second_replay_loads_no_transport_no_parser_of_labs_and_the_lab_s_own_kinds_alone(
    tmp_path: Path,
) -> None:
    first, second = (Ran(tmp_path, ["demo", "-f", "json"], {}) for _ in range(2))
    assert first.done.stdout == second.done.stdout
    # Typer itself imports subprocess; none of these it does.
    second.assert_without(ENGINE | SHOWING | {"yaml", "socket", "ssl", "logging", "tarfile", "tomllib"})
    assert not {"http.client", "dckgrade.lab.load", "dckgrade.lab.lint"} & {*second.modules}
    assert list_loaded_kinds(second) == {type(probe).__module__ for probe in list_probes_of("tp5")}


def test_the_list_of_labs_and_the_version_are_shown_without_a_parser_of_arguments(tmp_path: Path) -> None:
    first, second = (Ran(tmp_path, [], {}) for _ in range(2))
    assert first.done.stdout == second.done.stdout
    second.assert_without(ENGINE | SHOWING | {"yaml", "typer"})
    assert list_loaded_kinds(second) == set()
    assert "dckgrade.lab.model" not in second.modules
    Ran(tmp_path, ["--version"], {}).assert_without(ENGINE | SHOWING | READING | {"typer"})


@pytest.mark.parametrize("arguments", [["lint", "--help"], ["judge", "--help"], ["schema", "--help"]])
def test_only_the_command_that_is_named_is_imported(arguments: list[str], tmp_path: Path) -> None:
    ran = Ran(tmp_path, arguments, {})
    homes = {f"dckgrade.cli.{entry.module}" for entry in COMMANDS.values()}
    assert homes & {*ran.modules} == {f"dckgrade.cli.{COMMANDS[arguments[0]].module}"}


def test_help_and_completion_of_the_whole_build_no_command(tmp_path: Path) -> None:
    homes = {f"dckgrade.cli.{entry.module}" for entry in COMMANDS.values()}
    for ran in (Ran(tmp_path, ["--help"], {}), Ran(tmp_path, [], COMPLETION)):
        assert homes & {*ran.modules} == set()


def list_probes_of(lab: str) -> list[Probe]:
    loaded = load_built_in_lab(lab).lab
    also = [also.observe for diagnosis in loaded.list_diagnoses() for also in diagnosis.also]
    return [*loaded.list_probes(), *also]


def list_loaded_kinds(ran: Ran) -> set[str]:
    return {kind.__module__ for kind in load_kinds()} & {*ran.modules}
