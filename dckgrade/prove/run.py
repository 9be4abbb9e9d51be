"""A lab and its fixtures → its proof, judged from recordings or seen live on engines that are used up."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from queue import Empty, SimpleQueue

from dckgrade.engine.deadline import call_all_within
from dckgrade.i18n import N_, UserError
from dckgrade.lab.lint import iter_located_diagnoses
from dckgrade.lab.load import LoadedLab
from dckgrade.lab.problem import Place
from dckgrade.lab.strict_yaml import parse_strict_yaml
from dckgrade.prove import images, live, process_group, recordings
from dckgrade.prove.case import Case, CaseKind, ProofSettings, list_cases, read_proof_settings
from dckgrade.prove.mutants import MutationResult, find_vacuous_matchers
from dckgrade.prove.proof import (
    CaseOutcome,
    apply_waivers,
    build_matrix,
    find_case_faults,
    find_coverage_faults,
)
from dckgrade.prove.recordings import rejudge_recording
from dckgrade.report import codec
from dckgrade.report.proof import Proof, ProofFault

MAX_PROOFS_S = 24 * 3600.0

CaseProgress = Callable[[str, int, int], None]
"""Told the case just done, how many are done, and of how many."""


def build_proof(
    loaded: LoadedLab,
    fixtures: Path,
    outcomes: Sequence[CaseOutcome],
    more: Sequence[ProofFault],
    start: float,
) -> Proof:
    """Put together what all cases came to."""
    lab = loaded.lab
    waivers = read_proof_settings(fixtures, lab.id).waivers
    solution = next(
        (one.report for one in outcomes if one.case.kind is CaseKind.SOLUTION and one.report), None
    )
    tried = (
        find_vacuous_matchers(lab, codec.extract_recording(solution)) if solution else MutationResult(0, [])
    )
    found = [*find_case_faults(outcomes, lab), *find_coverage_faults(lab, outcomes), *tried.faults]
    faults, waived = apply_waivers(found, waivers, date.today())  # noqa: DTZ011 - a day, wherever one is
    return Proof(
        lab=lab.id,
        title=lab.title,
        file=make_relative_to_cwd(loaded.path),
        places=locate_checks_and_codes(loaded),
        checks=[check.id for check in lab.checks],
        cases=[one.case.name for one in outcomes],
        cells=build_matrix(lab, outcomes),
        mutants=tried.mutants,
        faults=[*faults, *more],
        waived=waived,
        duration_ms=round((time.monotonic() - start) * 1000),
    )


def locate_checks_and_codes(loaded: LoadedLab) -> dict[str, Place]:
    """Find where each check stands in the lab's file, and each code that is written in full."""
    document = parse_strict_yaml(loaded.path.read_bytes())
    checks = {
        check.id: document.find_place(("checks", at, "id")) for at, check in enumerate(loaded.lab.checks)
    }
    codes = {
        one.code: document.find_place((*path, "code"))
        for path, _, one in iter_located_diagnoses(loaded.lab)
        if one.message
    }
    return checks | codes


def make_relative_to_cwd(path: Path) -> str:
    """Name a file as CI systems do: from the folder in which they run us, when it is below."""
    here = Path.cwd()
    return str(path.resolve().relative_to(here) if path.resolve().is_relative_to(here) else path)


def prove_from_recordings(loaded: LoadedLab, fixtures: Path) -> Proof:
    """Judge the recordings of every case."""
    start = time.monotonic()
    outcomes = [rejudge_recording(loaded, one) for one in list_cases(fixtures, loaded.lab.id)]
    return build_proof(loaded, fixtures, outcomes, [], start)


def prove_live(
    loaded: LoadedLab,
    fixtures: Path,
    engines: Sequence[live.DisposableEngine],
    progress: CaseProgress,
    *,
    record: bool,
) -> Proof:
    """Apply every case that an engine can be put into, and compare with the recordings or renew them."""
    start = time.monotonic()
    all_cases = list_cases(fixtures, loaded.lab.id)
    # Those that use an engine up come last: the fewer have to be started anew.
    wanted = sorted(
        (one for one in all_cases if one.can_be_applied), key=lambda one: one.expectation.needs_fresh_engine
    )
    outcomes = run_cases(loaded, wanted, engines, progress)
    keep = recordings.renew_recording if record else recordings.compare_recording
    more = [fault for one in outcomes for fault in keep(loaded, one)]
    handmade = [one for one in all_cases if not one.can_be_applied]
    if record:
        recordings.derive_recordings(handmade, all_cases)
    outcomes += [rejudge_recording(loaded, one) for one in handmade]
    return build_proof(loaded, fixtures, outcomes, more, start)


