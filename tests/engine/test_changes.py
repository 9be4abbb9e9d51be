"""What makes a watched lab be graded again, and what does not: events, files, a stream that is lost."""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dckgrade.engine import changes as module
from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.changes import ChangeWatcher, is_relevant_event
from dckgrade.report.observation import UnobservableReason
from tests.support.fault_engine import (
    CHUNKED_JSON_HEAD,
    connect_fault_engine,
    encode_chunk,
    reply_bytes,
    stall_after,
)


class ScriptedEvents:
    """Events as a test tells them; None loses the stream."""

    def __init__(self) -> None:
        self.waiting: list[Mapping[str, Any] | None] = []
        self.more = threading.Condition()
        self.opened = 0

    def tell(self, *events: Mapping[str, Any] | None) -> None:
        with self.more:
            self.waiting += events
            self.more.notify_all()

    def stream_events(self) -> Iterator[Mapping[str, Any]]:
        self.opened += 1
        yield {}
        while True:
            with self.more:
                self.more.wait_for(lambda: self.waiting)
                event = self.waiting.pop(0)
            if event is None:
                raise OutOfReach(UnobservableReason.ENGINE_OUT_OF_REACH, "lost")
            yield event


START = {"Type": "container", "Action": "start", "Actor": {"Attributes": {"name": "web"}}}


@pytest.fixture(autouse=True)
def shorten_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUIET_PERIOD_S", 0.05)
    monkeypatch.setattr(module, "FILE_POLL_INTERVAL_S", 0.05)
    monkeypatch.setattr(module, "RECONNECT_DELAY_S", 0.1)


def start_listening(events: ScriptedEvents, folder: Path | None = None) -> ChangeWatcher:
    changes = ChangeWatcher(events, folder)
    assert changes.listening.wait(5)
    return changes


@pytest.mark.parametrize(
    ("event", "counts"),
    [
        (START, True),
        ({"Type": "network", "Action": "connect", "Actor": {}}, True),
        ({"Type": "container", "Action": "health_status: healthy"}, True),
        ({"Type": "container", "Action": "exec_start: cat /proc/1/status"}, False),
        ({"Type": "container", "Action": "top"}, False),
        ({**START, "Actor": {"Attributes": {"dckgrade.probe": "1"}}}, False),
        ({}, False),
    ],
)
def test_what_only_looks_and_what_is_ours_is_no_change(event: Mapping[str, Any], counts: bool) -> None:  # noqa: FBT001
    assert is_relevant_event(event) is counts


def test_an_event_ends_the_wait_and_is_told_once() -> None:
    events = ScriptedEvents()
    changes = start_listening(events)
    events.tell(START)
    assert changes.wait_for_change(5)
    assert not changes.wait_for_change(0.2)


def test_twenty_events_in_a_row_are_one_change() -> None:
    events = ScriptedEvents()
    changes = start_listening(events)
    events.tell(*[START] * 20)
    assert changes.wait_for_change(5)
    assert not changes.wait_for_change(0.2)


def test_events_without_end_do_not_put_the_grade_off_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SETTLE_S", 0.3)
    events = ScriptedEvents()
    changes = start_listening(events)
    over = threading.Event()

    def tell() -> None:
        while not over.wait(0.02):
            events.tell(START)

    threading.Thread(target=tell, daemon=True).start()
    begun = time.monotonic()
    assert changes.wait_for_change(5)
    assert time.monotonic() - begun < 2
    over.set()


def test_a_file_that_is_written_ends_the_wait(tmp_path: Path) -> None:
    changes = start_listening(ScriptedEvents(), tmp_path)
    assert not changes.wait_for_change(0.2)
    (tmp_path / "seccomp_profile.json").write_text("{}")
    assert changes.wait_for_change(5)
    os.utime(tmp_path / "seccomp_profile.json", (1, 1))
    assert changes.wait_for_change(5)


def test_a_lost_stream_is_asked_for_again_and_what_it_missed_is_looked_at() -> None:
    events = ScriptedEvents()
    changes = start_listening(events)
    events.tell(None)
    assert changes.wait_for_change(5)
    assert changes.listening.wait(5)
    assert events.opened == 2
    events.tell(START)
    assert changes.wait_for_change(5)


def test_without_a_stream_the_wait_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECONNECT_DELAY_S", 0.1)

    class Silent:
        def stream_events(self) -> Iterator[Mapping[str, Any]]:
            time.sleep(60)
            yield {}

    begun = time.monotonic()
    assert not ChangeWatcher(Silent(), None).wait_for_change(30)
    assert time.monotonic() - begun < 5


def test_the_engine_s_stream_is_read_line_by_line_however_it_is_cut(tmp_path: Path) -> None:
    lines = b'{"Action": "start"}\n{"Action": "die"}\n'
    reply = CHUNKED_JSON_HEAD + encode_chunk(lines[:9]) + encode_chunk(lines[9:25]) + encode_chunk(lines[25:])
    with connect_fault_engine(tmp_path, {"/events": stall_after(reply)}) as (connected, _):
        stream = connected.stream_events()
        assert [next(stream)["Action"] if at else next(stream) for at in range(3)] == [{}, "start", "die"]


NOT_JSON = CHUNKED_JSON_HEAD + encode_chunk(b"not json\n")


@pytest.mark.parametrize("reply", [b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", NOT_JSON, b""])
def test_a_stream_that_is_none_is_out_of_reach(tmp_path: Path, reply: bytes) -> None:
    with (
        connect_fault_engine(tmp_path, {"/events": reply_bytes(reply)}) as (connected, _),
        pytest.raises(OutOfReach),
    ):
        list(connected.stream_events())
