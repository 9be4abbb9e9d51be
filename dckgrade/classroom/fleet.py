"""Grade many machines at a time; a slow, dead or deadly one never takes the others' results."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from msgspec.structs import replace

from dckgrade.classroom import machine_process
from dckgrade.classroom.class_file import TraineeMachine
from dckgrade.classroom.machine_process import MachineProcess
from dckgrade.engine.connection import connect_engine
from dckgrade.engine.endpoint import EngineError
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading import run as grading
from dckgrade.i18n import N_, get_translator
from dckgrade.lab.model import LoadedLab
from dckgrade.report.observation import EngineInfo
from dckgrade.report.report import Report

MAX_MACHINE_S = 120.0
"""All labs of one machine end by then, so that another machine takes its place."""
CONNECT_TIMEOUT_S = 15.0
"""For the first answer: a machine that grades thirty at once is slow to take it, whoever gave it."""
MIN_TIME_LEFT_S, GRACE_S = 1.0, 2.0
"""With less time left nothing is begun; what was begun may report so much after the end."""
TIME_UP_MESSAGE = N_("The time for the class was up before this could be graded.")
STUCK_MESSAGE = N_("Grading this machine did not end within {seconds:.0f} s, and was stopped.")
CRASHED_MESSAGE = N_(
    "dckgrade itself ended while it graded this machine ({how}); that is a bug in dckgrade, "
    "not in the trainee's work."
)
NOT_STARTED_MESSAGE = N_("No process could be started to grade this machine: {why}.")


@dataclass(frozen=True)
class MachineEvent:
    """What happens to a machine: it is begun, a lab of it begins, a report is made, it is done."""

    machine: TraineeMachine
    kind: Literal["begun", "lab", "report", "done"]
    lab: str = ""
    report: Report | None = None


NotifyEvent = Callable[[MachineEvent], None]


def grade_fleet(
    machines: Sequence[TraineeMachine],
    labs: Mapping[str, LoadedLab],
    options: RunOptions,
    notify: NotifyEvent,
    *,
    jobs: int,
) -> None:
    """
    Grade all within `options.timeout_s` (seconds), *jobs* machines at a time; *notify* is given each event.

    Each machine has one report for each of its labs, whatever happens, and then one `done`.
    """
    Fleet(labs, options, notify, time.monotonic() + options.timeout_s).grade(machines, jobs)


class RunningMachine:
    """A machine that is being graded in a process of its own, and the labs that have no report yet."""

    def __init__(
        self, machine: TraineeMachine, labs: Mapping[str, LoadedLab], options: RunOptions, until: float
    ) -> None:
        self.machine, self.open_labs, self.is_done = machine, list(machine.labs), False
        self.until = min(until, time.monotonic() + MAX_MACHINE_S)
        own = {name: labs[name] for name in machine.labs}
        self.process = MachineProcess(partial(send_events, machine, own, options, self.until))

    def take_note(self, event: MachineEvent) -> None:
        """Take note of what has come."""
        if event.kind == "report":
            self.open_labs.remove(event.lab)
        self.is_done |= event.kind == "done"


class Fleet:
    """The machines of one class as they are graded."""

    def __init__(
        self, labs: Mapping[str, LoadedLab], options: RunOptions, notify: NotifyEvent, until: float
    ) -> None:
        self.labs, self.options, self.notify, self.until = labs, options, notify, until
        self.running: list[RunningMachine] = []
        self.started: list[MachineProcess] = []

    def grade(self, machines: Sequence[TraineeMachine], jobs: int) -> None:
        """Grade all *machines*, *jobs* at a time; leave no process behind."""
        waiting = deque(machines)
        probes = [probe for loaded in self.labs.values() for probe in loaded.lab.list_probes()]
        machine_process.start_fork_server({__name__, *(type(probe).__module__ for probe in probes)})
        try:
            while waiting or self.running:
                while waiting and len(self.running) < jobs:
                    self.start(waiting.popleft())
                self.receive_events()
                self.stop_late_machines()
        finally:
            machine_process.stop_processes(self.started, GRACE_S)

    def start(self, machine: TraineeMachine) -> None:
        """Start to grade *machine*, if there is a way to it and time."""
        if machine.trouble:
            why = " ".join(machine.trouble.translate_sentences(self.options.lang))
            self.give_up(machine, machine.labs, why)
            return
        if compute_time_left_s(self.until) < MIN_TIME_LEFT_S:
            self.give_up(machine, machine.labs, self.translate(TIME_UP_MESSAGE))
            return
        try:
            running = RunningMachine(machine, self.labs, self.options, self.until)
        except (OSError, EOFError) as error:
            self.give_up(machine, machine.labs, self.translate(NOT_STARTED_MESSAGE).format(why=error))
            return
        self.running.append(running)
        self.started.append(running.process)

    def receive_events(self) -> None:
        """Wait until there is something new of a machine, or one is late; pass it on."""
        if not self.running:
            return
        late = min(running.until for running in self.running) + GRACE_S
        ready = machine_process.wait_for_events(
            [running.process for running in self.running], compute_time_left_s(late)
        )
        for running in [running for running in self.running if running.process in ready]:
            event = running.process.receive()
            if isinstance(event, MachineEvent):
                running.take_note(event)
                self.notify(event)
            else:
                how = running.process.describe_end(GRACE_S)
                self.give_up_running(running, self.translate(CRASHED_MESSAGE).format(how=how))
            if running.is_done:
                self.running.remove(running)
                running.process.events.close()

    def stop_late_machines(self) -> None:
        """Stop what has not ended in time, which leaves its place to the next machine."""
        now = time.monotonic()
        late = [running for running in self.running if running.until + GRACE_S <= now]
        if not late:
            return
        machine_process.stop_processes([running.process for running in late], GRACE_S)
        for running in late:
            stuck = self.translate(STUCK_MESSAGE).format(seconds=MAX_MACHINE_S)
            why = self.translate(TIME_UP_MESSAGE) if running.until >= self.until else stuck
            self.give_up_running(running, why)
            self.running.remove(running)

    def give_up_running(self, running: RunningMachine, why: str) -> None:
        """Report the labs that are still open as unseen, because of *why*."""
        self.give_up(running.machine, running.open_labs, why)
        running.is_done = True

    def give_up(self, machine: TraineeMachine, names: Sequence[str], why: str) -> None:
        """Report the labs *names* of *machine* as unseen, because of *why*; it is done with."""
        for report in make_unreachable_reports(machine, names, self.labs, why, self.options):
            self.notify(MachineEvent(machine, "report", report.lab.id, report))
        self.notify(MachineEvent(machine, "done"))

    def translate(self, message: str) -> str:
        """Return *message* in the language of the run."""
        return get_translator(self.options.lang)(message)


def send_events(
    machine: TraineeMachine,
    labs: Mapping[str, LoadedLab],
    options: RunOptions,
    until: float,
    notify: NotifyEvent,
) -> None:
    """Grade one machine, in a process of its own, until *until* (monotonic, the same in every process)."""
    for report in grade_machine(machine, labs, options, until, notify):
        notify(MachineEvent(machine, "report", report.lab.id, report))
    notify(MachineEvent(machine, "done"))


def grade_machine(
    machine: TraineeMachine,
    labs: Mapping[str, LoadedLab],
    options: RunOptions,
    until: float,
    notify: NotifyEvent,
) -> Iterator[Report]:
    """Grade the labs of one machine in turn; whatever happens, yield a report for each."""
    notify(MachineEvent(machine, "begun"))
    own = replace(options, trainee=machine.trainee, inputs={**options.inputs, **machine.inputs})
    rest = list(machine.labs)
    try:
        if compute_time_left_s(until) < MIN_TIME_LEFT_S:
            yield from make_unreachable_reports(machine, rest, labs, describe_time_up(options), own)
            return
        with connect_engine(machine.endpoint, min(CONNECT_TIMEOUT_S, compute_time_left_s(until))) as daemon:
            while rest:
                notify(MachineEvent(machine, "lab", rest[0]))
                report = grading.grade_lab(
                    labs[rest[0]], daemon, replace(own, timeout_s=compute_time_left_s(until))
                )
                del rest[0]
                yield report
    except EngineError as trouble:
        yield from make_unreachable_reports(
            machine, rest, labs, " ".join(trouble.translate_sentences(options.lang)), own
        )
    except Exception as bug:  # noqa: BLE001 - of one machine; the others are graded
        yield from make_unreachable_reports(machine, rest, labs, repr(bug)[:200], own)


def make_unreachable_reports(
    machine: TraineeMachine,
    names: Sequence[str],
    labs: Mapping[str, LoadedLab],
    why: str,
    options: RunOptions,
) -> Iterator[Report]:
    """Yield a report for each of the labs *names*: nothing could be observed, because of *why*."""
    own = replace(options, trainee=machine.trainee)
    for name in names:
        yield grading.report_unreachable(labs[name], EngineInfo(endpoint=machine.endpoint.url), why, own)


def describe_time_up(options: RunOptions) -> str:
    """Return the sentence that the time was up."""
    return get_translator(options.lang)(TIME_UP_MESSAGE)


def compute_time_left_s(until: float) -> float:
    """Return the seconds left until *until* (monotonic clock)."""
    return max(0.0, until - time.monotonic())
