"""Calls that are slow, fail or hang: results, errors or `OutOfReach`, always in time."""

import subprocess
import sys
import threading
import time

import pytest

from dckgrade.engine.answers import OutOfReach
from dckgrade.engine.deadline import call_all_within, call_within
from dckgrade.report.observation import UnobservableReason


def test_a_call_in_time_gives_its_result() -> None:
    assert call_within(5, lambda: 42) == 42


def test_a_late_call_is_left_behind_when_the_time_is_up() -> None:
    release = threading.Event()
    begun = time.monotonic()
    with pytest.raises(OutOfReach) as caught:
        call_within(0.2, lambda: release.wait(30))
    assert caught.value.why is UnobservableReason.DEADLINE
    assert time.monotonic() - begun < 1
    release.set()


def test_the_error_of_a_call_comes_out_as_it_was() -> None:
    wrong = KeyError("name")

    def call() -> None:
        raise wrong

    with pytest.raises(KeyError) as caught:
        call_within(5, call)
    assert caught.value is wrong


def test_a_timeout_inside_the_call_is_not_taken_for_being_late() -> None:
    def call() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        call_within(5, call)


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_call_for_which_no_time_is_left_is_not_begun(seconds: float) -> None:
    begun: list[int] = []
    with pytest.raises(OutOfReach):
        call_within(seconds, lambda: begun.append(1))
    assert not begun


def test_a_stuck_call_does_not_keep_the_program_from_ending() -> None:
    program = (
        "import time\nfrom dckgrade.engine.deadline import call_all_within, call_within\n"
        "print(call_all_within({1: lambda: time.sleep(60)}, 0.1))\n"
        "try: call_within(0.1, lambda: time.sleep(60))\n"
        "except Exception as late: print(type(late).__name__)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True
    )
    assert ended.stdout.count("OutOfReach") == 2


def test_calls_are_made_at_the_same_time_and_each_has_its_own_outcome() -> None:
    barrier = threading.Barrier(3)

    def meet() -> str:
        barrier.wait(5)
        return "met"

    def fail() -> str:
        barrier.wait(5)
        raise ValueError("wrong")

    ended = call_all_within({"one": meet, "two": meet, "bad": fail}, 5)
    assert (ended["one"], ended["two"]) == ("met", "met")
    assert isinstance(ended["bad"], ValueError)


def test_calls_that_hang_together_cost_the_deadline_once() -> None:
    release = threading.Event()
    begun = time.monotonic()
    ended = call_all_within(
        {number: lambda: release.wait(30) for number in range(100)} | {100: lambda: True}, 0.3
    )
    assert time.monotonic() - begun < 1.3
    assert all(
        isinstance(outcome, OutOfReach) and outcome.why is UnobservableReason.DEADLINE
        for outcome in list(ended.values())[:100]
    )
    release.set()


def test_calls_begin_in_the_order_given() -> None:
    begun: list[int] = []
    call_all_within({number: lambda number=number: begun.append(number) for number in range(20)}, 5)  # type: ignore[misc]
    assert begun == sorted(begun)


def test_nothing_to_do_takes_no_time() -> None:
    assert call_all_within({}, 5) == {}
