"""A lab and its fixtures → its proof, judged from recordings or seen live on engines that are used up."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from queue import Empty, SimpleQueue

from msgspec.structs import replace

from dckgrade import codec, grading
from dckgrade.lab.load import Loaded
from dckgrade.lab.problem import Place
from dckgrade.lab.strict_yaml import read
from dckgrade.prove import live
from dckgrade.prove.case import Case, Kind, cases, code, terms
from dckgrade.prove.mutants import vacuous
from dckgrade.prove.proof import Fault, Outcome, Proof, cell, forgiven, matrix, of_cases, unproven
from dckgrade.report import Report
from dckgrade.words import N_, Trouble

Progress = Callable[[str, int, int], None]
"""Told the case just done, how many are done, and of how many."""


def of(
    loaded: Loaded, fixtures: Path, outcomes: Sequence[Outcome], more: Sequence[Fault], start: float
) -> Proof:
    """Put together what all cases came to."""
    lab = loaded.lab
    waivers = terms(fixtures, lab.id).waivers
    found = [*of_cases(outcomes), *unproven(lab, outcomes)]
    faults, waived = forgiven(found, waivers, date.today())  # noqa: DTZ011 - a day, wherever one is
    solution = next((one.report for one in outcomes if one.case.kind is Kind.SOLUTION and one.report), None)
    tried = vacuous(lab, codec.recording(solution)) if solution else None
    return Proof(
        lab=lab.id,
        title=lab.title.into("fr"),
        file=str(loaded.path),
        places=places(loaded),
        checks=[check.id for check in lab.checks],
        cases=[one.case.name for one in outcomes],
        cells=matrix(lab, outcomes),
        mutants=tried.mutants if tried else 0,
        faults=[*faults, *(tried.faults if tried else []), *more],
        waived=waived,
        duration_ms=round((time.monotonic() - start) * 1000),
    )


def places(loaded: Loaded) -> dict[str, Place]:
    """Find where each check stands in the lab's file."""
    document = read(loaded.path.read_bytes())
    return {check.id: document.place(("checks", at, "id")) for at, check in enumerate(loaded.lab.checks)}


def recorded(loaded: Loaded, fixtures: Path) -> Proof:
    """Judge the recordings of every case."""
    start = time.monotonic()
    outcomes = [replayed(loaded, one) for one in cases(fixtures, loaded.lab.id)]
    return of(loaded, fixtures, outcomes, [], start)


def replayed(loaded: Loaded, case: Case) -> Outcome:
    """Judge the recording of one case again."""
    try:
        report = codec.from_json(case.recording.read_bytes(), str(case.recording))
    except OSError as error:
        return Outcome(case=case, trouble=f"{case.recording}: {error.strerror}")
    except Trouble as trouble:
        return Outcome(case=case, trouble=str(trouble))
    return Outcome(case=case, report=grading.again(loaded, report, "fr"))


def seen(
    loaded: Loaded,
    fixtures: Path,
    engines: Sequence[live.Disposable],
    progress: Progress,
    *,
    record: bool,
) -> Proof:
    """Apply every case that an engine can be put into, and compare with the recordings or renew them."""
    start = time.monotonic()
    all_cases = cases(fixtures, loaded.lab.id)
    images = terms(fixtures, loaded.lab.id).images
    # Those that use an engine up come last: the fewer have to be started anew.
    wanted = sorted((one for one in all_cases if one.live), key=lambda one: one.expectation.spent)
    outcomes = applied(
        loaded, wanted, engines, progress, lambda engine: live.renewed(engine, images, fixtures)
    )
    outcomes += [replayed(loaded, one) for one in all_cases if not one.live]
    more = [fault for one in outcomes for fault in kept(loaded, one, record=record)]
    return of(loaded, fixtures, outcomes, more, start)


def applied(
    loaded: Loaded,
    wanted: Sequence[Case],
    engines: Sequence[live.Disposable],
    progress: Progress,
    renew: Callable[[live.Disposable], None],
) -> list[Outcome]:
    """Share the cases out among the engines; each engine takes the next case as soon as it is free."""
    waiting: SimpleQueue[Case] = SimpleQueue()
    for one in wanted:
        waiting.put(one)
    done: dict[str, Outcome] = {}
    stop = threading.Event()

    def work(engine: live.Disposable) -> None:
        while not stop.is_set():
            try:
                one = waiting.get_nowait()
            except Empty:
                return
            done[one.name] = outcome(loaded, one, engine)
            progress(one.name, len(done), len(wanted))
            if one.expectation.spent and not waiting.empty():
                renew(engine)

    threads = [threading.Thread(target=work, args=(engine,), daemon=True) for engine in engines]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        stop.set()
    return [done[one.name] for one in wanted]


def outcome(loaded: Loaded, case: Case, engine: live.Disposable) -> Outcome:
    """Apply one case and grade; what goes wrong is the case's trouble, not the end of the proof."""
    try:
        return Outcome(case=case, report=live.graded(loaded, case, engine))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other cases are still to be seen
        return Outcome(case=case, trouble=f"{type(error).__name__}: {error}")


def kept(loaded: Loaded, one: Outcome, *, record: bool) -> Iterable[Fault]:
    """Renew the recording, or tell where it no longer says what the engine says."""
    if one.report is None or not one.case.live:
        return
    if record:
        # What does not say what was expected is a fault already, and no state worth keeping.
        if all(cell(one.case, line).sound for line in one.report.checks):
            one.case.recording.write_bytes(codec.to_json(anywhere(one.report)))
        return
    before = replayed(loaded, one.case)
    if before.report is None:
        yield Fault(what=N_("{case} has no recording: {detail}"), case=one.case.name, detail=before.trouble)
        return
    for old, new in zip(before.report.checks, one.report.checks, strict=True):
        if (old.verdict, code(old)) != (new.verdict, code(new)):
            yield Fault(
                what=N_("{check}: the recording of {case} says otherwise than the engine: {detail}."),
                check=new.id,
                case=one.case.name,
                detail=f"{old.verdict} {code(old) or ''} → {new.verdict} {code(new) or ''}",
            )


def anywhere(report: Report) -> Report:
    """Leave out where the private engine listened: a folder of this machine that no longer exists."""
    return replace(report, engine=replace(report.engine, endpoint="unix:///var/run/docker.sock"))


def started(count: int, images: Sequence[str], fixtures: Path, stack: ExitStack) -> list[live.Disposable]:
    """Start engines of our own with the images that the lab needs; the stack's end ends them."""
    from dckgrade.prove.private_engine import PrivateEngine

    engines: list[live.Disposable] = []
    for _ in range(count):
        engine = stack.enter_context(PrivateEngine())
        live.load_images(engine.host, images, fixtures)
        engines.append(engine)
    return engines


def given(host: str, images: Sequence[str], fixtures: Path, stack: ExitStack) -> list[live.Disposable]:
    """Take over an engine that its owner gave up; the stack's end leaves it as empty as it was."""
    from dckgrade.prove.given_engine import GivenEngine

    engine = stack.enter_context(GivenEngine(host))
    live.load_images(engine.host, images, fixtures)
    return [engine]
