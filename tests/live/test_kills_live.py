"""Runs that are killed on a real engine: the next run leaves nothing of them."""

from pathlib import Path

import pytest

from dckgrade.prove.live import DisposableEngine
from tests.conftest import need_private_engines
from tests.support.fault_matrix import read_commit
from tests.support.kills import KilledCommands, choose_kills

pytestmark = pytest.mark.engine
USUAL_S = {"tp7": 4.0, "class": 6.0}
"""About how long each takes here; prove is killed in test_prove_live.py, and 50 times in nox -s faults."""


@pytest.mark.timeout(200)
def test_what_was_killed_leaves_nothing_after_the_next_run(engine: DisposableEngine, tmp_path: Path) -> None:
    need_private_engines()
    engine.empty()
    killed = KilledCommands(engine.host, tmp_path)
    with killed.prepare():
        kills = [
            killed.kill(command, number, share * USUAL_S[command])
            for command, number, share in choose_kills(3, list(USUAL_S), read_commit())
        ]
    engine.empty()
    assert [kill for kill in kills if kill.left] == []
