"""The lamp in the header: whether the stream is live, how fast, how far behind and how old."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from apps.kit.words import ago

if TYPE_CHECKING:
    from cyberpunk_ai.charts.live import Snapshot

LIVE_FOR_S = 10


def status_line(live: Snapshot, is_paused: bool) -> str:
    """Write the lamp, rate, lag and age of the stream."""
    if live.error:
        return f'<div class="livebar" role="status"><span class="lamp down">stream down</span><span>{escape(live.error[:80])}</span></div>'
    last = None if live.last_event_ms is None else datetime.fromtimestamp(live.last_event_ms / 1000, UTC)
    is_live = last is not None and (datetime.now(UTC) - last).total_seconds() < LIVE_FOR_S
    lamp = "paused" if is_paused else "live" if is_live else "quiet"
    parts = [f'<span class="lamp {lamp}">{lamp}</span>', f"<span><b>{live.rate:.0f}</b>/s</span>", f"<span>lag <b>{live.lag}</b></span>"]
    moment = "" if last is None else last.isoformat(timespec="milliseconds")
    exact = "" if last is None else f' title="{last:%H:%M:%S} UTC"'
    parts.append(f'<span>updated <time datetime="{moment}"{exact}><b>{escape(ago(last))}</b></time></span>')
    return f'<div class="livebar" role="status">{"".join(parts)}</div>'
