"""Private engines, as far as they can be tested without starting one."""

from pathlib import Path

import pytest

from dckgrade.prove.engines.private import PrivateEngine, PrivateEngineFailed


def test_what_one_thread_stops_is_not_brought_back_by_another_that_restarts_it(tmp_path: Path) -> None:
    engine = PrivateEngine()
    engine._folder = tmp_path
    engine._is_stopping = True

    with pytest.raises(PrivateEngineFailed, match="stopped while it was starting"):
        engine._launch(b"{}")

    assert list(tmp_path.iterdir()) == []
