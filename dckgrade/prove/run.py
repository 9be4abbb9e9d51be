"""A lab and its fixtures → its proof, judged from recordings or seen live on engines that are used up."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from queue import Empty, SimpleQueue

from dckgrade.engine.deadline import outcomes
from dckgrade.i18n import N_, UserError
from dckgrade.lab.lint import diagnoses
from dckgrade.lab.load import LoadedLab
from dckgrade.lab.problem import Place
from dckgrade.lab.strict_yaml import read
from dckgrade.prove import images, live, process_group, recordings
from dckgrade.prove.case import Case, CaseKind, Terms, cases, terms
from dckgrade.prove.mutants import Tried, vacuous
from dckgrade.prove.proof import Outcome, forgiven, matrix, of_cases, unproven
from dckgrade.prove.recordings import replayed
from dckgrade.report import codec
from dckgrade.report.proof import Fault, Proof

FOR_EVER_S = 24 * 3600.0

Progress = Callable[[str, int, int], None]
"""Told the case just done, how many are done, and of how many."""


def of(
    loaded: LoadedLab, fixtures: Path, outcomes: Sequence[Outcome], more: Sequence[Fault], start: float
) -> Proof:
    """Put together what all cases came to."""
    lab = loaded.lab
    waivers = terms(fixtures, lab.id).waivers
    solution = next(
        (one.report for one in outcomes if one.case.kind is CaseKind.SOLUTION and one.report), None
    )
    tried = vacuous(lab, codec.recording(solution)) if solution else Tried(0, [])
    found = [*of_cases(outcomes, lab), *unproven(lab, outcomes), *tried.faults]
    faults, waived = forgiven(found, waivers, date.today())  # noqa: DTZ011 - a day, wherever one is
    return Proof(
        lab=lab.id,
        title=lab.title,
        file=from_here(loaded.path),
        places=places(loaded),
        checks=[check.id for check in lab.checks],
        cases=[one.case.name for one in outcomes],
        cells=matrix(lab, outcomes),
        mutants=tried.mutants,
        faults=[*faults, *more],
        waived=waived,
        duration_ms=round((time.monotonic() - start) * 1000),
    )


def places(loaded: LoadedLab) -> dict[str, Place]:
    """Find where each check stands in the lab's file, and each code that is written in full."""
    document = read(loaded.path.read_bytes())
    checks = {check.id: document.place(("checks", at, "id")) for at, check in enumerate(loaded.lab.checks)}
    codes = {
        one.code: document.place((*path, "code")) for path, _, one in diagnoses(loaded.lab) if one.message
    }
    return checks | codes


def from_here(path: Path) -> str:
    """Name a file as CI systems do: from the folder in which they run us, when it is below."""
    here = Path.cwd()
    return str(path.resolve().relative_to(here) if path.resolve().is_relative_to(here) else path)


def recorded(loaded: LoadedLab, fixtures: Path) -> Proof:
    """Judge the recordings of every case."""
    start = time.monotonic()
    outcomes = [replayed(loaded, one) for one in cases(fixtures, loaded.lab.id)]
    return of(loaded, fixtures, outcomes, [], start)


def seen(
    loaded: LoadedLab,
    fixtures: Path,
    engines: Sequence[live.DisposableEngine],
    progress: Progress,
    *,
    record: bool,
) -> Proof:
    """Apply every case that an engine can be put into, and compare with the recordings or renew them."""
    start = time.monotonic()
    all_cases = cases(fixtures, loaded.lab.id)
    # Those that use an engine up come last: the fewer have to be started anew.
    wanted = sorted((one for one in all_cases if one.live), key=lambda one: one.expectation.spent)
    outcomes = applied(loaded, wanted, engines, progress)
    keep = recordings.renewed if record else recordings.compared
    more = [fault for one in outcomes for fault in keep(loaded, one)]
    handmade = [one for one in all_cases if not one.live]
    if record:
        recordings.derive(handmade, all_cases)
    outcomes += [replayed(loaded, one) for one in handmade]
    return of(loaded, fixtures, outcomes, more, start)


