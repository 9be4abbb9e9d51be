"""The use cases: where observing and judging meet, and where it is decided to look once more."""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec.structs import asdict

from dckgrade import __version__
from dckgrade.engine.protocol import Given
from dckgrade.grading.options import Choice, ProgressCallback, SnapshotSource, ignore_progress
from dckgrade.i18n import Lang
from dckgrade.judge.judge import find_unsettled_checks, judge_recording, list_further_probes
from dckgrade.lab.load import LoadedLab
from dckgrade.lab.model import Check
from dckgrade.probes.base import Probe, kind_of, observation_key
from dckgrade.probes.observe import observe_probes
from dckgrade.report import codec
from dckgrade.report.observation import (
    EngineInfo,
    Observation,
    Recording,
    Seen,
    Unobservable,
    UnobservableReason,
)
from dckgrade.report.report import LabRef, Report
from dckgrade.report.result import sum_points

OBSERVE_INTERVAL_S = 0.5
MIN_ROUND_S = 5.0
"""A look may take this long (stats); with less time left, what has been seen one by one is judged."""


def grade_lab(
    loaded: LoadedLab, looker: SnapshotSource, choice: Choice, progress: ProgressCallback = ignore_progress
) -> Report:
    """Look at everything that the chosen checks need, until it is settled, and judge what was seen."""
    (report,) = grade_labs([LabSelection(loaded, choice.only)], looker, choice, progress)
    return report


def grade_labs(
    parts: Sequence["LabSelection"],
    looker: SnapshotSource,
    choice: Choice,
    progress: ProgressCallback = ignore_progress,
) -> list[Report]:
    """Grade several labs at the same time: what two of them ask is looked at once."""
    run = GradingRun(parts, looker, choice, progress)
    try:
        return run.make_reports()
    finally:
        # What is still awaited by whoever looks again at once (--watch) goes on; closing the engine ends it.
        if not run.starting:
            looker.end_run()


def report_unreachable(loaded: LoadedLab, engine: EngineInfo, why: str, choice: Choice) -> Report:
    """Report that nothing could be seen: every check is unknown, and nobody is to blame."""
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
        passive=choice.passive,
        only=choice.only,
        observations=unseen,
    )
    return build_report(loaded, recording, choice.lang, choice.trainee)


def judge_report_again(loaded: LoadedLab, report: Report, lang: Lang) -> Report:
    """Judge the recording of *report* again, with the lab as it is now."""
    return build_report(loaded, codec.extract_recording(report), lang, report.trainee)


def build_report(loaded: LoadedLab, recording: Recording, lang: Lang, trainee: str | None) -> Report:
    """Judge *recording* and put it all into one document."""
    lines = judge_recording(loaded.lab, recording, lang)
    return Report(
        dckgrade=__version__,
        lang=lang,
        trainee=trainee,
        lab=LabRef(id=loaded.lab.id, title=loaded.lab.title.in_language(lang), digest=loaded.digest),
        score=sum_points(lines),
        checks=lines,
        **asdict(recording),
    )


class LabSelection:
    """One lab of a run, and the checks of it that the user chose; none chosen means all."""

    def __init__(self, loaded: LoadedLab, only: Sequence[str] = ()) -> None:
        self.loaded, self.lab, self.only = loaded, loaded.lab, list(only)
        probes = [check.observe for check in self.lab.checks]
        probes += [also.observe for one in self.lab.list_diagnoses() for also in one.also]
        self.keys = {observation_key(probe) for probe in probes}

    def list_attempted_checks(self, *, passive: bool) -> list[Check]:
        """List the checks that the user's choice leaves."""
        chosen = [check for check in self.lab.checks if not self.only or check.id in self.only]
        return [check for check in chosen if check.observe.passive or not passive]


WaitingCheck = tuple[LabSelection, Check, float]
"""An unsettled check of a lab, and the seconds of its budget that are left."""


