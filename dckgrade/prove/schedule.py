"""All cases of all labs in one queue, and the engines that take them from it."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec import Struct, field

from dckgrade.lab.model import LoadedLab
from dckgrade.prove import live, process_group
from dckgrade.prove.case import Case
from dckgrade.prove.engines.settings import EngineSetting
from dckgrade.prove.images import LabImages
from dckgrade.prove.proof import CaseOutcome
from dckgrade.report.decode import parse_json

APPLY_S = 10.0
"""What a case takes beside its grading: emptying the engine, and the trainee's own commands."""

CaseProgress = Callable[[str, str, int, int], None]
"""Told the lab, the case just done, how many of the lab's cases are done, and of how many."""
LabKey = tuple[str, str]
"""A lab and the release of the engine that it is planned on: one proof may have a lab on several."""
CaseOutcomes = Mapping[tuple[LabKey, str], CaseOutcome]
"""Planned lab and case → what the case came to."""
EngineFactory = Callable[[EngineSetting], live.PreparedEngine]
"""Creates an engine, which is not started yet."""


class PlannedLab(Struct, frozen=True):
    """A lab, the cases of it that are to be applied, and what they need."""

    loaded: LoadedLab
    cases: Sequence[Case]
    setting: EngineSetting
    images: LabImages
    excepted: Mapping[str, str] = field(default_factory=dict)
    """Cases that this engine cannot be put into, each with the reason."""

    @property
    def id(self) -> str:
        """The lab's name."""
        return self.loaded.lab.id

    @property
    def key(self) -> LabKey:
        """What tells it from the other labs of a proof."""
        return self.id, self.setting.release.name


class PlannedCase(Struct, frozen=True):
    """One case that an engine has taken."""

    lab: PlannedLab
    case: Case

    @property
    def uses_engine_up(self) -> bool:
        """
        Return whether the next case needs another engine.

        Docker 26 with containerd's store loses snapshots of an image that is removed and soon loaded again.
        """
        loads_images = bool(self.lab.images.archive_paths)
        is_forgetful = self.lab.setting.release.containerd_store and not self.lab.setting.guest
        return self.case.expectation.needs_fresh_engine or (loads_images and is_forgetful)


class RecordedDuration(Struct):
    """The one field of a recording that says how long grading took."""

    duration_ms: int = 0


def estimate_duration_s(case: Case) -> float:
    """Estimate from its recording how long a case takes; one without a recording takes a usual time."""
    try:
        recorded = parse_json(case.recording_path.read_bytes(), RecordedDuration)
    except (OSError, msgspec.DecodeError):
        return APPLY_S
    return APPLY_S + recorded.duration_ms / 1000


class Interrupted(Exception):
    """The proof has ended before the engine was there."""


class CaseQueue:
    """Hands out the longest cases first: of the lab that an engine is at, else of the one most behind."""

    def __init__(self, labs: Sequence[PlannedLab]) -> None:
        self.labs = {lab.key: lab for lab in labs}
        self.durations = {
            (lab.id, case.name): estimate_duration_s(case) for lab in labs for case in lab.cases
        }
        self.waiting = {lab.key: sorted(lab.cases, key=self.rank) for lab in labs}
        self.engines_at: Counter[LabKey] = Counter()
        self.lock = threading.Lock()

    def rank(self, case: Case) -> tuple[bool, float]:
        """Rank the longest first, but last those that use an engine up: the fewer have to be started anew."""
        return case.expectation.needs_fresh_engine, -self.durations[case.lab, case.name]

    def take(self, previous: PlannedLab | None) -> PlannedCase | None:
        """Take the next case for an engine whose last one was of *previous*; None: there is no more."""
        with self.lock:
            if previous is None or not self.waiting[previous.key]:
                if previous:
                    self.engines_at[previous.key] -= 1
                if not (chosen := self.choose_lab(previous)):
                    return None
                self.engines_at[chosen.key] += 1
                previous = chosen
            return PlannedCase(previous, self.waiting[previous.key].pop(0))

    def choose_lab(self, previous: PlannedLab | None) -> PlannedLab | None:
        """Choose the lab that an engine turns to: one that it need not be replaced for, if there is one."""
        waiting = [self.labs[key] for key, cases in self.waiting.items() if cases]
        if previous and (fitting := [lab for lab in waiting if lab.setting == previous.setting]):
            return max(fitting, key=self.share_s)
        if unattended := [lab for lab in waiting if not self.count_engines(lab.setting)]:
            return max(unattended, key=self.share_s)
        worthwhile = [lab for lab in waiting if self.share_s(lab) > lab.setting.start_s]
        return max(worthwhile, key=self.share_s, default=None)

    def count_engines(self, setting: EngineSetting) -> int:
        """Count the engines that have this setting now."""
        return sum(self.engines_at[lab.key] for lab in self.labs.values() if lab.setting == setting)

    def share_s(self, lab: PlannedLab) -> float:
        """Return how many seconds of *lab* would be left to one more engine."""
        left = sum(self.durations[lab.id, case.name] for case in self.waiting[lab.key])
        return left / (1 + self.engines_at[lab.key])


