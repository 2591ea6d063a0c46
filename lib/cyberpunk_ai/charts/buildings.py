"""From the rows of a metric query to the buildings of a city: one per slice, its status from what it was before. No widget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.city_layout import Building

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

GROWING, SLIPPING, FALLING = 0.05, -0.05, -0.20


def status_of(moved: float | None) -> str:
    """Say what a relative change against what was before means for a building."""
    if moved is None:
        return "measured"
    if moved >= GROWING:
        return "good"
    if moved <= FALLING:
        return "failing"
    return "warning" if moved <= SLIPPING else "measured"


def buildings_of(rows: pd.DataFrame, by: Sequence[str], metric: str, write: Callable[[float], str]) -> list[Building]:
    """Turn slices into buildings, in their order; the first of several dimensions names the district.

    Args:
        rows: One column per dimension, `metric`, and perhaps `<metric>_previous`.
        by: Dimensions.
        metric: Column that is the height.
        write: Writes a value for people.
    """
    built = []
    for record in rows.to_dict("records"):
        names = [str(record[dimension]) for dimension in by]
        alone = names[0].title() if names[0].isupper() else names[0]
        district, label = (names[0], " · ".join(names[1:])) if len(names) > 1 else ("", alone)
        value = float(record[metric])
        moved = relative_change(value, previous_of(record, metric))
        built.append(Building("|".join(names), label, value, status_of(moved), district, write(value)))
    return built


def previous_of(record: Mapping[Any, object], metric: str) -> float | None:
    """Return what a slice was before, None where that is unknown."""
    before = record.get(f"{metric}_previous")
    return float(before) if isinstance(before, (int, float)) and math.isfinite(before) else None


def relative_change(value: float | None, before: float | None) -> float | None:
    """Return how much more a value is than before, 0.1 for a tenth more; None where there is nothing to compare with."""
    if value is None or before is None or not math.isfinite(value) or not math.isfinite(before) or before == 0:
        return None
    return (value - before) / abs(before)
