"""Machines and labs → their reports, many machines at a time; a slow or dead one never delays the rest."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec.structs import replace

from dckgrade.classroom.class_file import Machine
from dckgrade.engine.connection import connect, patience_s
from dckgrade.engine.endpoint import EngineTrouble
from dckgrade.grading import run as grading
from dckgrade.grading.options import Choice
from dckgrade.i18n import N_, get_translator
from dckgrade.lab.load import LoadedLab
from dckgrade.report.observation import EngineInfo
from dckgrade.report.report import Report

MACHINE_S = 120.0
"""All labs of one machine end by then: it may not keep its place for ever."""
LEAST_S, GRACE_S = 1.0, 2.0
"""With less time left nothing is begun; and what was begun may take so much longer to tell how it ended."""
TOO_LATE = N_("The time for the class was up before this could be graded.")


@dataclass(frozen=True)
class Event:
    """What happens to a machine: it is reached for, a lab of it begins, a report is there, it is done."""

    machine: Machine
    what: Literal["begun", "lab", "report", "done"]
    lab: str = ""
    report: Report | None = None


def run(
    machines: Sequence[Machine],
    labs: Mapping[str, LoadedLab],
    choice: Choice,
    told: Callable[[Event], None],
    *,
    jobs: int,
) -> None:
    """
    Grade all within `choice.timeout_s`, *jobs* machines at a time, and tell what happens as it does.

    Each machine has one report for each of its labs, whatever happens, and then one `done`.
    """
    until = time.monotonic() + choice.timeout_s
    events = begun(machines, labs, choice, until, jobs)
    open_labs = {machine: list(machine.labs) for machine in machines}
    for event in until_done(events, len(machines), until + GRACE_S):
        if event.what == "report":
            open_labs[event.machine].remove(event.lab)
        elif event.what == "done":
            del open_labs[event.machine]
        told(event)
    for machine, names in open_labs.items():
        for report in unseen(machine, names, labs, late(choice), choice):
            told(Event(machine, "report", report.lab.id, report))
        told(Event(machine, "done"))


def begun(
    machines: Sequence[Machine], labs: Mapping[str, LoadedLab], choice: Choice, until: float, jobs: int
) -> "queue.SimpleQueue[Event]":
    """Share the machines out among *jobs* threads; each takes the next machine as soon as it is free."""
    waiting = deque(machines)
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def work() -> None:
        while True:
            try:
                machine = waiting.popleft()
            except IndexError:
                return
            for report in graded(machine, labs, choice, until, events.put):
                events.put(Event(machine, "report", report.lab.id, report))
            events.put(Event(machine, "done"))

    for _ in range(min(jobs, len(machines))):
        # Daemons: one that is stuck may not keep the program from ending.
        threading.Thread(target=work, daemon=True).start()
    return events


def until_done(events: "queue.SimpleQueue[Event]", machines: int, until: float) -> Iterator[Event]:
    """Give events until every machine is done, or the time is up."""
    while machines:
        try:
            event = events.get(timeout=left_s(until))
        except queue.Empty:
            return
        machines -= event.what == "done"
        yield event


def graded(
    machine: Machine,
    labs: Mapping[str, LoadedLab],
    choice: Choice,
    until: float,
    told: Callable[[Event], None],
) -> Iterator[Report]:
    """Grade the labs of one machine, one after the other; whatever happens, there is a report for each."""
    told(Event(machine, "begun"))
    until = min(until, time.monotonic() + MACHINE_S)
    own = replace(choice, trainee=machine.trainee, container=machine.container)
    rest = list(machine.labs)
    try:
        if left_s(until) < LEAST_S:
            yield from unseen(machine, rest, labs, late(choice), own)
            return
        with connect(machine.endpoint, min(patience_s(machine.endpoint), left_s(until))) as daemon:
            while rest:
                told(Event(machine, "lab", rest[0]))
                report = grading.grade(labs[rest[0]], daemon, replace(own, timeout_s=left_s(until)))
                del rest[0]
                yield report
    except EngineTrouble as trouble:
        yield from unseen(machine, rest, labs, " ".join(trouble.sentences(choice.lang)), own)
    except Exception as bug:  # noqa: BLE001 - of one machine, however odd; the others are graded
        yield from unseen(machine, rest, labs, repr(bug)[:200], own)


def unseen(
    machine: Machine, names: Sequence[str], labs: Mapping[str, LoadedLab], why: str, choice: Choice
) -> Iterator[Report]:
    """Report that nothing of these labs could be seen, and why: nobody is to blame."""
    own = replace(choice, trainee=machine.trainee)
    for name in names:
        yield grading.unreachable(labs[name], EngineInfo(endpoint=machine.endpoint.url), why, own)


def late(choice: Choice) -> str:
    """Say that the time was up."""
    return get_translator(choice.lang)(TOO_LATE)


def left_s(until: float) -> float:
    """Tell how many seconds are left."""
    return max(0.0, until - time.monotonic())
