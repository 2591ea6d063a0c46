import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cyberpunk_ai.data_fabric.stores.answers import Answers


def test_an_answer_is_computed_once() -> None:
    answers, calls = Answers(), []
    assert [answers.remember("k", lambda: calls.append(1) or 7) for _ in range(3)] == [7, 7, 7]
    assert len(calls) == 1


def test_two_who_ask_at_once_wait_for_one_computation() -> None:
    answers, calls, gate = Answers(), [], threading.Event()

    def slow() -> int:
        calls.append(1)
        gate.wait()
        return 1

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(answers.remember, "k", slow) for _ in range(4)]
        gate.set()
        assert [one.result() for one in asked] == [1] * 4
    assert len(calls) == 1


def test_an_error_is_not_kept() -> None:
    answers = Answers()
    with pytest.raises(ZeroDivisionError):
        answers.remember("k", lambda: 1 / 0)
    assert answers.remember("k", lambda: 5) == 5


def test_the_least_recently_used_answer_goes_first() -> None:
    answers = Answers(size=2)
    for key in ("a", "b", "a", "c"):
        answers.remember(key, lambda key=key: key)
    assert answers.remember("a", lambda: "again") == "a"
    assert answers.remember("b", lambda: "again") == "again"


def test_an_answer_that_is_not_worth_keeping_is_computed_again() -> None:
    answers, given = Answers(), iter(range(4))
    assert [answers.remember("key", lambda: next(given), keeps=lambda answer: answer == 2) for _ in range(4)] == [0, 1, 2, 2]


def test_whoever_comes_while_an_answer_is_kept_does_not_compute_it_again() -> None:
    answers, computed = Answers(), []

    def keeps(_answer: int) -> bool:
        # Between computing and keeping, somebody else asks; there is a lock to wait at.
        assert "key" in answers._locks
        return True

    assert answers.remember("key", lambda: computed.append(1) or 7, keeps=keeps) == 7
    assert answers.remember("key", lambda: computed.append(1) or 8) == 7
    assert answers._locks == {}
