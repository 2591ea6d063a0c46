"""Silence while a member works: its searches divide by zero and fail to converge on their way, and what comes out is checked anyway."""

from __future__ import annotations

import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

_here = threading.local()


class _InThisThread(type):
    """Takes every warning for its subclass, but only in a thread that is at work."""

    def __subclasscheck__(cls, category: type) -> bool:
        return getattr(_here, "depth", 0) > 0 or super().__subclasscheck__(category)


class _WhileAtWork(Warning, metaclass=_InThisThread):
    """Category of the one filter."""


@contextmanager
def quiet() -> Iterator[None]:
    """Silence numpy and the warnings of libraries in this thread alone.

    Python keeps one list of filters for the whole process. Putting an "ignore" in and taking it out again would hush the other threads too,
    and whoever restores the list in between would turn the warnings on again; so the filter stays, and asks where it is.
    """
    if not warnings.filters or warnings.filters[0][2] is not _WhileAtWork:
        warnings.simplefilter("ignore", _WhileAtWork)
    _here.depth = getattr(_here, "depth", 0) + 1
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        _here.depth -= 1
