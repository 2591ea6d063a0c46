"""Silence holds in the thread that asked for it, whatever the others do meanwhile."""

from __future__ import annotations

import threading
import warnings
from contextlib import contextmanager

import numpy as np
import pytest

from cyberpunk_ai.forecasting.quiet import quiet
from tests.waiting import PATIENCE_S


@contextmanager
def another_thread_at_work():
    inside, leave = threading.Event(), threading.Event()

    def other():
        with quiet():
            inside.set()
            leave.wait(PATIENCE_S)

    thread = threading.Thread(target=other)
    thread.start()
    try:
        assert inside.wait(PATIENCE_S)
        yield leave
    finally:
        leave.set()
        thread.join(PATIENCE_S)


def test_one_thread_that_ends_does_not_wake_the_others_warnings():
    with another_thread_at_work() as leave, quiet():
        leave.set()
        warnings.warn("a search did not converge", stacklevel=1)
    with pytest.raises(UserWarning, match="afterwards"):
        warnings.warn("afterwards", stacklevel=1)


def test_a_thread_at_work_does_not_hush_the_others():
    with another_thread_at_work(), pytest.raises(UserWarning, match="heard"):
        warnings.warn("heard", stacklevel=1)


def test_filters_renewed_while_another_thread_works_do_not_end_the_silence():
    with another_thread_at_work(), warnings.catch_warnings():
        warnings.simplefilter("error")
        with quiet():
            warnings.warn("a search did not converge", stacklevel=1)
            with quiet():
                assert np.isinf(np.float64(1) / np.float64(0))
            warnings.warn("nor did this one", RuntimeWarning, stacklevel=1)
        with pytest.raises(UserWarning, match="afterwards"):
            warnings.warn("afterwards", stacklevel=1)