class GradingRun:
    """One run: looks, judges whether looking again can help, and stops in time; each look is for all labs."""

    def __init__(
        self,
        parts: Sequence[LabSelection],
        looker: SnapshotSource,
        choice: Choice,
        progress: ProgressCallback,
    ) -> None:
        self.selections, self.snapshot_source, self.choice, self.progress = parts, looker, choice, progress
        self.started_at, self.start = format_now(), time.monotonic()
        self.observations: dict[str, Observation] = {}
        self.starting: dict[str, list[str]] = {}
        """By lab, the checks that were waited for when the waiting was cut off."""

    def make_reports(self) -> list[Report]:
        """Carry the run through."""
        passive = self.choice.passive
        everything = [
            check.observe for part in self.selections for check in part.list_attempted_checks(passive=passive)
        ]
        self.observe(everything)
        while self.wait_for_unsettled() and not self.starting and self.left_s() > MIN_ROUND_S:
            # A container may have died meanwhile: all that is judged must have been seen at one time. And one
            # that was restarted just then is waited for again.
            self.observe(everything)
        self.observe_further()
        lang, trainee = self.choice.lang, self.choice.trainee
        return [
            build_report(part.loaded, self.build_recording(part), lang, trainee) for part in self.selections
        ]

    def wait_for_unsettled(self) -> bool:
        """Look again for as long as that can help; say whether there was anything to wait for."""
        waited = False
        while waiting := self.list_waiting():
            if self.choice.at_once or self.left_s() <= OBSERVE_INTERVAL_S:
                for part, check, _ in waiting:
                    self.starting.setdefault(part.lab.id, []).append(check.id)
                break
            titles = [check.title.in_language(self.choice.lang) for _, check, _ in waiting]
            self.progress(titles, max(left for _, _, left in waiting))
            time.sleep(OBSERVE_INTERVAL_S)
            self.observe(check.observe for check in self.list_checks_to_repeat(waiting))
            waited = True
        return waited

    def observe(self, probes: Iterable[Probe]) -> None:
        """Make one round of observations."""
        choice = self.choice
        snapshot = self.snapshot_source.take_snapshot(
            Given(
                workdir=choice.workdir,
                container=choice.container,
                passive=choice.passive,
                grafana=choice.grafana,
                elsewhere=choice.elsewhere,
                environment=choice.environment,
                dockerd=choice.dockerd,
            )
        )
        self.observations |= observe_probes(probes, snapshot, self.left_s())

    def observe_further(self) -> None:
        """Make the observations that only the naming of a mistake needs."""
        while probes := [
            probe
            for part in self.selections
            for probe in list_further_probes(part.lab, self.build_recording(part))
        ]:
            self.observe(probes)

    def left_s(self) -> float:
        """Tell how many seconds the run has left."""
        return max(0.0, self.choice.timeout_s - (time.monotonic() - self.start))

    def list_waiting(self) -> list[WaitingCheck]:
        """List the unsettled checks whose subject lives and is inside its budget."""
        hopeful = [
            (part, find_unsettled_checks(part.lab, self.build_recording(part))) for part in self.selections
        ]
        checks = [(part, check) for part, ids in hopeful for check in part.lab.checks if check.id in ids]
        return [(part, check, left) for part, check in checks if (left := self.remaining_budget_s(check)) > 0]

    def remaining_budget_s(self, check: Check) -> float:
        """Count from the container's own start: an old one gets no second childhood, a dead one no wait."""
        seen = self.observations.get(observation_key(check.observe))
        return check.within_s - seen.age_s if isinstance(seen, Seen) and seen.age_s is not None else 0.0

    def list_checks_to_repeat(self, waiting: Sequence[WaitingCheck]) -> list[Check]:
        """List the checks to look at again: those waited for, and those that they block."""
        again: list[Check] = []
        for part in self.selections:
            waited_for = {check.id for other, check, _ in waiting if other is part}
            lines = (
                judge_recording(part.lab, self.build_recording(part), self.choice.lang) if waited_for else []
            )
            blocked = {line.id for line in lines if set(line.blocked_by) & waited_for}
            again += [check for check in part.lab.checks if check.id in waited_for | blocked]
        return again

    def build_recording(self, part: LabSelection) -> Recording:
        """Write down what has been seen so far of one lab."""
        seen = {name: one for name, one in self.observations.items() if name in part.keys}
        starting = self.starting.get(part.lab.id, [])
        return Recording(
            engine=self.snapshot_source.engine,
            started_at=self.started_at,
            duration_ms=round((time.monotonic() - self.start) * 1000),
            complete=not starting and not hit_deadline(seen),
            passive=self.choice.passive,
            only=part.only,
            starting=starting,
            observations=seen,
        )


def hit_deadline(seen: Mapping[str, Observation]) -> bool:
    """Say whether a deadline cut something off."""
    return any(
        isinstance(one, Unobservable) and one.why is UnobservableReason.DEADLINE for one in seen.values()
    )


def format_now() -> str:
    """Tell the time as RFC 3339, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
