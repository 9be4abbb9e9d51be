"""Judging touches nothing: what it imports has no way to the network, the engine, a terminal or a page."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FORBIDDEN = [
    *("docker", "requests", "urllib3", "http.client", "socket", "ssl", "asyncio", "subprocess", "threading"),
    *("jinja2", "rich", "typer", "click", "random", "tempfile", "platformdirs"),
]
LOADED = "import sys, {module}; print(*[name for name in {forbidden!r} if name in sys.modules])"


def loaded(module: str, forbidden: list[str]) -> list[str]:
    """Import *module* in a Python of its own, and list what came with it that must not."""
    code = LOADED.format(module=module, forbidden=forbidden)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


@pytest.mark.parametrize(
    "module",
    [
        "dckgrade.judge.judge",
        "dckgrade.report.result",
        "dckgrade.report.observation",
        "dckgrade.report.report",
        "dckgrade.report.codec",
    ],
)
def test_judging_loads_nothing_that_could_touch_the_world(module: str) -> None:
    assert loaded(module, FORBIDDEN) == []


def test_reading_labs_loads_nothing_heavy() -> None:
    heavy = [name for name in FORBIDDEN if name not in {"socket", "threading", "random", "tempfile"}]
    assert loaded("dckgrade.lab.load", heavy) == []


def test_the_trainee_s_side_of_the_board_needs_the_standard_library_alone() -> None:
    others = [
        "msgspec",
        "yaml",
        "typer",
        "rich",
        "jinja2",
        "docker",
        "platformdirs",
        "starlette",
        "sqlalchemy",
    ]
    assert loaded("dckgrade.classroom.board_client", others) == []


def test_the_test_itself_sees_what_is_loaded() -> None:
    assert loaded("socket", FORBIDDEN) == ["socket"]


def test_modules_and_functions_stay_small_enough_to_be_seen_whole() -> None:
    files = {path: path.read_text(encoding="utf-8") for path in (ROOT / "dckgrade").rglob("*.py")}
    modules = [path.name for path, text in files.items() if text.count("\n") > 400]
    functions = [
        f"{path.name}:{node.lineno} {node.name}"
        for path, text in files.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 50
    ]
    assert modules + functions == []
