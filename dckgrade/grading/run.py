"""Grade labs on an engine: observe, judge, and decide whether to look once more."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from dckgrade.engine.run_options import RunOptions
from dckgrade.grading.judging import build_report
from dckgrade.grading.snapshot_source import SnapshotSource
from dckgrade.judge.judge import find_unsettled_checks, judge_recording, list_further_probes
from dckgrade.lab.model import Check, LoadedLab
from dckgrade.probes.base import Probe, kind_of, observation_key
from dckgrade.probes.observe import observe_probes
from dckgrade.probes.support.lookup import list_named_containers
from dckgrade.report.observation import (
    EngineInfo,
    Observation,
    Recording,
    Seen,
    Unobservable,
    UnobservableReason,
)
from dckgrade.report.report import Report

OBSERVE_INTERVAL_S = 0.5
NAMING_S = 1.5
"""Of a run's time, what is kept for the observations that only name a mistake: waiting ends before."""
CLEANUP_S = 0.7
"""Beyond a run's time, what removing its containers may take; with the program's own start, a second."""
MIN_ROUND_S = 5.0
"""A round may take this long (stats); with less time left, what was seen at different times is judged."""

ProgressCallback = Callable[[Sequence[str], float], None]
"""Called at each round of waiting: the titles of the checks waited for, the longest budget left (s)."""


def ignore_progress(_titles: Sequence[str], _left_s: float) -> None:
    """Show no progress."""


def grade_lab(
    loaded: LoadedLab,
    source: SnapshotSource,
    options: RunOptions,
    progress: ProgressCallback = ignore_progress,
) -> Report:
    """Observe what the chosen checks need, until it is settled, and judge that."""
    (report,) = grade_labs([LabSelection(loaded, options.only)], source, options, progress)
    return report


def grade_labs(
    selections: Sequence["LabSelection"],
    source: SnapshotSource,
    options: RunOptions,
    progress: ProgressCallback = ignore_progress,
) -> list[Report]:
    """Grade several labs at the same time: what two of them need is observed once."""
    run = GradingRun(selections, source, options, progress)
    try:
        return run.make_reports()
    finally:
        # --watch grades again at once, and what is still starting goes on; closing the engine ends it.
        source.end_run(run.left_s() + CLEANUP_S, keep=bool(run.starting))


def report_unreachable(loaded: LoadedLab, engine: EngineInfo, why: str, options: RunOptions) -> Report:
    """Report that nothing could be observed because of *why*: every check is unknown."""
    unseen: dict[str, Observation] = {
        observation_key(check.observe): Unobservable(
            kind=kind_of(check.observe), why=UnobservableReason.ENGINE_OUT_OF_REACH, detail=why
        )
        for check in loaded.lab.checks
    }
    recording = Recording(
        engine=engine,
        started_at=format_now(),
        complete=False,
        passive=options.passive,
        only=options.only,
        observations=unseen,
    )
    return build_report(loaded, recording, options.lang, options.trainee)


class LabSelection:
    """One lab of a run, and the checks of it that the user chose; none chosen means all."""

    def __init__(self, loaded: LoadedLab, only: Sequence[str] = ()) -> None:
        self.loaded, self.lab, self.only = loaded, loaded.lab, list(only)
        self.keys = {observation_key(probe) for probe in self.lab.list_probes()}

    def list_attempted_checks(self, *, passive: bool) -> list[Check]:
        """List the checks that the user's options leave."""
        chosen = [check for check in self.lab.checks if not self.only or check.id in self.only]
        return [check for check in chosen if check.is_passive or not passive]


WaitingCheck = tuple[LabSelection, Check, float]
"""An unsettled check of a lab, and the seconds of its budget that are left."""


