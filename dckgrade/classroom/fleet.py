"""Grade many machines at a time; a slow or dead one never delays the rest."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec.structs import replace

from dckgrade.classroom.class_file import TraineeMachine
from dckgrade.engine.connection import connect_engine, get_connect_timeout_s
from dckgrade.engine.endpoint import EngineError
from dckgrade.engine.run_options import RunOptions
from dckgrade.grading import run as grading
from dckgrade.i18n import N_, get_translator
from dckgrade.lab.model import LoadedLab
from dckgrade.report.observation import EngineInfo
from dckgrade.report.report import Report

MAX_MACHINE_S = 120.0
"""All labs of one machine end by then, so that another machine takes its place."""
MIN_TIME_LEFT_S, GRACE_S = 1.0, 2.0
"""With less time left nothing is begun; what was begun may report so much after the end."""
TIME_UP_MESSAGE = N_("The time for the class was up before this could be graded.")


@dataclass(frozen=True)
class MachineEvent:
    """What happens to a machine: it is begun, a lab of it begins, a report is made, it is done."""

    machine: TraineeMachine
    kind: Literal["begun", "lab", "report", "done"]
    lab: str = ""
    report: Report | None = None


def grade_fleet(
    machines: Sequence[TraineeMachine],
    labs: Mapping[str, LoadedLab],
    options: RunOptions,
    notify: Callable[[MachineEvent], None],
    *,
    jobs: int,
) -> None:
    """
    Grade all within `options.timeout_s` (seconds), *jobs* machines at a time; *notify* is given each event.

    Each machine has one report for each of its labs, whatever happens, and then one `done`.
    """
    until = time.monotonic() + options.timeout_s
    events = start_workers(machines, labs, options, until, jobs)
    open_labs = {machine: list(machine.labs) for machine in machines}
    for event in iter_events_until_done(events, len(machines), until + GRACE_S):
        if event.kind == "report":
            open_labs[event.machine].remove(event.lab)
        elif event.kind == "done":
            del open_labs[event.machine]
        notify(event)
    for machine, names in open_labs.items():
        for report in make_unreachable_reports(machine, names, labs, describe_time_up(options), options):
            notify(MachineEvent(machine, "report", report.lab.id, report))
        notify(MachineEvent(machine, "done"))


def start_workers(
    machines: Sequence[TraineeMachine],
    labs: Mapping[str, LoadedLab],
    options: RunOptions,
    until: float,
    jobs: int,
) -> "queue.SimpleQueue[MachineEvent]":
    """Start *jobs* threads; each takes the next machine as soon as it is free. Return the queue of events."""
    waiting = deque(machines)
    events: queue.SimpleQueue[MachineEvent] = queue.SimpleQueue()

    def work() -> None:
        while True:
            try:
                machine = waiting.popleft()
            except IndexError:
                return
            for report in grade_machine(machine, labs, options, until, events.put):
                events.put(MachineEvent(machine, "report", report.lab.id, report))
            events.put(MachineEvent(machine, "done"))

    for _ in range(min(jobs, len(machines))):
        # Daemon threads: one that is stuck must not keep the program from ending.
        threading.Thread(target=work, daemon=True).start()
    return events


def iter_events_until_done(
    events: "queue.SimpleQueue[MachineEvent]", machines: int, until: float
) -> Iterator[MachineEvent]:
    """Yield events until every machine is done or the time is up."""
    while machines:
        try:
            event = events.get(timeout=compute_time_left_s(until))
        except queue.Empty:
            return
        machines -= event.kind == "done"
        yield event


def grade_machine(
    machine: TraineeMachine,
    labs: Mapping[str, LoadedLab],
    options: RunOptions,
    until: float,
    notify: Callable[[MachineEvent], None],
) -> Iterator[Report]:
    """Grade the labs of one machine in turn; whatever happens, yield a report for each."""
    notify(MachineEvent(machine, "begun"))
    until = min(until, time.monotonic() + MAX_MACHINE_S)
    own = replace(options, trainee=machine.trainee, inputs={**options.inputs, **machine.inputs})
    rest = list(machine.labs)
    try:
        if compute_time_left_s(until) < MIN_TIME_LEFT_S:
            yield from make_unreachable_reports(machine, rest, labs, describe_time_up(options), own)
            return
        with connect_engine(
            machine.endpoint, min(get_connect_timeout_s(machine.endpoint), compute_time_left_s(until))
        ) as daemon:
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
