"""Every lab proven on real engines: each case applied, graded, held against its recording; matrices kept."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from dckgrade.lab.discovery import find_builtin_folder, find_lab_path, list_labs_in_folders
from dckgrade.lab.load import load_lab
from dckgrade.prove import run
from dckgrade.prove.case import read_proof_settings
from dckgrade.render.proof.html import render_proof_page
from tests.conftest import FIXTURES, need_guests, need_private_engines

pytestmark = pytest.mark.engine

BUILD = Path(__file__).parents[2] / "build"
ENGINES = 2


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("lab", list_labs_in_folders(find_builtin_folder()))
def test_a_lab_is_proven_live(lab: str) -> None:
    (need_guests if read_proof_settings(FIXTURES, lab).guest else need_private_engines)()
    with ExitStack() as stack:
        engines = run.prepare_engines(lab, FIXTURES, None, ENGINES, stack)
        proof = run.prove_live(load_lab(find_lab_path(lab)), FIXTURES, engines, lambda *_: None, record=False)

    BUILD.mkdir(exist_ok=True)
    (BUILD / f"proof-{lab}.html").write_text(render_proof_page([proof], "en"), encoding="utf-8")
    assert [fault.translate_sentence("en") for fault in proof.faults] == []