def together(seen: Sequence[Callable[[], Proof]]) -> list[Proof]:
    """See several labs at once, each on engines of its own; an error of one is raised when all have ended."""
    if len(seen) == 1:
        return [seen[0]()]
    with process_group.ended_when_interrupted():
        proofs = outcomes(dict(enumerate(seen)), FOR_EVER_S)
    if errors := [one for one in proofs.values() if isinstance(one, Exception)]:
        raise errors[0]
    return [one for one in proofs.values() if not isinstance(one, Exception)]


def applied(
    loaded: LoadedLab,
    wanted: Sequence[Case],
    engines: Sequence[live.DisposableEngine],
    progress: Progress,
) -> list[Outcome]:
    """Share the cases out among the engines; each engine takes the next case as soon as it is free."""
    waiting: SimpleQueue[Case] = SimpleQueue()
    for one in wanted:
        waiting.put(one)
    done: dict[str, Outcome] = {}
    ended: list[Exception] = []
    stop = threading.Event()

    def work(engine: live.DisposableEngine) -> None:
        while not stop.is_set():
            try:
                one = waiting.get_nowait()
                done[one.name] = outcome(loaded, one, engine)
            except Empty:
                return
            except Exception as error:  # noqa: BLE001 - told by the thread that waits for this one
                ended.append(error)
                stop.set()
                return
            progress(one.name, len(done), len(wanted))
            if one.expectation.spent and not waiting.empty() and isinstance(engine, live.PreparedEngine):
                engine.renew()

    threads = [threading.Thread(target=work, args=(engine,), daemon=True) for engine in engines]
    try:
        with process_group.ended_when_interrupted():
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        stop.set()
    if ended:
        raise ended[0]
    return [done[one.name] for one in wanted]


def outcome(loaded: LoadedLab, case: Case, engine: live.DisposableEngine) -> Outcome:
    """Apply one case and grade; an `apply.sh` that fails is its trouble, anything else ends the proof."""
    try:
        return Outcome(case=case, report=live.graded(loaded, case, engine))
    except process_group.NotApplied as error:
        return Outcome(case=case, trouble=str(error))


def engines(
    lab: str, fixtures: Path, host: str | None, jobs: int, stack: ExitStack
) -> list[live.DisposableEngine]:
    """Take over the engine given, or start some, with the images of *lab*; the stack's end undoes it."""
    needs = terms(fixtures, lab)
    if host:
        made = [given(host, needs, stack)]
    else:
        count = min(jobs, sum(one.live for one in cases(fixtures, lab)))
        made = [
            guest(fixtures, stack) if needs.guest else private(needs.engines, stack) for _ in range(count)
        ]
    shelf = images.shelved(needs.shelf, fixtures)
    return [
        live.PreparedEngine(one, lambda host: images.load_images(host, needs.images, fixtures / lab), shelf)
        for one in made
    ]


def private(count: int, stack: ExitStack) -> live.DisposableEngine:
    """Start one engine, or a room of as many as a case needs."""
    from dckgrade.prove.engines.cluster import PrivateRoom
    from dckgrade.prove.engines.private import PrivateEngine

    return stack.enter_context(PrivateRoom(count)) if count > 1 else stack.enter_context(PrivateEngine())


def guest(fixtures: Path, stack: ExitStack) -> live.DisposableEngine:
    """Boot a machine whose kernel has AppArmor, with an engine on it."""
    from dckgrade.prove.engines.guest import Guest

    builder = fixtures / "guest" / "build.py"
    return stack.enter_context(Guest(lambda folder: images.built(builder, [str(folder)])))


def given(host: str, needs: Terms, stack: ExitStack) -> live.DisposableEngine:
    """Take over an engine that its owner gave up; the stack's end leaves it as empty as it was."""
    from dckgrade.prove.engines.given import GivenEngine

    if needs.engines > 1:
        raise UserError(
            N_("This lab is proven on {count} engines that reach each other, and {host} is one."),
            N_("Leave --host out: dckgrade then starts engines of its own."),
            count=needs.engines,
            host=host,
        )
    return stack.enter_context(GivenEngine(host))
