"""Labs proven on an engine that a test already has, and engines that are none."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from msgspec.structs import replace

from dckgrade.engine.endpoint import EngineError
from dckgrade.lab.model import LoadedLab
from dckgrade.prove import run
from dckgrade.prove.images import LabImages
from dckgrade.prove.live import DisposableEngine, PreparedEngine
from dckgrade.report.proof import Proof


def prove_on(engine: DisposableEngine, loaded: LoadedLab, fixtures: Path, *, record: bool) -> Proof:
    """Prove a lab on *engine*, which keeps the images that it has."""
    prepared = PreparedEngine(engine)
    planned = replace(run.plan_lab(loaded, fixtures), images=LabImages([], fixtures / loaded.lab.id))
    (proof,) = run.prove_live(
        [planned],
        fixtures,
        [lambda _setting: prepared],
        lambda *_: None,
        record=record,
    )
    return proof


class DeadEngine:
    """An engine that has stopped answering."""

    host = "unix:///nowhere"
    script_environment: Mapping[str, str] = {}

    def empty(self) -> None:
        raise EngineError("gone")

    def enter_network(self) -> AbstractContextManager[None]:
        return nullcontext()
