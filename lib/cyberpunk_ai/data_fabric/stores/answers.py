"""A bounded memory of finished answers within one process. It never decides what is true: keys carry the data's versions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pickle import PickleBuffer, Pickler
from typing import TYPE_CHECKING, Any, TypeVar

from cyberpunk_ai.core.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")
_log = get_logger(__name__)


class _Sink:
    """Counts what would be written."""

    def __init__(self) -> None:
        self.bytes = 0

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self.bytes += size
        return size


def size_of(answer: object) -> int | None:
    """Return about how many bytes an answer holds, or None where that cannot be told.

    What pickling would write is counted and thrown away: it reaches frames, arrays and fitted models alike, and copies no array.
    """
    sink, buffers = _Sink(), 0

    def count(buffer: PickleBuffer) -> None:
        nonlocal buffers
        buffers += buffer.raw().nbytes

    try:
        Pickler(sink, protocol=5, buffer_callback=count).dump(answer)
    except Exception as error:  # noqa: BLE001 - whatever cannot be pickled is told in its own way
        _log.debug("an answer cannot be measured", kind=type(answer).__name__, problem=f"{type(error).__name__}: {error}")
        return None
    return sink.bytes + buffers


class Answers:
    """Least-recently-used memory. Two callers that ask the same at once wait for one computation.

    Args:
        size: How many answers are kept.
        max_bytes: How much they hold together; one that is larger alone is not kept.
    """

    def __init__(self, size: int = 128, max_bytes: int = 128 * 2**20) -> None:
        self.size, self.max_bytes = size, max_bytes
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._sizes: dict[Hashable, int] = {}
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
                    self._keep(key, answer)
            finally:
                # Not before it is kept: whoever came between would find neither answer nor lock, and compute again.
                with self._lock:
                    self._locks.pop(key, None)
            return answer

    def forget(self) -> None:
        """Drop everything."""
        with self._lock:
            self._kept.clear()
            self._sizes.clear()

    def _keep(self, key: Hashable, answer: object) -> None:
        measured = size_of(answer)
        size = self.max_bytes // self.size if measured is None else measured
        if not self.max_bytes or size > self.max_bytes:
            return
        with self._lock:
            self._kept[key], self._sizes[key] = answer, size
            while len(self._kept) > self.size or sum(self._sizes.values()) > self.max_bytes:
                oldest, _ = self._kept.popitem(last=False)
                del self._sizes[oldest]