class Lane:
    """One engine at a time, started as the next case needs it."""

    def __init__(self, create: EngineFactory, start_lock: threading.Lock) -> None:
        self.create, self.start_lock = create, start_lock
        self.engine: live.PreparedEngine | None = None
        self.lab: PlannedLab | None = None
        self.is_closed_for_good = False
        self.lock = threading.Lock()

    def prepare(self, lab: PlannedLab) -> live.PreparedEngine:
        """Return an engine of the setting that *lab* needs, with its images."""
        engine = self.engine
        if engine is None or self.lab is None or self.lab.setting != lab.setting:
            engine = self.replace(lab.setting)
        if self.lab is not lab:
            engine.change_images(lab.images)
            self.lab = lab
        return engine

    def replace(self, setting: EngineSetting) -> live.PreparedEngine:
        """Start another engine in the place of the one that was there; raises `Interrupted`."""
        self.close()
        # Engines are heavy while they start: one after the other, none is late.
        with self.start_lock:
            with self.lock:
                if self.is_closed_for_good:
                    raise Interrupted
                engine = self.engine = self.create(setting)
            engine.start()
        if self.is_closed_for_good:
            engine.stop()
            raise Interrupted
        return engine

    def close(self, *, for_good: bool = False) -> None:
        """Stop the engine, if it is one of our own; whoever comes second does nothing."""
        with self.lock:
            self.is_closed_for_good |= for_good
            engine, self.engine, self.lab = self.engine, None, None
        if engine:
            engine.stop()


def close_all(lanes: Sequence[Lane]) -> None:
    """Stop all engines at the same time: each takes a moment to die."""
    closing = [threading.Thread(target=lane.close, kwargs={"for_good": True}) for lane in lanes]
    for thread in closing:
        thread.start()
    for thread in closing:
        thread.join()


class Schedule:
    """A proof of all planned labs that is going on."""

    def __init__(self, labs: Sequence[PlannedLab], progress: CaseProgress) -> None:
        self.queue, self.progress = CaseQueue(labs), progress
        self.totals = {lab.key: len(lab.cases) for lab in labs}
        self.done: dict[tuple[LabKey, str], CaseOutcome] = {}
        self.errors: list[Exception] = []
        self.stopping = threading.Event()
        self.lock = threading.Lock()

    def run(self, factories: Sequence[EngineFactory]) -> CaseOutcomes:
        """Apply every case, an engine for each of *factories*; return the outcomes."""
        start_lock = threading.Lock()
        lanes = [Lane(create, start_lock) for create in factories]
        threads = [threading.Thread(target=self.work, args=(lane,), daemon=True) for lane in lanes]
        try:
            with process_group.kill_groups_on_interrupt():
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
        finally:
            self.stopping.set()
            close_all(lanes)
        if self.errors:
            raise self.errors[0]
        return self.done

    def work(self, lane: Lane) -> None:
        """Take cases until there is none left; an error that is not a case's own ends the whole proof."""
        previous: PlannedLab | None = None
        try:
            while not self.stopping.is_set() and (planned := self.queue.take(previous)):
                previous = planned.lab
                self.run_case(planned, lane)
            if not self.stopping.is_set():
                lane.close()
        except Exception as error:  # noqa: BLE001 - raised by the thread that waits for this one
            self.errors.append(error)
            self.stopping.set()

    def run_case(self, planned: PlannedCase, lane: Lane) -> None:
        """Apply one case on the engine of *lane*, and tell that it is done."""
        outcome = apply_and_grade(planned, lane.prepare(planned.lab))
        if outcome.failure:
            # What earlier cases have left in an engine may have kept this one from being applied.
            lane.close()
            outcome = apply_and_grade(planned, lane.prepare(planned.lab))
        if planned.uses_engine_up:
            lane.close()
        with self.lock:
            key = planned.lab.key
            self.done[key, planned.case.name] = outcome
            count = sum(other == key for other, _ in self.done)
            self.progress(planned.lab.id, planned.case.name, count, self.totals[key])


def apply_and_grade(planned: PlannedCase, engine: live.DisposableEngine) -> CaseOutcome:
    """Apply one case and grade; an `apply.sh` that fails is its outcome, anything else ends the proof."""
    case = planned.case
    try:
        return CaseOutcome(case=case, report=live.grade_case(planned.lab.loaded, case, engine))
    except process_group.CaseNotApplied as error:
        return CaseOutcome(case=case, failure=str(error))
