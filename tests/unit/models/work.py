"""Pieces of work for worker processes, which find them by name."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.forecasting.streaming import iter_forecast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def where() -> int:
    """Return the process that works."""
    return os.getpid()


def count(upto: int, *, on_step: Callable[..., None]) -> int:
    """Tell every number."""
    for number in range(upto):
        on_step(number, upto)
    return upto


def numbers(upto: int) -> Iterator[int]:
    """Give every number."""
    yield from range(upto)


def fail(kind: str) -> None:
    """Raise an error of ours, of others, or one that cannot be carried over."""
    if kind == "ours":
        raise InvalidArgument("there is no such level", hint="levels lie between 1 and 99", level=100)
    if kind == "others":
        raise ZeroDivisionError("by nothing")
    raise type("Local", (Exception,), {})("unknown elsewhere")


def end_without_a_word() -> None:
    """End as a process does that the system takes down."""
    os.kill(os.getpid(), signal.SIGKILL)


def wait_with_a_process_of_its_own(*, on_start: Callable[..., None]) -> None:
    """Start a process, tell both, and never return."""
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    on_start(os.getpid(), child.pid)
    threading.Event().wait()


def wait(*, on_start: Callable[..., None]) -> None:
    """Tell that it has started, and never return."""
    on_start(os.getpid())
    threading.Event().wait()


def steps_that_stop_coming(*asked: Any, after: int, **kwargs: Any) -> Iterator[Any]:
    """Give the first steps of a forecast, and never another one: a member holds the process."""
    for number, step in enumerate(iter_forecast(*asked, **kwargs)):
        if number == after:
            threading.Event().wait()
        yield step