def prove_concurrently(seen: Sequence[Callable[[], Proof]]) -> list[Proof]:
    """See several labs at once, each on engines of its own; an error of one is raised when all have ended."""
    if len(seen) == 1:
        return [seen[0]()]
    with process_group.kill_groups_on_interrupt():
        proofs = call_all_within(dict(enumerate(seen)), MAX_PROOFS_S)
    if errors := [one for one in proofs.values() if isinstance(one, Exception)]:
        raise errors[0]
    return [one for one in proofs.values() if not isinstance(one, Exception)]


def run_cases(
    loaded: LoadedLab,
    wanted: Sequence[Case],
    engines: Sequence[live.DisposableEngine],
    progress: CaseProgress,
) -> list[CaseOutcome]:
    """Share the cases out among the engines; each engine takes the next case as soon as it is free."""
    waiting: SimpleQueue[Case] = SimpleQueue()
    for one in wanted:
        waiting.put(one)
    done: dict[str, CaseOutcome] = {}
    ended: list[Exception] = []
    stop = threading.Event()

    def work(engine: live.DisposableEngine) -> None:
        while not stop.is_set():
            try:
                one = waiting.get_nowait()
                done[one.name] = run_case(loaded, one, engine)
            except Empty:
                return
            except Exception as error:  # noqa: BLE001 - told by the thread that waits for this one
                ended.append(error)
                stop.set()
                return
            progress(one.name, len(done), len(wanted))
            if (
                one.expectation.needs_fresh_engine
                and not waiting.empty()
                and isinstance(engine, live.PreparedEngine)
            ):
                engine.renew()

    threads = [threading.Thread(target=work, args=(engine,), daemon=True) for engine in engines]
    try:
        with process_group.kill_groups_on_interrupt():
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        stop.set()
    if ended:
        raise ended[0]
    return [done[one.name] for one in wanted]


def run_case(loaded: LoadedLab, case: Case, engine: live.DisposableEngine) -> CaseOutcome:
    """Apply one case and grade; an `apply.sh` that fails is its trouble, anything else ends the proof."""
    try:
        return CaseOutcome(case=case, report=live.grade_case(loaded, case, engine))
    except process_group.CaseNotApplied as error:
        return CaseOutcome(case=case, failure=str(error))


def prepare_engines(
    lab: str, fixtures: Path, host: str | None, jobs: int, stack: ExitStack
) -> list[live.DisposableEngine]:
    """Take over the engine given, or start some, with the images of *lab*; the stack's end undoes it."""
    needs = read_proof_settings(fixtures, lab)
    if host:
        made = [take_over_engine(host, needs, stack)]
    else:
        count = min(jobs, sum(one.can_be_applied for one in list_cases(fixtures, lab)))
        made = [
            start_guest(fixtures, stack) if needs.guest else start_private_engine(needs.engines, stack)
            for _ in range(count)
        ]
    shelf = images.build_image_archives(needs.pullable_images, fixtures)
    return [
        live.PreparedEngine(one, lambda host: images.load_images(host, needs.images, fixtures / lab), shelf)
        for one in made
    ]


def start_private_engine(count: int, stack: ExitStack) -> live.DisposableEngine:
    """Start one engine, or a room of as many as a case needs."""
    from dckgrade.prove.engines.cluster import PrivateCluster
    from dckgrade.prove.engines.private import PrivateEngine

    return stack.enter_context(PrivateCluster(count)) if count > 1 else stack.enter_context(PrivateEngine())


def start_guest(fixtures: Path, stack: ExitStack) -> live.DisposableEngine:
    """Boot a machine whose kernel has AppArmor, with an engine on it."""
    from dckgrade.prove.engines.guest import GuestEngine

    builder = fixtures / "guest" / "build.py"
    return stack.enter_context(GuestEngine(lambda folder: images.run_builder(builder, [str(folder)])))


def take_over_engine(host: str, needs: ProofSettings, stack: ExitStack) -> live.DisposableEngine:
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
