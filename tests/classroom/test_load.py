"""Many engines at a time: what hangs, is gone or slow takes nothing from the others."""

from pathlib import Path

import pytest

from tests.support.class_of_engines import grade_class, list_wrong_rows, make_class, start_machines


@pytest.mark.timeout(120)
def test_hung_dead_and_slow_engines_take_no_row_from_the_others(tmp_path: Path) -> None:
    # Sixty of them, by the clock: nox -s faults.
    machines = make_class(hung=1, dead=1, slow=1, live=5)
    with start_machines(machines, tmp_path) as file:
        run = grade_class(file)
    assert list_wrong_rows(machines, run) == []
    assert run.done_s.keys() == {machine.trainee for machine in machines}
