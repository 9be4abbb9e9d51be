"""Proves labs: from the recordings of their cases, or live on engines that are used up."""

import os
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from msgspec.structs import replace

from dckgrade.i18n import N_, UserError
from dckgrade.lab.model import LoadedLab
from dckgrade.prove import images, live, provenance, recordings
from dckgrade.prove.assemble import build_proof
from dckgrade.prove.case import Case, list_cases, read_proof_settings
from dckgrade.prove.engines import settings
from dckgrade.prove.engines.given import GivenEngine
from dckgrade.prove.engines.release import INSTALLED, EngineRelease
from dckgrade.prove.engines.settings import EngineSetting
from dckgrade.prove.proof import CaseOutcome
from dckgrade.prove.recordings import rejudge_recording
from dckgrade.prove.schedule import CaseOutcomes, CaseProgress, EngineFactory, PlannedLab, Schedule
from dckgrade.report.proof import Proof, ProofFault

CaseChoice = Callable[[LoadedLab, Sequence[Case]], Collection[str]]
"""Chooses by name which cases of a lab are applied."""


def prove_from_recordings(loaded: LoadedLab, fixtures: Path) -> Proof:
    """Judge the recordings of every case."""
    start = time.monotonic()
    cases = list_cases(fixtures, loaded.lab.id)
    outcomes = [rejudge_recording(loaded, case) for case in cases]
    others = [fault for case in cases for fault in recordings.judge_other_recordings(loaded, case)]
    return build_proof(loaded, fixtures, outcomes, others, start)


def has_recordings(loaded: LoadedLab, fixtures: Path) -> bool:
    """Return whether any case of a lab was recorded."""
    return any(case.recording_path.exists() for case in list_cases(fixtures, loaded.lab.id))


def plan_lab(
    loaded: LoadedLab,
    fixtures: Path,
    choose: CaseChoice | None = None,
    release: EngineRelease = INSTALLED,
) -> PlannedLab:
    """Plan which cases of a lab are applied, and on what; without *choose* all that *release* allows."""
    lab = loaded.lab.id
    needs = read_proof_settings(fixtures, lab)
    excepted = needs.find_excepted_cases(release.name)
    cases = [case for case in list_cases(fixtures, lab) if case.can_be_applied and case.name not in excepted]
    if choose:
        chosen = choose(loaded, cases)
        cases = [case for case in cases if case.name in chosen]
    return PlannedLab(
        loaded=loaded,
        cases=cases,
        setting=EngineSetting(count=needs.engines, guest=needs.guest, release=release),
        images=images.LabImages(
            needs.images,
            fixtures / lab,
            images.build_image_archives(needs.pullable_images, fixtures),
            needs.find_replacements(release.name),
        ),
        excepted=excepted,
    )


def prove_live(
    labs: Sequence[PlannedLab],
    fixtures: Path,
    factories: Sequence[EngineFactory],
    progress: CaseProgress,
    *,
    record: bool,
) -> list[Proof]:
    """Apply the planned cases, on an engine of each factory; compare with the recordings or renew them."""
    start = time.monotonic()
    outcomes = run_schedules(labs, factories, progress)
    return [finish_proof(lab, fixtures, outcomes, start, record=record) for lab in labs]


def run_schedules(
    labs: Sequence[PlannedLab], factories: Sequence[EngineFactory], progress: CaseProgress
) -> CaseOutcomes:
    """
    Apply the cases of all labs: one queue, and after it one of the labs on guest machines.

    An emulated processor takes a real one, and beside busy engines it answers too late.
    """
    here = [lab for lab in labs if not lab.setting.guest]
    on_guests = [lab for lab in labs if lab.setting.guest]
    outcomes = dict(Schedule(here, progress).run(factories)) if here else {}
    if on_guests:
        outcomes |= Schedule(on_guests, progress).run(factories[: os.cpu_count()])
    return outcomes


def finish_proof(
    planned: PlannedLab, fixtures: Path, outcomes: CaseOutcomes, start: float, *, record: bool
) -> Proof:
    """Build the proof of one lab; what was not applied is judged from its recording."""
    loaded, lab = planned.loaded, planned.id
    all_cases = list_cases(fixtures, lab)
    applied = [outcomes[planned.key, case.name] for case in planned.cases]
    more: list[ProofFault] = []
    if record:
        renew_recordings(planned, fixtures, applied, all_cases)
    else:
        more = [fault for outcome in applied for fault in recordings.compare_recording(loaded, outcome)]
    names = {case.name for case in planned.cases}
    seen = applied + [rejudge_recording(loaded, case) for case in all_cases if case.name not in names]
    versions = dict.fromkeys(outcome.report.engine.version for outcome in applied if outcome.report)
    return replace(
        build_proof(loaded, fixtures, seen, more, start),
        engine=planned.setting.release.name,
        engine_version=", ".join(filter(None, versions)),
        applied=[outcome.case.name for outcome in applied],
        excepted=dict(planned.excepted),
    )


def renew_recordings(
    planned: PlannedLab, fixtures: Path, applied: Sequence[CaseOutcome], all_cases: Sequence[Case]
) -> None:
    """Keep what the engine says of the *applied* cases; others derive from the usual engine's."""
    engine = planned.setting.release
    for outcome in applied:
        recordings.renew_recording(outcome, engine.name)
    if engine == INSTALLED:
        recordings.derive_recordings([case for case in all_cases if not case.can_be_applied], all_cases)
        kept = [outcome.case for outcome in applied if recordings.is_as_expected(outcome)]
        provenance.stamp_recordings(planned.loaded, fixtures, kept)


def create_own_engines(
    labs: Sequence[PlannedLab], fixtures: Path, jobs: int | None = None
) -> list[EngineFactory]:
    """Return a factory for each engine of our own that may run at once: *jobs*, else as memory allows."""

    def create(setting: EngineSetting) -> live.PreparedEngine:
        engine = settings.create_engine(setting, fixtures)
        return live.PreparedEngine(engine, engine)

    needed = {lab.setting for lab in labs}
    count = jobs or settings.count_engines_that_fit(needed, settings.read_available_memory())
    return [create] * max(1, min(count, sum(len(lab.cases) for lab in labs)))


def check_one_engine_suffices(labs: Sequence[PlannedLab], host: str) -> None:
    """Refuse to prove a lab of several engines on the one at *host*."""
    if several := [lab for lab in labs if lab.setting.count > 1]:
        raise UserError(
            N_("This lab is proven on {count} engines that reach each other, and {host} is one."),
            N_("Leave --host out: dckgrade then starts engines of its own."),
            count=several[0].setting.count,
            host=host,
        )


def prove_on_given_engine(
    labs: Sequence[PlannedLab], fixtures: Path, host: str, progress: CaseProgress, *, record: bool
) -> list[Proof]:
    """Prove on an engine that its owner gave up, and leave it as empty as it was."""
    check_one_engine_suffices(labs, host)
    with GivenEngine(host) as given:
        engine = live.PreparedEngine(given)
        proofs = prove_live(labs, fixtures, [lambda _setting: engine], progress, record=record)
        return [replace(proof, engine="") for proof in proofs]
