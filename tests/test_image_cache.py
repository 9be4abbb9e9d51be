"""What names the images that are kept: their recipes, and nothing that Python leaves beside them."""

import shutil
from pathlib import Path

import pytest

from images import build


def test_bytecode_beside_a_recipe_changes_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipes = shutil.copytree(build._HERE, tmp_path / "images", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(build, "_HERE", recipes)
    before = build._digest.__wrapped__()
    (recipes / "parts" / "__pycache__").mkdir()
    assert build._digest.__wrapped__() == before
    (recipes / "parts" / "more.sh").write_text("#!/bin/sh\n")
    assert build._digest.__wrapped__() != before
