"""Parts of a page that load by themselves.

Each is computed in a thread, kept for the process, shown as soon as it is there, and renewed in turn.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cyberpunk_ai.core.errors import CyberpunkError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

State = Literal["loading", "ready", "empty", "error"]


class NothingYet(Exception):
    """Raised by a loader when there is no data to show."""


@dataclass(frozen=True)
class Part:
    """What is known of a part: `serial` changes with every new answer."""

    state: State = "loading"
    value: Any = None
    message: str = ""
    hint: str = ""
    serial: int = 0
    loaded_at: float = 0.0


@dataclass(frozen=True)
class Loader:
    """How a part is computed and how many seconds its answer is good for."""

    load: Callable[[], Any]
    fresh_s: float


class Parts:
    """The parts of one page, shared by all its visitors.

    Args:
        loaders: By name.
        workers: Threads that compute.
    """

    def __init__(self, loaders: Mapping[str, Loader], *, workers: int = 4, clock: Callable[[], float] = time.monotonic) -> None:
        self._loaders, self._clock = dict(loaders), clock
        self._parts = {name: Part() for name in loaders}
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="page-part")

    def get(self, name: str) -> Part:
        """Return a part as it is now, and have it computed where it is missing or old. Returns at once."""
        with self._lock:
            part = self._parts[name]
            old = part.serial == 0 or self._clock() - part.loaded_at > self._loaders[name].fresh_s
            if not old or name in self._busy:
                return part
            self._busy.add(name)
        try:
            self._pool.submit(self._load, name)
        except RuntimeError:  # the pool is shut down: the process is ending, and pages keep what they show
            self._busy.discard(name)
        return part

    def renew(self, *names: str) -> None:
        """Have parts computed anew at the next question, however fresh they are."""
        with self._lock:
            for name in names:
                part = self._parts[name]
                self._parts[name] = Part(part.state, part.value, part.message, part.hint, part.serial, -1e12)

    def close(self) -> None:
        """Start no further computation; one that runs is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _load(self, name: str) -> None:
        before = self._parts[name]
        stamp = {"serial": before.serial + 1, "loaded_at": self._clock()}
        try:
            part = Part("ready", self._loaders[name].load(), **stamp)
        except NothingYet as nothing:
            part = Part("empty", message=str(nothing), **stamp)
        except CyberpunkError as error:
            part = Part("error", message=str(error), hint=error.hint, **stamp)
        except Exception as error:  # noqa: BLE001 - one part's failure is shown in its place; the rest of the page goes on
            part = Part("error", message=f"{type(error).__name__}: {error}", **stamp)
        with self._lock:
            unchanged = part.state == before.state == "ready" and part.value is before.value
            self._parts[name] = before if unchanged else part
            if unchanged:
                self._parts[name] = Part(before.state, before.value, before.message, before.hint, before.serial, part.loaded_at)
            self._busy.discard(name)
