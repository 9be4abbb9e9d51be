"""`dckgrade new`: it loads at once, and is proven once its blanks are filled."""

import os
import re
from pathlib import Path

import pytest

from dckgrade.i18n import UserError
from dckgrade.lab.load import load_lab
from dckgrade.prove import run, skeleton
from dckgrade.prove.live import DisposableEngine
from tests.support.cli_runner import dckgrade
from tests.support.proving import prove_on

FILLED = {
    "todo-container": "box",
    "todo-image": "busybox",
    "todo-command": "sleep 600",
    "todo-check": "box-runs",
    "todo-mistake": "box-stopped",
    "todo-not-begun": "box-missing",
    "TD-01": "BX-01",
    "TODO": "Box",
}


def test_a_new_lab_can_be_used_at_once_and_lint_says_what_is_left_to_fill_in(tmp_path: Path) -> None:
    made = dckgrade("new", "boxes", "--lang", "en", cwd=tmp_path)
    assert made.returncode == 0, made.stderr

    files = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(files) == [
        "checks/boxes.yaml",
        "checks/lab.schema.json",
        "fixtures/boxes/mistakes/first/apply.sh",
        "fixtures/boxes/mistakes/first/expect.yaml",
        "fixtures/boxes/proof.yaml",
        "fixtures/boxes/solution/apply.sh",
        "fixtures/boxes/untouched/expect.yaml",
    ]
    assert all(name in made.stdout.decode() for name in files)
    assert all(os.access(path, os.X_OK) for path in tmp_path.rglob("*.sh"))
    assert load_lab(tmp_path / "checks" / "boxes.yaml").lab.id == "boxes"
    refused = dckgrade("lint", "checks", "--lang", "en", cwd=tmp_path)
    assert refused.returncode == 2
    template = (tmp_path / "checks" / "boxes.yaml").read_text(encoding="utf-8").splitlines()
    blank = [at for at, line in enumerate(template, 1) if "todo" in line.partition("#")[0].lower()]
    named = re.findall(r"boxes\.yaml:(\d+):\d+: this is still to be filled in", refused.stderr.decode())
    assert sorted({*map(int, named)}) == blank


def test_editors_find_the_schema_beside_the_lab_and_one_that_is_there_stays(tmp_path: Path) -> None:
    beside = tmp_path / "checks" / "lab.schema.json"
    dckgrade("new", "boxes", cwd=tmp_path)
    assert (
        (tmp_path / "checks" / "boxes.yaml")
        .read_text()
        .startswith("# yaml-language-server: $schema=./lab.schema.json\n")
    )
    assert beside.read_bytes() == dckgrade("schema").stdout

    beside.write_text("{}")
    assert dckgrade("new", "others", cwd=tmp_path).returncode == 0
    assert beside.read_text() == "{}"


def test_it_never_overwrites_and_then_writes_nothing_at_all(tmp_path: Path) -> None:
    theirs = tmp_path / "fixtures" / "boxes" / "solution" / "apply.sh"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine\n")

    refused = dckgrade("new", "boxes", "--lang", "en", cwd=tmp_path)

    assert refused.returncode == 2
    assert b"apply.sh is already there; nothing was written." in refused.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [theirs]
    assert theirs.read_text() == "mine\n"


@pytest.mark.parametrize("name", ["../up", "Boxes", "", "a b", "x" * 33, "/abs"])
def test_a_name_that_no_lab_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError):
        skeleton.write_skeleton(name, tmp_path / "checks", tmp_path / "fixtures")

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "checks").write_text("a file\n")

    with pytest.raises(UserError, match="cannot be written"):
        skeleton.write_skeleton("boxes", tmp_path / "checks", tmp_path / "fixtures")


@pytest.mark.engine
def test_a_new_lab_is_proven_live_once_its_blanks_are_filled(
    tmp_path: Path, engine: DisposableEngine
) -> None:
    engine.empty()
    for path in skeleton.write_skeleton("boxes", tmp_path / "checks", tmp_path / "fixtures"):
        if path.suffix == ".json":
            continue
        text = path.read_text(encoding="utf-8")
        for blank, word in FILLED.items():
            text = text.replace(blank, word)
        path.write_text(text, encoding="utf-8")
    lab = load_lab(tmp_path / "checks" / "boxes.yaml")

    proof = prove_on(engine, lab, tmp_path / "fixtures", record=True)

    assert [fault.translate_sentence("en") for fault in proof.faults] == []
    again = run.prove_from_recordings(lab, tmp_path / "fixtures")
    assert [fault.translate_sentence("en") for fault in again.faults] == []
