"""
Record real engines anew: `PYTHONPATH=fixtures python -m tests.support.record_pairs [LAB…]`, as root.

Of each lab an untouched engine, and one on which its solution was applied, are written to
`tests/answers/recordings`, as `dckgrade record --active` sees them.
"""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import resolve_endpoint
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading.record import record_engine
from dckgrade.lab.model import LoadedLab
from dckgrade.prove import live, run
from dckgrade.prove.case import Case
from dckgrade.prove.recordings import PRIVATE_ENDPOINT
from dckgrade.prove.schedule import PlannedLab
from dckgrade.report.codec import encode_document
from dckgrade.report.recording import EngineRecording
from tests.conftest import FIXTURES
from tests.support.built_in_labs import load_built_in_lab
from tests.support.engine_recordings import RECORDINGS, SOLVED_LABS


class Silent:
    """Progress that nobody follows."""

    def wait(self, _containers: Sequence[str], _seconds: float) -> None:
        return

    def show(self, _done: int, _total: int) -> None:
        return


def choose_cases(_loaded: LoadedLab, cases: Sequence[Case]) -> list[str]:
    """Choose the two cases that a lab is drafted from."""
    return [case.name for case in cases if case.name in {"untouched", "solution"}]


def record_host(host: str, *, passive: bool = False, home: str = "/nonexistent") -> EngineRecording:
    """Record the engine at *host*, from where its containers can be reached."""
    options = RunOptions(passive=passive, environment={"HOME": home, "PATH": home})
    with connect_engine(resolve_endpoint(host, None, {}, Path(home))) as connected:
        return record_engine(connected, options, Silent())


def record_case(engine: live.PreparedEngine, case: Case) -> EngineRecording:
    """Apply *case* to an empty engine and record it, without where the engine listened."""
    engine.empty()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as home:
        workdir = Path(shutil.copytree(case.folder, folder, dirs_exist_ok=True))
        with engine.enter_network():
            live.run_case_script(case, engine, workdir, home)
            made = record_host(engine.host, home=home)
    anywhere = replace(made.recording.engine, endpoint=PRIVATE_ENDPOINT)
    return replace(made, recording=replace(made.recording, engine=anywhere))


def record_pair(engine: live.PreparedEngine, planned: PlannedLab) -> None:
    """Write both recordings of one lab."""
    engine.change_images(planned.images)
    for case in planned.cases:
        path = RECORDINGS / f"{planned.id}-{case.name}.json"
        path.write_bytes(encode_document(record_case(engine, case)))
        print(path)  # noqa: T201 - a command's result


def main() -> None:
    """Record the labs named on the command line, or all that are kept."""
    labs = sys.argv[1:] or SOLVED_LABS
    planned = [run.plan_lab(load_built_in_lab(lab), FIXTURES, choose_cases) for lab in labs]
    (create,) = run.create_own_engines(planned, FIXTURES, 1)
    engine = create(planned[0].setting)
    engine.start()
    try:
        for lab in planned:
            record_pair(engine, lab)
    finally:
        engine.stop()


if __name__ == "__main__":
    main()
