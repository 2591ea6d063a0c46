"""HTML and tables of the streams page from a snapshot of the stream. No widget, no state; every text is escaped."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from apps.kit.cards import empty_state, kpi_card, kpi_row
from apps.kit.words import ago

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cyberpunk_ai.charts.live import Snapshot

ALL = "all topics"
HIDDEN = {"event_id", "session_id", "line_id", "ts", "started_at", "ordered_at", "loaded_at", "updated_at", "source"}
COLUMNS = {"at": "At", "topic": "Topic", "what": "Event"}


def headline(live: Snapshot) -> str:
    """Write rate, lag, count and age of the stream."""
    last = None if live.last_event_ms is None else datetime.fromtimestamp(live.last_event_ms / 1000, UTC)
    total = sum(live.counts.values())
    return kpi_row(
        [
            kpi_card("Events per second", f"{live.rate:.0f}" if live.rate >= 10 else f"{live.rate:.1f}", note="mean of ten seconds",
                     series=live.history, meaning="good live"),
            kpi_card("Waiting", f"{live.lag:,}", note="in the log, not read yet", meaning="warning" if live.lag > 10_000 else "measured"),
            kpi_card("Read by this server", f"{total:,}", note="since it started"),
            kpi_card("Last event", ago(last) if last else "none yet", note="" if last is None else f"{last:%H:%M:%S} UTC"),
        ]
    )  # fmt: skip


def topics(live: Snapshot) -> str:
    """Write one line per topic: how fast, how many."""
    if not live.counts:
        return empty_state("No live events", "Start them with `cyberpunk stream demo --rate 500`; they appear here within a second.")
    ranked = sorted(live.counts.items(), key=lambda pair: -pair[1])
    lines = [(escape(topic.replace("_", " ")), live.rates.get(topic, 0.0), count) for topic, count in ranked]
    rows = "".join(
        f'<tr><td>{topic}</td><td class="num">{rate:.1f}</td><td class="num">{count:,}</td></tr>' for topic, rate, count in lines
    )
    head = '<tr><th>Topic</th><th class="num">per second</th><th class="num">read</th></tr>'
    return f'<table class="plain"><thead>{head}</thead><tbody>{rows}</tbody></table>'


def events(live: Snapshot, topic: str, words: str, most: int = 100) -> pd.DataFrame:
    """Return the newest events as rows, the newest on top, those of one topic or that hold a word where asked."""
    rows: list[dict[str, Any]] = []
    wanted = words.strip().lower()
    for event in reversed(live.events):
        text = _words(event.value)
        if (topic in (ALL, event.topic)) and (not wanted or wanted in text.lower()):
            at = datetime.fromtimestamp(event.timestamp_ms / 1000, UTC)
            rows.append({"at": f"{at:%H:%M:%S}", "topic": event.topic, "what": text})
        if len(rows) >= most:
            break
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _words(value: Mapping[str, Any]) -> str:
    """Write an event's fields without its own id and times, which every row would begin with."""
    kept = {name: each for name, each in value.items() if each is not None and name not in HIDDEN}
    return " · ".join(f"{name.replace('_', ' ')} {f'{each:.4g}' if isinstance(each, float) else each}" for name, each in kept.items())


def held(count: int) -> str:
    """Say that the list stands still while the stream goes on."""
    return (
        f'<p class="muted small" role="status">Paused. {count:,} events have come since; the server goes on reading.</p>'
        if count >= 0
        else ""
    )
