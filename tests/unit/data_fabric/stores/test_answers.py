import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.data_fabric.stores.answers import Answers, size_of


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


def test_answers_hold_only_so_much_together() -> None:
    answers = Answers(max_bytes=2_500)
    for key in ("a", "b", "a", "c"):
        answers.remember(key, lambda: b"x" * 1_000)
    assert list(answers._kept) == ["a", "c"]
    assert answers.remember("large", lambda: b"x" * 3_000) == b"x" * 3_000
    assert list(answers._kept) == ["a", "c"]


def test_nothing_is_kept_where_nothing_may_be() -> None:
    answers, given = Answers(max_bytes=0), iter(range(2))
    assert [answers.remember("key", lambda: next(given)) for _ in range(2)] == [0, 1]


def test_an_answer_is_as_large_as_its_frames_and_arrays() -> None:
    numbers = np.zeros(100_000)
    assert size_of({"values": numbers, "again": numbers}) == pytest.approx(numbers.nbytes, rel=0.01)
    frame = pd.DataFrame({"value": numbers, "name": ["customer"] * 100_000})
    assert size_of(frame) > numbers.nbytes + 100_000
    assert size_of(lambda: None) is None


def test_what_cannot_be_measured_counts_as_its_share() -> None:
    answers = Answers(size=4, max_bytes=1_000)
    for key in range(6):
        answers.remember(key, threading.Lock)
    assert list(answers._kept) == [2, 3, 4, 5]
