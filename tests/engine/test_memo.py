"""Many threads ask, one call is made."""

import threading
import time
from functools import partial

import pytest

from dckgrade.engine.deadline import call_all_within
from dckgrade.engine.memo import Memo


def test_a_question_is_asked_once_and_its_answer_kept() -> None:
    memo, answers = Memo(), iter(range(9))
    assert [memo.get_or_call("a", lambda: next(answers)) for _ in range(3)] == [0, 0, 0]


def test_distinct_questions_are_asked_apart() -> None:
    memo = Memo()
    answers = [memo.get_or_call(("log", "web", tty), partial(bool, tty)) for tty in (True, False)]
    assert answers == [True, False]


def test_a_failure_is_an_answer_and_is_not_tried_again() -> None:
    memo, calls = Memo(), list[int]()

    def fail() -> None:
        calls.append(1)
        raise ValueError("wrong")

    for _ in range(3):
        with pytest.raises(ValueError, match="wrong"):
            memo.get_or_call("a", fail)
    assert len(calls) == 1


def test_those_who_ask_meanwhile_wait_for_the_first_ones_answer() -> None:
    memo, calls = Memo(), list[int]()

    def slow() -> int:
        calls.append(threading.get_ident())
        time.sleep(0.2)
        return 42

    ended = call_all_within({number: lambda: memo.get_or_call("a", slow) for number in range(20)}, 5)
    assert set(ended.values()) == {42}
    assert len(calls) == 1


def test_a_slow_question_does_not_hold_up_another() -> None:
    memo, release = Memo(), threading.Event()
    waiting = threading.Thread(target=lambda: memo.get_or_call("slow", lambda: release.wait(30)), daemon=True)
    waiting.start()
    assert memo.get_or_call("quick", lambda: True)
    release.set()
    waiting.join(5)
