"""How numbers and times are written for people, the same on every page."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from cyberpunk_ai.charts.buildings import relative_change as change

__all__ = ["ago", "change", "dimensions_of", "number", "signed_percent"]

MINUS = "\u2212"  # the sign of the same width as plus
_STEPS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
PERCENT = {"percent", "%", "ratio", "share", "fraction", "rate"}
MONEY = {"currency", "usd", "money", "$"}


def number(value: float | None, unit: str = "") -> str:
    """Write a number short: 1234567 as 1.23M; a fraction with a unit of percent as 12.3 %."""
    if value is None or not math.isfinite(value):
        return "\u2013"
    kind = unit.lower()
    if kind in PERCENT:
        return f"{value * 100:.1f} %"
    sign = MINUS if value < 0 else ""
    size = abs(value)
    mark = "$" if kind in MONEY else ""
    for step, letter in _STEPS:
        if size >= step:
            short = size / step
            return f"{sign}{mark}{short:.{0 if short >= 100 else 1 if short >= 10 else 2}f}{letter}"
    written = f"{size:.0f}" if size >= 100 or size == int(size) else f"{size:.2f}" if mark or size < 10 else f"{size:.1f}"
    return f"{sign}{mark}{written}"


def signed_percent(share: float | None) -> str:
    """Write a relative change with its sign and an arrow."""
    if share is None:
        return "no comparison"
    arrow = "▲" if share > 0.0005 else "▼" if share < -0.0005 else "■"
    sign = "+" if share > 0.0005 else MINUS if share < -0.0005 else "±"
    return f"{arrow} {sign}{abs(share) * 100:.1f} %"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """Write how long ago something was."""
    if moment is None:
        return "never"
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = max(0.0, ((now or datetime.now(UTC)) - aware).total_seconds())
    if seconds < 2:
        return "now"
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {name} ago"
    return f"{int(seconds)} s ago"


def dimensions_of(listed: object) -> list[str]:
    """Read the dimensions of a metric in the catalogue: words with commas between, or a list."""
    words = listed.split(",") if isinstance(listed, str) else list(listed)  # type: ignore[call-overload]
    return [str(each).strip() for each in words if str(each).strip()]
