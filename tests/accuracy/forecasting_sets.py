"""Public series laid out as unique_id, t, y, split: which frequency and season a file has, and its history and future with dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

# Dates are made up backwards from here: most files hold periods only, and centuries of years would leave pandas' calendar.
_NEWEST = pd.Timestamp("2020-01-01")


@dataclass(frozen=True)
class Layout:
    """What a file leaves out.

    Attributes:
        freq: Frequency of its dates.
        season_length: Periods in one season of the series.
        metric_season: Periods of the seasonal naive that errors are scaled by, as in M4.
    """

    freq: str
    season_length: int
    metric_season: int


_BY_NAME = {"m3_other": Layout("MS", 1, 1), "store_item_daily": Layout("D", 7, 7), "aus_tourism_hier": Layout("QS-JAN", 4, 4)}
_BY_WORD = {
    "yearly": Layout("YS-JAN", 1, 1),
    "quarterly": Layout("QS-JAN", 4, 4),
    "monthly": Layout("MS", 12, 12),
    "weekly": Layout("W-MON", 52, 1),
    "daily": Layout("D", 7, 1),
    "hourly": Layout("h", 24, 24),
}


def layout_of(name: str) -> Layout:
    """Return the layout of a set by its name, such as `anything_monthly`.

    Raises:
        ValueError: The name says no frequency.
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    for word, layout in _BY_WORD.items():
        if word in name:
            return layout
    raise ValueError(f"{name}: the name must hold one of {', '.join(_BY_WORD)}")


def sets_in(folder: Path) -> list[str]:
    """Return the names of the sets in a folder that can be forecast series by series."""
    import pyarrow.parquet as pq

    names = []
    for path in sorted(folder.glob("*.parquet")):
        known = any(word in path.stem for word in _BY_WORD) or path.stem in _BY_NAME
        if known and {"unique_id", "t", "y", "split"} <= set(pq.read_schema(path).names):
            names.append(path.stem)
    return names


def load(path: Path, *, limit: int | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return history and future in long form with dates, of `limit` series spread evenly over the file."""
    layout = layout_of(path.stem)
    rows = pd.read_parquet(path).astype({"unique_id": str, "split": str})
    names = rows["unique_id"].unique()
    if limit is not None and limit < len(names):
        names = names[np.linspace(0, len(names) - 1, limit).astype(int)]
    frames = []
    for name in names:
        one = rows[rows["unique_id"] == name].sort_values("t")
        if "ds" not in one:
            count = int((one["split"] == "train").sum())
            start = pd.date_range(end=_NEWEST, periods=count, freq=layout.freq)[0]
            one = one.assign(ds=pd.date_range(start, periods=len(one), freq=layout.freq))
        frames.append(one)
    long = pd.concat(frames, ignore_index=True)[["unique_id", "ds", "y", "split"]]
    return long[long["split"] == "train"].drop(columns="split"), long[long["split"] == "test"].drop(columns="split")
