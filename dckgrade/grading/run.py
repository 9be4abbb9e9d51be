"""The use cases: where observing and judging meet, and where it is decided to look once more."""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec.structs import asdict

from dckgrade import __version__
from dckgrade.engine.protocol import Given
from dckgrade.grading.options import Choice, Progress, SnapshotSource, silent
from dckgrade.i18n import Lang
from dckgrade.judge.judge import judge, unsettled, wanted_further
from dckgrade.lab.load import LoadedLab
from dckgrade.lab.model import Check
from dckgrade.probes.base import Probe, kind_of, observation_key
from dckgrade.probes.observe import observe_probes
from dckgrade.report import codec
from dckgrade.report.observation import EngineInfo, Observation, Recording, Seen, Unobservable, Why
from dckgrade.report.report import LabRef, Report
from dckgrade.report.result import sum_points

POLL_S = 0.5
LAST_LOOK_S = 5.0
"""A look may take this long (stats); with less time left, what has been seen one by one is judged."""


def grade(loaded: LoadedLab, looker: SnapshotSource, choice: Choice, progress: Progress = silent) -> Report:
    """Look at everything that the chosen checks need, until it is settled, and judge what was seen."""
    (report,) = grade_all([LabSelection(loaded, choice.only)], looker, choice, progress)
    return report


def grade_all(
    parts: Sequence["LabSelection"], looker: SnapshotSource, choice: Choice, progress: Progress = silent
) -> list[Report]:
    """Grade several labs at the same time: what two of them ask is looked at once."""
    run = Run(parts, looker, choice, progress)
    try:
        return run.reports()
    finally:
        # What is still awaited by whoever looks again at once (--watch) goes on; closing the engine ends it.
        if not run.starting:
            looker.end_run()


def unreachable(loaded: LoadedLab, engine: EngineInfo, why: str, choice: Choice) -> Report:
    """Report that nothing could be seen: every check is unknown, and nobody is to blame."""
    unseen: dict[str, Observation] = {
        observation_key(check.observe): Unobservable(
            kind=kind_of(check.observe), why=Why.ENGINE_OUT_OF_REACH, detail=why
        )
        for check in loaded.lab.checks
    }
    recording = Recording(
        engine=engine,
        started_at=timestamp(),
        complete=False,
        passive=choice.passive,
        only=choice.only,
        observations=unseen,
    )
    return judged(loaded, recording, choice.lang, choice.trainee)


def again(loaded: LoadedLab, report: Report, lang: Lang) -> Report:
    """Judge the recording of *report* again, with the lab as it is now."""
    return judged(loaded, codec.recording(report), lang, report.trainee)


def judged(loaded: LoadedLab, recording: Recording, lang: Lang, trainee: str | None) -> Report:
    """Judge *recording* and put it all into one document."""
    lines = judge(loaded.lab, recording, lang)
    return Report(
        dckgrade=__version__,
        lang=lang,
        trainee=trainee,
        lab=LabRef(id=loaded.lab.id, title=loaded.lab.title.into(lang), digest=loaded.digest),
        score=sum_points(lines),
        checks=lines,
        **asdict(recording),
    )


class LabSelection:
    """One lab of a run, and the checks of it that the user chose; none chosen means all."""

    def __init__(self, loaded: LoadedLab, only: Sequence[str] = ()) -> None:
        self.loaded, self.lab, self.only = loaded, loaded.lab, list(only)
        probes = [check.observe for check in self.lab.checks]
        probes += [also.observe for one in self.lab.diagnoses() for also in one.also]
        self.keys = {observation_key(probe) for probe in probes}

    def attempted(self, *, passive: bool) -> list[Check]:
        """List the checks that the user's choice leaves."""
        chosen = [check for check in self.lab.checks if not self.only or check.id in self.only]
        return [check for check in chosen if check.observe.passive or not passive]


Waiting = tuple[LabSelection, Check, float]
"""An unsettled check of a lab, and the seconds of its budget that are left."""


