"""Small pieces of HTML: the KPI card with its sparkline, and what a panel shows while it is empty. Every text is escaped here."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from apps.kit.words import signed_percent

if TYPE_CHECKING:
    from collections.abc import Sequence


def sparkline(values: Sequence[float], *, width: int = 120, height: int = 28) -> str:
    """Draw a line without axes as SVG; nothing for fewer than two values."""
    kept = [float(value) for value in values if value == value]  # noqa: PLR0124 - NaN is what differs from itself
    if len(kept) < 2:
        return ""
    low, high = min(kept), max(kept)
    span = (high - low) or 1.0
    step = width / (len(kept) - 1)
    points = " ".join(f"{place * step:.1f},{height - 3 - (value - low) / span * (height - 6):.1f}" for place, value in enumerate(kept))
    last = points.rsplit(" ", 1)[-1].split(",")
    return (
        f'<svg class="spark" viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">'
        f'<polygon points="0,{height} {points} {width},{height}"/><polyline points="{points}"/>'
        f'</svg><i class="dot" style="top:{float(last[1]) / height * 100:.1f}%"></i>'
    )


def kpi_card(
    label: str,
    value: str,
    *,
    delta: float | None = None,
    good: str = "up",
    note: str = "",
    series: Sequence[float] = (),
    meaning: str = "measured",
) -> str:
    """Write a KPI card.

    Args:
        label: What is measured.
        value: As written for people.
        delta: Relative change; None hides it.
        good: `up` or `down`: which direction is good news.
        note: Small line, e.g. the period or what it is compared with.
        series: Values of the sparkline, oldest first.
        meaning: Accent of the card.
    """
    tone = "even" if delta is None or abs(delta) <= 0.0005 else "good" if (delta > 0) == (good != "down") else "failing"
    moved = f'<span class="delta {tone}">{signed_percent(delta)}</span>' if delta is not None else ""
    spoken = f"{label}: {value}" + (f", {signed_percent(delta)[2:]} {note}" if delta is not None else f" {note}")
    return (
        f'<article class="kpi {escape(meaning)}" tabindex="0" aria-label="{escape(spoken.strip())}"><h3>{escape(label)}</h3>'
        f'<div class="value">{escape(value)}</div><div class="under">{moved}<span class="note">{escape(note)}</span></div>'
        f'<div class="chart">{sparkline(series)}</div></article>'
    )


def kpi_row(cards: Sequence[str]) -> str:
    """Put cards beside each other."""
    kind = f"kpis{' many' if len(cards) > 1 else ''}{'' if any('<svg' in card for card in cards) else ' short'}"
    return f'<div class="{kind}" style="--cards:{max(len(cards), 1)}">{"".join(cards)}</div>'


def skeleton(lines: int = 3, what: str = "Loading") -> str:
    """Write a placeholder of the size of what comes."""
    bars = "".join(f'<i style="width:{90 - 17 * (line % 4)}%"></i>' for line in range(lines))
    return f'<div class="skeleton" role="status" aria-label="{escape(what)}">{bars}</div>'


def empty_state(title: str, hint: str) -> str:
    """Write that there is nothing yet and what to do; text between back quotes is shown as code."""
    return f'<div class="state empty"><b>{escape(title)}</b><p>{_code(hint)}</p></div>'


def error_state(title: str, message: str, hint: str = "") -> str:
    """Write what failed and what to do next."""
    more = f'<p class="hint">{_code(hint)}</p>' if hint else ""
    return f'<div class="state error" role="alert"><b>▼ {escape(title)}</b><p>{escape(message)}</p>{more}</div>'


def unseen(text: str) -> str:
    """Write a text alternative: for readers who hear a page, not for those who look at it."""
    return f'<p class="unseen">{escape(text)}</p>'


def _code(text: str) -> str:
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
