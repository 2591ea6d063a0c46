"""Long calculations of a server, each in a process of its own, so that the server goes on answering and a calculation can be ended.

Numerical libraries hold Python's lock for many seconds; in a thread of the server, every request would wait for them. A process is forked
from a server that has the libraries loaded (multiprocessing's `forkserver`), which takes a few milliseconds, and it gives all of its memory
back when it ends. What work is done is said by the caller.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cyberpunk_ai.core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from multiprocessing.connection import Connection
    from types import TracebackType

T = TypeVar("T")
MOST = 24
LIMIT_S = 600.0
_PRELOAD = "cyberpunk_ai.models.worker_preload"
# Below the server itself: whoever asks for little must not wait for a processor.
_NICE = 5
_IS_FORKED = "forkserver" in multiprocessing.get_all_start_methods()


class Ended(Exception):
    """The function has given everything; `value` is what it returned."""

    def __init__(self, value: Any) -> None:
        super().__init__("the work has ended")
        self.value = value


class WorkerProcesses:
    """Starts a process for each piece of work, some at once; a few more may wait.

    Args:
        at_once: Processes that run at the same time; as many as there are cores for None.
        most: Pieces of work that run or wait; one more is refused.
        limit_s: Wall seconds after which a piece of work is ended; None for no limit.
    """

    def __init__(self, at_once: int | None = None, most: int = MOST, limit_s: float | None = LIMIT_S) -> None:
        self.at_once, self.most, self.limit_s = at_once or os.cpu_count() or 1, most, limit_s
        self._context: Any = multiprocessing.get_context("forkserver" if _IS_FORKED else "spawn")
        self._changed = threading.Condition()
        self._running: set[Work[Any]] = set()
        self._waiting = 0
        self._is_closed = False
        _every.add(self)

    def warm(self) -> None:
        """Load the libraries before anybody asks."""
        if _IS_FORKED:
            # The module that was started is imported again by every process: `python -m uvicorn` costs a tenth of a second otherwise.
            started = getattr(sys.modules["__main__"], "__spec__", None)
            also = [started.name.removesuffix(".__main__")] if started is not None else []
            self._context.set_forkserver_preload([_PRELOAD, *also])
            from multiprocessing import forkserver

            forkserver.ensure_running()

    def run(self, function: Callable[..., T], *args: Any, told: Mapping[str, Callable[..., None] | None] | None = None, **kwargs: Any) -> T:
        """Call a function in a process of its own and return its answer.

        Args:
            function: Of a module, by which the process finds it.
            args: Positional arguments; the process gets copies.
            told: Named callbacks that the function takes; they are called here. What one raises ends the work.
            kwargs: Named arguments.

        Raises:
            Unavailable: Too much is under way already, the time limit was reached, or the process was ended from outside.
            Exception: Whatever the function raised.
        """
        with self.start(function, *args, told=told, **kwargs) as work:
            while True:
                try:
                    work.item(None)
                except Ended as end:
                    answer: T = end.value
                    return answer

    def start(
        self, function: Callable[..., Any], *args: Any, told: Mapping[str, Callable[..., None] | None] | None = None, **kwargs: Any
    ) -> Work[Any]:
        """Return the work of a function, which starts once it is its turn; close it when it is no longer wanted.

        Args:
            function: As in `run`; where it returns an iterator, `Work.item` gives its items as they come.
            args: As there.
            told: As there.
            kwargs: As there.

        Raises:
            Unavailable: Too much is under way already.
        """
        callbacks = {name: each for name, each in (told or {}).items() if each is not None}
        with self._changed:
            if self._is_closed:
                raise Unavailable("the server is shutting down", hint="try again once it is back")
            if len(self._running) + self._waiting >= self.most:
                raise Unavailable(
                    f"the server is at its limit of {self.most} calculations: {len(self._running)} running, {self._waiting} waiting",
                    hint="try again later, or raise CYBERPUNK_MAX_CALCULATIONS or CYBERPUNK_WORKER_PROCESSES",
                )
            self._waiting += 1
        return Work(self, (function, args, kwargs, tuple(callbacks)), callbacks)

    def close(self) -> None:
        """End all work; whoever waits for it is told."""
        with self._changed:
            self._is_closed = True
            running = list(self._running)
            self._changed.notify_all()
        for work in running:
            work.close()

    def _enter(self, work: Work[Any]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or work.is_closed or len(self._running) < self.at_once)
            if work.is_closed or self._is_closed:
                raise Unavailable("the calculation was cancelled before it started", hint="try again")
            self._waiting -= 1
            self._running.add(work)

    def _leave(self, work: Work[Any]) -> None:
        with self._changed:
            if work in self._running:
                self._running.remove(work)
            else:
                self._waiting -= 1
            self._changed.notify_all()


class Work(Generic[T]):
    """One function at work in a process, or waiting for its turn.

    Attributes:
        began_at: When its process began, on the clock of `time.monotonic`; None before.
        is_closed: Whether it was given up or has ended.
    """

    def __init__(self, processes: WorkerProcesses, call: tuple[Any, ...], told: Mapping[str, Callable[..., None]]) -> None:
        self._processes, self._call, self._told = processes, call, told
        self._connection: Connection[Any, Any] | None = None
        self._process: Any = None
        self._lock = threading.Lock()
        self.began_at: float | None = None
        self.is_closed = False

    def __enter__(self) -> Work[T]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def item(self, wait_s: Callable[[float], float | None] | None) -> T:
        """Return the next item of the function's iterator.

        Args:
            wait_s: Given the seconds since its process began, returns how many more to wait; None for as long as the limit allows.

        Raises:
            TimeoutError: Nothing came in that time.
            Ended: The function has returned.
            Unavailable: The limit was reached, or the process was ended.
            Exception: Whatever the function raised.
        """
        if self._process is None:
            self._start()
        while True:
            kind, value = self._receive(wait_s)
            if kind == "began":
                self.began_at = time.monotonic()
            elif kind == "told":
                name, args = value
                self._told[name](*args)
            elif kind == "item":
                item: T = value
                return item
            elif kind == "answer":
                self.close()
                raise Ended(value)
            else:
                self.close()
                raise value

    def close(self) -> None:
        """End the process at once, or give up waiting for a turn."""
        with self._lock:
            if self.is_closed:
                return
            self.is_closed = True
            process = self._process
        if process is not None:
            _kill(process)
            process.join()
        self._processes._leave(self)

    def _start(self) -> None:
        self._processes._enter(self)
        self._processes.warm()
        context = self._processes._context
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, *self._call), name="calculation", daemon=False)
        with self._lock:
            if self.is_closed:
                raise Unavailable("the calculation was cancelled before it started", hint="try again")
            process.start()
            self._process, self._connection = process, ours
        theirs.close()

    def _receive(self, wait_s: Callable[[float], float | None] | None) -> tuple[str, Any]:
        connection = self._connection
        assert connection is not None  # noqa: S101 - it was started
        limit_s = self._processes.limit_s
        age_s = 0.0 if self.began_at is None else time.monotonic() - self.began_at
        remaining_s = None if limit_s is None else max(limit_s - age_s, 0.0)
        wanted_s = None if wait_s is None or self.began_at is None else wait_s(age_s)
        is_wanted_less = wanted_s is not None and (remaining_s is None or wanted_s < remaining_s)
        try:
            if connection.poll(max(wanted_s or 0.0, 0.0) if is_wanted_less else remaining_s):
                message: tuple[str, Any] = connection.recv()
                return message
        except (EOFError, OSError) as error:
            was_given_up, code = self.is_closed, None if self.is_closed else self._exit_code()
            self.close()
            if was_given_up:
                raise Unavailable("the calculation was cancelled", hint="try again") from error
            raise Unavailable(
                f"the worker process exited with status {code}, possibly because it ran out of memory",
                hint="try again; if it happens again, send less data",
            ) from error
        if is_wanted_less:
            raise TimeoutError
        self.close()
        raise Unavailable(
            f"the calculation took longer than {limit_s:g} s and was stopped",
            hint="ask for less at once, forecast in the background by /forecast/batch, or raise CYBERPUNK_MAX_CALCULATION_S",
        )

    def _exit_code(self) -> int | None:
        self._process.join(1.0)
        code: int | None = self._process.exitcode
        return code


_every: weakref.WeakSet[WorkerProcesses] = weakref.WeakSet()


@atexit.register
def _close_every() -> None:
    # Python waits at its end for processes that may have processes of their own.
    for each in list(_every):
        each.close()


def _kill(process: Any) -> None:
    if process.exitcode is not None:
        return
    # The whole group: a batch starts processes of its own.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _serve(
    connection: Connection[Any, Any], function: Callable[..., Any], args: Iterable[Any], kwargs: Mapping[str, Any], told: Iterable[str]
) -> None:
    """What the process does: call the function, and send what it gives."""
    if hasattr(os, "setsid"):
        os.setsid()
        os.nice(_NICE)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    connection.send(("began", None))

    def teller(name: str) -> Callable[..., None]:
        return lambda *values: connection.send(("told", (name, values)))

    try:
        answer = function(*args, **kwargs, **{name: teller(name) for name in told})
        if hasattr(answer, "__next__"):
            for item in answer:
                connection.send(("item", item))
            answer = None
        connection.send(("answer", answer))
    except BrokenPipeError:
        pass  # nobody listens any more
    except Exception as error:  # noqa: BLE001 - carried over to whoever waits
        # Alone: what led to it may hold anything, itself included.
        error.__cause__ = error.__context__ = None
        try:
            connection.send(("error", error.with_traceback(None)))
        except Exception:  # noqa: BLE001 - an error that cannot be carried over is told in words
            connection.send(("error", RuntimeError(f"{type(error).__name__}: {error}")))
    connection.close()
    os._exit(0)  # threads may still be at work; nobody waits for them


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(0, signal.SIGKILL)
        os._exit(1)