class Run:
    """One run: looks, judges whether looking again can help, and stops in time; each look is for all labs."""

    def __init__(
        self, parts: Sequence[LabSelection], looker: SnapshotSource, choice: Choice, progress: Progress
    ) -> None:
        self.parts, self.looker, self.choice, self.progress = parts, looker, choice, progress
        self.started_at, self.start = timestamp(), time.monotonic()
        self.seen: dict[str, Observation] = {}
        self.starting: dict[str, list[str]] = {}
        """By lab, the checks that were waited for when the waiting was cut off."""

    def reports(self) -> list[Report]:
        """Carry the run through."""
        passive = self.choice.passive
        everything = [check.observe for part in self.parts for check in part.attempted(passive=passive)]
        self.look(everything)
        while self.wait() and not self.starting and self.left_s() > LAST_LOOK_S:
            # A container may have died meanwhile: all that is judged must have been seen at one time. And one
            # that was restarted just then is waited for again.
            self.look(everything)
        self.look_further()
        lang, trainee = self.choice.lang, self.choice.trainee
        return [judged(part.loaded, self.recording(part), lang, trainee) for part in self.parts]

    def wait(self) -> bool:
        """Look again for as long as that can help; say whether there was anything to wait for."""
        waited = False
        while waiting := self.waiting():
            if self.choice.at_once or self.left_s() <= POLL_S:
                for part, check, _ in waiting:
                    self.starting.setdefault(part.lab.id, []).append(check.id)
                break
            titles = [check.title.into(self.choice.lang) for _, check, _ in waiting]
            self.progress(titles, max(left for _, _, left in waiting))
            time.sleep(POLL_S)
            self.look(check.observe for check in self.held_up(waiting))
            waited = True
        return waited

    def look(self, probes: Iterable[Probe]) -> None:
        """Make one round of observations."""
        choice = self.choice
        snapshot = self.looker.take_snapshot(
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
        self.seen |= observe_probes(probes, snapshot, self.left_s())

    def look_further(self) -> None:
        """Make the observations that only the naming of a mistake needs."""
        while probes := [
            probe for part in self.parts for probe in wanted_further(part.lab, self.recording(part))
        ]:
            self.look(probes)

    def left_s(self) -> float:
        """Tell how many seconds the run has left."""
        return max(0.0, self.choice.timeout_s - (time.monotonic() - self.start))

    def waiting(self) -> list[Waiting]:
        """List the unsettled checks whose subject lives and is inside its budget."""
        hopeful = [(part, unsettled(part.lab, self.recording(part))) for part in self.parts]
        checks = [(part, check) for part, ids in hopeful for check in part.lab.checks if check.id in ids]
        return [(part, check, left) for part, check in checks if (left := self.budget_s(check)) > 0]

    def budget_s(self, check: Check) -> float:
        """Count from the container's own start: an old one gets no second childhood, a dead one no wait."""
        seen = self.seen.get(observation_key(check.observe))
        return check.within_s - seen.age_s if isinstance(seen, Seen) and seen.age_s is not None else 0.0

    def held_up(self, waiting: Sequence[Waiting]) -> list[Check]:
        """List the checks to look at again: those waited for, and those that they block."""
        again: list[Check] = []
        for part in self.parts:
            waited_for = {check.id for other, check, _ in waiting if other is part}
            lines = judge(part.lab, self.recording(part), self.choice.lang) if waited_for else []
            blocked = {line.id for line in lines if set(line.blocked_by) & waited_for}
            again += [check for check in part.lab.checks if check.id in waited_for | blocked]
        return again

    def recording(self, part: LabSelection) -> Recording:
        """Write down what has been seen so far of one lab."""
        seen = {name: one for name, one in self.seen.items() if name in part.keys}
        starting = self.starting.get(part.lab.id, [])
        return Recording(
            engine=self.looker.engine,
            started_at=self.started_at,
            duration_ms=round((time.monotonic() - self.start) * 1000),
            complete=not starting and not late(seen),
            passive=self.choice.passive,
            only=part.only,
            starting=starting,
            observations=seen,
        )


def late(seen: Mapping[str, Observation]) -> bool:
    """Say whether a deadline cut something off."""
    return any(isinstance(one, Unobservable) and one.why is Why.DEADLINE for one in seen.values())


def timestamp() -> str:
    """Tell the time as RFC 3339, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