class GradingRun:
    """One run; its labs share each round of observations, which is repeated while that can help."""

    def __init__(
        self,
        selections: Sequence[LabSelection],
        source: SnapshotSource,
        options: RunOptions,
        progress: ProgressCallback,
    ) -> None:
        self.selections, self.snapshot_source, self.progress = selections, source, progress
        named = {
            name: image
            for selection in selections
            for name, image in list_named_containers(selection.lab.list_probes()).items()
        }
        self.options = replace(options, lab_containers=named)
        self.started_at, self.start = format_now(), time.monotonic()
        self.observations: dict[str, Observation] = {}
        self.starting: dict[str, list[str]] = {}
        """By lab, the checks still waited for when the run stopped waiting."""

    def make_reports(self) -> list[Report]:
        """Run to the end; return one report for each lab."""
        passive = self.options.passive
        everything = self.list_probes(
            check
            for selection in self.selections
            for check in selection.list_attempted_checks(passive=passive)
        )
        self.observe(everything)
        while self.wait_for_unsettled() and not self.starting and self.left_s() > MIN_ROUND_S:
            # A container may have died meanwhile: all that is judged must have been seen in one round. One
            # that was restarted meanwhile is waited for again.
            self.observe(everything)
        self.observe_further()
        lang, trainee = self.options.lang, self.options.trainee
        return [
            build_report(selection.loaded, self.build_recording(selection), lang, trainee)
            for selection in self.selections
        ]

    def wait_for_unsettled(self) -> bool:
        """Observe again for as long as that can help; return whether there was anything to wait for."""
        waited = False
        while waiting := self.list_waiting():
            if self.options.at_once or self.left_s() <= OBSERVE_INTERVAL_S + NAMING_S:
                for selection, check, _ in waiting:
                    self.starting.setdefault(selection.lab.id, []).append(check.id)
                break
            titles = [check.title.in_language(self.options.lang) for _, check, _ in waiting]
            self.progress(titles, max(left for _, _, left in waiting))
            time.sleep(OBSERVE_INTERVAL_S)
            self.observe(self.list_probes(self.list_checks_to_repeat(waiting)))
            waited = True
        return waited

    def list_probes(self, checks: Iterable[Check]) -> list[Probe]:
        """List what the checks need, but for what the user's options forbid."""
        return [
            probe
            for check in checks
            for probe in check.list_probes()
            if probe.passive or not self.options.passive
        ]

    def observe(self, probes: Iterable[Probe]) -> None:
        """Make one round of observations."""
        snapshot = self.snapshot_source.take_snapshot(self.options)
        self.observations |= observe_probes(probes, snapshot, self.left_s())

    def observe_further(self) -> None:
        """
        Make the observations that are needed only to name a mistake.

        All of one moment: two mistakes are told apart by the same log, which may have grown in between.
        """
        snapshot = self.snapshot_source.take_snapshot(self.options)
        while probes := [
            probe
            for selection in self.selections
            for probe in list_further_probes(selection.lab, self.build_recording(selection))
        ]:
            self.observations |= observe_probes(probes, snapshot, self.left_s())

    def left_s(self) -> float:
        """Return how many seconds the run has left."""
        return max(0.0, self.options.timeout_s - (time.monotonic() - self.start))

    def list_waiting(self) -> list[WaitingCheck]:
        """List the unsettled checks whose container runs and is inside its budget."""
        hopeful = [
            (selection, find_unsettled_checks(selection.lab, self.build_recording(selection)))
            for selection in self.selections
        ]
        checks = [
            (selection, check)
            for selection, ids in hopeful
            for check in selection.lab.checks
            if check.id in ids
        ]
        return [
            (selection, check, left)
            for selection, check in checks
            if (left := self.remaining_budget_s(check)) > 0
        ]

    def remaining_budget_s(self, check: Check) -> float:
        """Return the seconds left of the budget, counted from the container's start; 0 for a dead one."""
        seen = self.observations.get(observation_key(check.observe))
        return check.within_s - seen.age_s if isinstance(seen, Seen) and seen.age_s is not None else 0.0

    def list_checks_to_repeat(self, waiting: Sequence[WaitingCheck]) -> list[Check]:
        """List the checks to observe again: those waited for, and those that they block."""
        again: list[Check] = []
        for selection in self.selections:
            waited_for = {check.id for other, check, _ in waiting if other is selection}
            results = (
                judge_recording(selection.lab, self.build_recording(selection), self.options.lang)
                if waited_for
                else []
            )
            blocked = {result.id for result in results if set(result.blocked_by) & waited_for}
            again += [check for check in selection.lab.checks if check.id in waited_for | blocked]
        return again

    def build_recording(self, selection: LabSelection) -> Recording:
        """Make the recording of what has been observed so far for one lab."""
        seen = {key: observation for key, observation in self.observations.items() if key in selection.keys}
        starting = self.starting.get(selection.lab.id, [])
        return Recording(
            engine=self.snapshot_source.engine,
            started_at=self.started_at,
            duration_ms=round((time.monotonic() - self.start) * 1000),
            complete=not starting and not hit_deadline(seen),
            passive=self.options.passive,
            only=selection.only,
            starting=starting,
            observations=seen,
        )


def hit_deadline(seen: Mapping[str, Observation]) -> bool:
    """Return whether an observation was cut off by a deadline."""
    return any(
        isinstance(observation, Unobservable) and observation.why is UnobservableReason.DEADLINE
        for observation in seen.values()
    )


def format_now() -> str:
    """Return the time as RFC 3339, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
