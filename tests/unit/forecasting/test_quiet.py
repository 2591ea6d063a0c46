"""Silence is per process, counted over threads, and ends with the last who asked for it."""

from __future__ import annotations

import threading
import warnings

import pytest

from cyberpunk_ai.forecasting.quiet import quiet


def test_one_thread_that_ends_does_not_wake_the_others_warnings():
    inside, leave = threading.Event(), threading.Event()

    def other():
        with quiet():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(10)
    with quiet():
        leave.set()
        thread.join(10)
        warnings.warn("a search did not converge", stacklevel=1)
    with pytest.raises(UserWarning, match="afterwards"):
        warnings.warn("afterwards", stacklevel=1)
