"""Sends the live events of a demo company into the event log it is handed, at the asked rate and stamped with the real time."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.demo.company import DemoCompany
from cyberpunk_ai.demo.live import live_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from cyberpunk_ai.demo.live import LiveEvent

TICK_S = 0.05
"""Events are sent in batches this often: one append for each event would make the log wait for the disk each time."""


class EventLog(Protocol):
    """What is needed of an event log."""

    def append(self, topic: str, values: Sequence[Mapping[str, Any]], *, keys: Sequence[str | None] | None = None) -> int: ...  # noqa: D102


def send_live_events(
    events: EventLog,
    *,
    rate_per_s: float,
    seconds: float | None,
    seed: int,
    today: date,
    stop: threading.Event | None = None,
    on_progress: Callable[[int], None] | None = None,
    company: DemoCompany | None = None,
) -> int:
    """Send events until `seconds` are over or `stop` is set, and return how many.

    When the log is slower than the rate, events are sent late and none is left out.

    Args:
        events: Takes them.
        rate_per_s: Events per second, over all topics.
        seconds: How long; without end when None.
        seed: Seed of the company and of its live draws.
        today: Day on which the company lives; its history ends the day before.
        stop: Ends the sending early.
        on_progress: Called with the number sent so far, after each batch.
        company: Whose events; the small company of this seed by default.

    Raises:
        InvalidArgument: The rate is not positive.
    """
    if rate_per_s <= 0.0:
        raise InvalidArgument(f"a rate of {rate_per_s:g} events a second sends nothing", hint="give a rate above 0")
    stop = stop or threading.Event()
    coming = live_events(company or DemoCompany("small", seed, today - timedelta(days=1)), rate_per_s, seed, clock=utc_now)
    waiting, sent, begun = next(coming), 0, time.monotonic()
    while not stop.is_set():
        elapsed = time.monotonic() - begun
        until = elapsed if seconds is None else min(elapsed, seconds)
        due, waiting = _due(waiting, coming, until)
        for topic, batch in _by_topic(due).items():
            sent += events.append(topic, [event.value for event in batch], keys=[event.key for event in batch])
        if due and on_progress is not None:
            on_progress(sent)
        if seconds is not None and waiting.due_s >= seconds:
            break
        if waiting.due_s > until:
            stop.wait(max(TICK_S, waiting.due_s - (time.monotonic() - begun)))
    return sent


def _due(waiting: LiveEvent, coming: Iterator[LiveEvent], until: float) -> tuple[list[LiveEvent], LiveEvent]:
    """Return the events due by now, at most ten thousand, and the first that is not."""
    due: list[LiveEvent] = []
    while waiting.due_s <= until and len(due) < 10_000:
        due.append(waiting)
        waiting = next(coming)
    return due, waiting


def _by_topic(events: Sequence[LiveEvent]) -> dict[str, list[LiveEvent]]:
    batches: dict[str, list[LiveEvent]] = defaultdict(list)
    for event in events:
        batches[event.topic].append(event)
    return batches
