"""Each promise of SECURITY.md names the tests that hold it, and those tests are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
TEXT = (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def list_items(heading: str) -> list[str]:
    """List the items under each *heading* of the page."""
    parts = re.split(r"^(?=## |Promised:|Not promised:)", TEXT, flags=re.MULTILINE)
    chosen = [part for part in parts if part.startswith(heading)]
    return [item.strip() for part in chosen for item in re.split(r"^- ", part, flags=re.MULTILINE)[1:]]


@cache
def list_tests(path: str) -> set[str]:
    tree = ast.parse((REPOSITORY / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


PROMISES = list_items("Promised:")


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise[:40])
def test_a_promise_names_tests_that_are_there(promise: str) -> None:
    named = NAMED_TEST.findall(promise)
    assert named, "a promise without a test"
    assert [test for path, test in named if test not in list_tests(path)] == []
    # Nothing else is written as code there that only looks like a test.
    assert promise.count("::") == len(named)


def test_each_part_says_what_is_promised_and_what_is_not() -> None:
    parts = [part for part in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:] if "Report" not in part[:20]]
    assert len(parts) >= 5
    assert [
        part.splitlines()[0] for part in parts if "Promised:" not in part or "Not promised:" not in part
    ] == []
    assert len(PROMISES) >= 20
    assert not any(NAMED_TEST.search(item) for item in list_items("Not promised:"))


def test_no_address_is_made_up_to_report_to() -> None:
    assert "@" not in TEXT
    assert (
        "http" not in TEXT.replace("https", "http")
        or "[project.urls]" in (REPOSITORY / "pyproject.toml").read_text()
    )
