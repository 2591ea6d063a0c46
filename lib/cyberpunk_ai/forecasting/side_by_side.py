"""Members of a request in threads beside each other, within a budget of wall time. What a member does is `member_runs`'."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.forecasting.member_runs import Abandoned, MemberRun, Task, run_member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cyberpunk_ai.forecasting.request import Request

# The baseline and one member are waited for somewhat longer: an answer without them is little worth.
_AT_LEAST = 2
_FIRST_MEMBER_S = 10.0
OVER_BUDGET = "the time budget of {budget:g} s was used up before it landed"


class SideBySide:
    """Starts the members of a request, the cheap ones first, and hands them over as they land.

    Threads are daemons: one that cannot be stopped at once must not hold an answer, or the end of the process.

    Args:
        request: What is asked.
        workers: Members that run at once; as many as there are cores for None.
        keeps_fits: Whether the fitted members are wanted.
    """

    def __init__(self, request: Request, *, workers: int | None = None, keeps_fits: bool = False) -> None:
        if workers is not None and workers < 1:
            raise InvalidArgument(f"workers must be at least 1, not {workers}")
        self.names = list(request.kinds)
        self._is_over = threading.Event()
        self._task: Task = request.task(keeps_fits=keeps_fits, is_abandoned=self._is_over.is_set)
        self._kinds = request.kinds
        self._landed: SimpleQueue[Future[MemberRun] | None] = SimpleQueue()
        self._queue: SimpleQueue[str] = SimpleQueue()
        for name in self.names:
            self._queue.put(name)
        count = min(workers or os.cpu_count() or 1, len(self.names))
        for number in range(count):
            threading.Thread(target=self._work, name=f"forecast-{number}", daemon=True).start()

    def landed(self, budget_s: float | None = None, since: float | None = None) -> Iterator[MemberRun]:
        """Give every member as it lands.

        Args:
            budget_s: Seconds after which waiting ends and the rest is abandoned; the baseline and the first member are waited for somewhat
                longer. None waits for all.
            since: When the seconds began, on the clock of `time.perf_counter`; now when None.

        Raises:
            Exception: Whatever a member's own code raised outside of its fit.
        """
        start = time.perf_counter() if since is None else since
        try:
            for given in range(len(self.names)):
                # The baseline is there within moments, and without it there would be nothing to give.
                must_wait = budget_s is None or given == 0
                remaining = None if must_wait else max(start + first_by_s(budget_s or 0.0, given) - time.perf_counter(), 0.0)
                try:
                    future = self._landed.get(timeout=remaining)
                except Empty:
                    return
                if future is None:
                    return
                yield future.result()
        finally:
            self.stop()

    def stop(self) -> None:
        """Let members stop at their next series, and whoever waits for one go."""
        self._is_over.set()
        self._landed.put(None)

    def _work(self) -> None:
        while not self._is_over.is_set():
            try:
                name = self._queue.get_nowait()
            except Empty:
                return
            future: Future[MemberRun] = Future()
            try:
                future.set_result(run_member(self._kinds[name], self._task))
            except Abandoned:
                return
            except BaseException as error:  # noqa: BLE001 - carried over to whoever waits
                future.set_exception(error)
            self._landed.put(future)


def run_side_by_side(
    request: Request,
    *,
    budget_s: float | None = None,
    workers: int | None = None,
    on_member: Callable[[str, int, int], None] | None = None,
    keeps_fits: bool = False,
) -> tuple[dict[str, MemberRun], dict[str, str]]:
    """Run all members of a request, as many as land within the budget.

    Args:
        request: What is asked.
        budget_s: Wall seconds; None for no limit. See `first_by_s`.
        workers: Members that run at once; as many as there are cores for None.
        on_member: Told the name of every member that landed, how many did, and of how many.
        keeps_fits: Whether the fitted members are wanted.

    Returns:
        What landed, in the order of the request, and the others with the reason.
    """
    check_budget(budget_s)
    start = time.perf_counter()
    members = SideBySide(request, workers=workers, keeps_fits=keeps_fits)
    runs: dict[str, MemberRun] = {}
    for run in members.landed(budget_s, start):
        runs[run.name] = run
        if on_member is not None:
            on_member(run.name, len(runs), len(members.names))
    return ordered(request, runs, budget_s)


def first_by_s(budget_s: float, landed: int) -> float:
    """Return how long to wait for one more, in seconds since the request.

    Args:
        budget_s: What the caller allows.
        landed: How many have landed, the baseline included. Until a member has, at least ten seconds are allowed.
    """
    return budget_s if landed >= _AT_LEAST else max(budget_s, _FIRST_MEMBER_S)


def check_budget(budget_s: float | None) -> None:
    """Refuse a budget below zero.

    Raises:
        InvalidArgument: It is.
    """
    if budget_s is not None and budget_s < 0:
        raise InvalidArgument(f"budget_s must not be negative, not {budget_s}", hint="leave it out for no limit")


def ordered(request: Request, runs: dict[str, MemberRun], budget_s: float | None) -> tuple[dict[str, MemberRun], dict[str, str]]:
    """Put what landed into the order of the request, so that threads cannot change an answer, and name the rest."""
    why = OVER_BUDGET.format(budget=budget_s or 0.0)
    return {name: runs[name] for name in request.kinds if name in runs}, {name: why for name in request.kinds if name not in runs}
