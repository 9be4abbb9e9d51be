"""TP5 proven on real engines: every case applied, graded, compared with its recording; the matrix is kept."""

from pathlib import Path

import pytest

from dckgrade.lab.load import load
from dckgrade.lab.shelf import find
from dckgrade.prove import run
from dckgrade.prove.forms import page
from dckgrade.prove.live import Disposable, Stage
from tests.conftest import FIXTURES

pytestmark = pytest.mark.engine

PAGE = Path(__file__).parents[2] / "build" / "proof.html"


@pytest.mark.timeout(900)
def test_tp5_is_proven_live(engine: Disposable, own_engine: Disposable) -> None:
    engines = [Stage(engine), Stage(own_engine)]

    proof = run.seen(load(find("tp5")), FIXTURES, engines, lambda *_: None, record=False)

    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_bytes(page([proof], "en"))
    assert [fault.sentence("en") for fault in proof.faults] == []
