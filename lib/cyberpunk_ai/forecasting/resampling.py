"""Rows with irregular or repeated dates, put together per period on request. Which grid regular dates lie on is `frequency`'s."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Sequence

_WAYS = ("sum", "mean", "last")
_DAY = pd.Timedelta(days=1)
# The usual gap between dates, and the period in which rows that far apart are put together.
_GRIDS: Sequence[tuple[pd.Timedelta, str]] = (
    (_DAY / 12, "h"), (1.5 * _DAY, "D"), (8 * _DAY, "W-MON"), (45 * _DAY, "MS"), (120 * _DAY, "QS-JAN"),
)  # fmt: skip
_LONGEST = "YS-JAN"


def usual_grid(table: pd.DataFrame) -> str:
    """Return the frequency in which the rows of unique_id, ds, y can be put together, from the usual gap between two dates."""
    gap = _usual_gap(table)
    return next((grid for reach, grid in _GRIDS if gap <= reach), _LONGEST)


def resampled(table: pd.DataFrame, grid: str, way: str, notes: list[str]) -> pd.DataFrame:
    """Put the rows of each period together.

    Args:
        table: unique_id, ds, y.
        grid: Frequency of the periods.
        way: `sum`, where a period without rows inside the history is zero; `mean` or `last`, where it is missing.
        notes: Takes what was done.

    Returns:
        unique_id, ds, y, sorted, one row per period; a first or last period that the rows cover in part only is left out of a sum.

    Raises:
        InvalidArgument: There is no such way.
    """
    if way not in _WAYS:
        raise InvalidArgument(f"resample must be one of {', '.join(_WAYS)}, not {way!r}")
    rows, gap = len(table), _usual_gap(table)
    is_start = not grid.split("-", maxsplit=1)[0].lstrip("0123456789").endswith("E")
    sides = {"closed": "left", "label": "left"} if is_start else {"closed": "right", "label": "right"}
    periods = table.sort_values("ds", kind="stable").groupby(["unique_id", pd.Grouper(key="ds", freq=grid, **sides)])["y"]
    together = (periods.sum(min_count=1) if way == "sum" else periods.mean() if way == "mean" else periods.last()).reset_index()
    together = together[together["y"].notna()]
    words = [f"{rows} rows were put together by {way} into {len(together)} periods of {grid}"]
    if way == "sum":
        together, cut = _whole_periods(together, table["ds"], grid, gap, is_start=is_start)
        words += [f"{cut} first or last periods were covered in part only and left out"] if cut else []
        together, empty = _with_zeros(together, grid)
        words += [f"{empty} periods without rows count as zero"] if empty else []
    notes.append("; ".join(words))
    return together.sort_values(["unique_id", "ds"], kind="stable", ignore_index=True)


def _usual_gap(table: pd.DataFrame) -> pd.Timedelta:
    dates = table.drop_duplicates(["unique_id", "ds"]).sort_values(["unique_id", "ds"])
    gaps = dates.groupby("unique_id")["ds"].diff().dropna()
    return pd.Timedelta(gaps.median()) if len(gaps) else 30 * _DAY


def _whole_periods(together: pd.DataFrame, dates: pd.Series, grid: str, gap: pd.Timedelta, *, is_start: bool) -> tuple[pd.DataFrame, int]:
    offset = pd.tseries.frequencies.to_offset(grid)
    first, last = together["ds"].min(), together["ds"].max()
    begins = first if is_start else first - offset
    ends = last + offset if is_start else last + _DAY
    is_cut = pd.Series(False, index=together.index)
    if dates.min() - begins > gap + _DAY:
        is_cut |= together["ds"] == first
    if ends - dates.max() > gap + _DAY:
        is_cut |= together["ds"] == last
    if is_cut.all():
        return together, 0
    return together[~is_cut], int(is_cut.sum())


def _with_zeros(together: pd.DataFrame, grid: str) -> tuple[pd.DataFrame, int]:
    parts = []
    for name, each in together.groupby("unique_id", sort=False):
        whole = pd.date_range(each["ds"].min(), each["ds"].max(), freq=grid)
        parts.append(each.set_index("ds")["y"].reindex(whole, fill_value=0.0).rename_axis("ds").reset_index().assign(unique_id=name))
    full = pd.concat(parts, ignore_index=True)[["unique_id", "ds", "y"]]
    return full, int(np.maximum(len(full) - len(together), 0))
