"""The uvicorn process that serves an application: its limits, and an end within seconds whatever requests, threads and stores are doing.

The application sets this up from inside while it starts, so that it holds however the server was started.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.logs import get_logger
from cyberpunk_ai.core.request_arrival import MAX_REQUEST_S, limited

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# Between the signal and the end: requests may finish, then each step of closing has its bound, then the process ends. 9 s in all.
REQUESTS_S = 3.0
STEP_S = 2.5
LAST_S = 1.0
OTHER_THREADS = 16
log = get_logger("server")


def own_server() -> Any | None:
    """Return the uvicorn server that this process runs, or None where the application is run by something else, such as a test."""
    # uvicorn hands its server to nobody, but lets one of its methods handle the signal.
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    is_main = threading.current_thread() is threading.main_thread()
    return server if is_main and hasattr(server, "should_exit") and hasattr(server, "config") else None


def set_limits(server: Any | None, *, max_request_s: float = MAX_REQUEST_S) -> None:
    """Let a server close connections whose request is too slow, and wait only so long for requests when it is stopped.

    Args:
        server: Of `own_server`; nothing happens for None.
        max_request_s: See `limited`.
    """
    if server is None:
        return
    if server.config.timeout_graceful_shutdown is None:
        server.config.timeout_graceful_shutdown = REQUESTS_S
    server.config.http_protocol_class = limited(server.config.http_protocol_class, max_request_s)


def give_threads(waiting: int) -> None:
    """Let the running loop have threads for so many callers that wait for a calculation, and for others beside them.

    Python gives a loop six on a machine of two cores, so that a few forecasts that wait for their turn would keep every page waiting.
    """
    threads = ThreadPoolExecutor(waiting + OTHER_THREADS, thread_name_prefix="loop")
    asyncio.get_running_loop().set_default_executor(threads)


async def bounded(*steps: Awaitable[object], within_s: float = STEP_S) -> bool:
    """Wait for steps, and return whether all ended in time; what does not is left running. A failure is logged, not raised."""
    tasks = [asyncio.ensure_future(step) for step in steps]
    done, waiting = await asyncio.wait(tasks, timeout=within_s)  # not wait_for: that would wait until what it cancels has ended
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("a step of closing failed", problem=f"{type(error).__name__}: {error}")
    if waiting:
        log.warning("a step of closing takes too long and is left", within_s=within_s)
    return not waiting


def on_a_thread(call: Callable[[], object]) -> asyncio.Future[None]:
    """Run a call on a thread that keeps nobody from ending: neither the loop nor the process waits for it."""
    outcome: Future[None] = Future()

    def work() -> None:
        try:
            call()
            outcome.set_result(None)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to whoever waits for the outcome
            outcome.set_exception(error)

    threading.Thread(target=work, name="closing", daemon=True).start()
    return asyncio.wrap_future(outcome)


def end_soon(server: Any | None, *, after_s: float = LAST_S, end: Callable[[int], object] = os._exit) -> None:
    """End what a server's process started, and in a moment the process itself if it was told to end by a signal.

    Python waits for every thread before it ends a process, and a forecast on one of them may take minutes. Stores are safe: a process may
    be killed at any point.
    """
    if server is None:
        return
    for child in multiprocessing.active_children():
        child.terminate()
    if getattr(server, "_captured_signals", None):
        last = threading.Timer(after_s, end, [0])
        last.daemon = True
        last.start()
