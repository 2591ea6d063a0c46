"""Silence while a member works: its searches divide by zero and fail to converge on their way, and what comes out is checked anyway."""

from __future__ import annotations

import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.Lock()
_working: list[warnings.catch_warnings[None]] = []
_depth = 0


@contextmanager
def quiet() -> Iterator[None]:
    """Silence numpy and the warnings of libraries, from several threads at once.

    Python keeps one list of filters for the whole process: a thread that restores it would turn the warnings of the others on again, so the
    first to come sets it and the last to go restores it.
    """
    global _depth  # noqa: PLW0603 - the filters that it counts the users of are global as well
    with _lock:
        if _depth == 0:
            guard = warnings.catch_warnings()
            guard.__enter__()
            warnings.simplefilter("ignore")
            _working.append(guard)
        _depth += 1
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                _working.pop().__exit__(None, None, None)
