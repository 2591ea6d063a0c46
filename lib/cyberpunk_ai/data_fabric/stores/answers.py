"""A bounded memory of finished answers within one process. It never decides what is true: keys carry the data's versions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")


class Answers:
    """Least-recently-used memory. Two callers that ask the same at once wait for one computation.

    Args:
        size: How many answers are kept.
    """

    def __init__(self, size: int = 128) -> None:
        self.size = size
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def remember(self, key: Hashable, compute: Callable[[], T], keeps: Callable[[T], bool] | None = None) -> T:
        """Return the answer kept under `key`, or compute and keep it. An error is not kept.

        Args:
            key: Of the question.
            compute: Finds the answer.
            keeps: Whether an answer is worth keeping; every one when None.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                answer: T = self._kept[key]
                return answer
            own = self._locks.setdefault(key, threading.Lock())
        with own:
            with self._lock:
                if key in self._kept:
                    return self._kept[key]  # type: ignore[no-any-return]  # filled by the one we waited for
            try:
                answer = compute()
                if keeps is None or keeps(answer):
                    with self._lock:
                        self._kept[key] = answer
                        while len(self._kept) > self.size:
                            self._kept.popitem(last=False)
            finally:
                # Not before it is kept: whoever came between would find neither answer nor lock, and compute again.
                with self._lock:
                    self._locks.pop(key, None)
            return answer

    def forget(self) -> None:
        """Drop everything."""
        with self._lock:
            self._kept.clear()
