"""Many askers in, one call out."""

import threading
import time

import pytest

from dckgrade.engine.deadline import outcomes
from dckgrade.engine.memo import Memo


def test_a_question_is_asked_once_and_its_answer_kept() -> None:
    once, answers = Memo(), iter(range(9))
    assert [once.ask("a", lambda: next(answers)) for _ in range(3)] == [0, 0, 0]


def test_distinct_questions_are_asked_apart() -> None:
    once = Memo()
    assert [once.ask(("log", "web", tty), lambda tty=tty: tty) for tty in (True, False)] == [True, False]  # type: ignore[misc]


def test_a_failure_is_an_answer_and_is_not_tried_again() -> None:
    once, calls = Memo(), list[int]()

    def fail() -> None:
        calls.append(1)
        raise ValueError("wrong")

    for _ in range(3):
        with pytest.raises(ValueError, match="wrong"):
            once.ask("a", fail)
    assert len(calls) == 1


def test_those_who_ask_meanwhile_wait_for_the_first_ones_answer() -> None:
    once, calls = Memo(), list[int]()

    def slow() -> int:
        calls.append(threading.get_ident())
        time.sleep(0.2)
        return 42

    ended = outcomes({number: lambda: once.ask("a", slow) for number in range(20)}, 5)
    assert set(ended.values()) == {42}
    assert len(calls) == 1


def test_a_slow_question_does_not_hold_up_another() -> None:
    once, release = Memo(), threading.Event()
    waiting = threading.Thread(target=lambda: once.ask("slow", lambda: release.wait(30)), daemon=True)
    waiting.start()
    assert once.ask("quick", lambda: True)
    release.set()
    waiting.join(5)
