"""Demand as it comes, made regular: one Series or a long frame in, clean series on one calendar grid out, and a note for whatever was done.

Illegal input (duplicates, irregular or mixed-zone dates, no numbers) is refused with advice; nothing is repaired in silence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument
from cyberpunk_ai.forecasting import frequency

if TYPE_CHECKING:
    from cyberpunk_ai.forecasting.base import FloatArray

# The offset that may close a written time, such as Z or +02:00.
_OFFSET = re.compile(r"(?<=\d)(Z|[+-]\d\d:?\d\d)$")


@dataclass(frozen=True)
class Demand:
    """One regular series.

    Attributes:
        unique_id: Its name.
        series: Values on the grid, all finite, indexed by date.
        filled: Which values were missing and are estimates.
    """

    unique_id: str
    series: pd.Series
    filled: np.ndarray[Any, np.dtype[np.bool_]]

    @property
    def values(self) -> FloatArray:
        """The values as an array."""
        return np.asarray(self.series, dtype=np.float64)


@dataclass(frozen=True)
class Panel:
    """All series of one request on one grid, and what was done to them."""

    demands: tuple[Demand, ...]
    freq: str
    season_length: int
    notes: tuple[str, ...]


def read_demand(demand: pd.Series | pd.DataFrame, *, freq: str | None = None, season_length: int | None = None) -> Panel:
    """Check demand, put it on one calendar grid and fill what is missing.

    Args:
        demand: Series with dates as index, or a long frame with `ds` and `y`, and `unique_id` when it holds several series.
        freq: Frequency of the dates; inferred where None.
        season_length: Periods in one season; the usual one of the frequency where None.

    Returns:
        The series in order of their names.

    Raises:
        ContractBroken: A column is missing, dates are not dates, duplicate, irregular or of several zones, or values are not numbers.
        InvalidArgument: The frequency or the season is not possible.
    """
    notes: list[str] = []
    table = _long(demand)
    table["ds"] = _plain_dates(table["ds"], notes)
    table["y"] = _numbers(table["y"])
    _refuse_duplicates(table)
    if not table.groupby("unique_id", sort=False)["ds"].is_monotonic_increasing.all():
        notes.append("dates were not in order: sorted")
    table = table.sort_values(["unique_id", "ds"], kind="stable")
    grid = frequency.normalise(freq) if freq else _inferred(table, notes)
    if season_length is not None and season_length < 1:
        raise InvalidArgument(f"season_length must be at least 1, not {season_length}")
    season = season_length or frequency.season_of(grid)
    demands = tuple(
        _regular(str(unique_id), group.set_index("ds")["y"], grid, season, notes)
        for unique_id, group in table.groupby("unique_id", sort=True)
    )
    return Panel(demands, grid, season, tuple(notes))


def _long(demand: pd.Series | pd.DataFrame) -> pd.DataFrame:
    if isinstance(demand, pd.Series):
        name = "demand" if demand.name is None else str(demand.name)
        table = pd.DataFrame({"unique_id": name, "ds": demand.index, "y": demand.to_numpy()})
    elif isinstance(demand, pd.DataFrame):
        absent = [column for column in ("ds", "y") if column not in demand.columns]
        if absent:
            raise ContractBroken(
                f"demand: column {', '.join(map(repr, absent))} is missing",
                hint=f"columns seen: {', '.join(map(str, demand.columns))}; rename them to unique_id, ds, y",
            )
        table = demand.reindex(columns=["unique_id", "ds", "y"]).copy()
        if "unique_id" not in demand.columns:
            table["unique_id"] = "demand"
        elif table["unique_id"].isna().any():
            raise ContractBroken("demand: some rows have no unique_id", hint="name every series or leave the column out")
    else:
        raise ContractBroken(f"demand must be a Series or a DataFrame, not {type(demand).__name__}")
    if table.empty:
        raise ContractBroken("demand is empty", hint="pass at least one row")
    table["unique_id"] = table["unique_id"].astype(str)
    return table.reset_index(drop=True)


def _plain_dates(raw: pd.Series, notes: list[str]) -> pd.Series:
    if pd.api.types.is_numeric_dtype(raw) or pd.api.types.is_bool_dtype(raw):
        raise ContractBroken(
            "ds holds numbers, not dates", hint="give dates, for example pd.date_range('2020-01-01', periods=n, freq='MS')"
        )
    if isinstance(raw.dtype, pd.PeriodDtype):
        raw = raw.dt.to_timestamp()
    if raw.dtype == object and len({_zone_written(value) for value in raw.dropna()}) > 1:
        raise ContractBroken("ds mixes time zones", hint="convert all to one zone first: pd.to_datetime(ds, utc=True)")
    try:
        dates = pd.to_datetime(raw, format="ISO8601") if raw.dtype == object else pd.to_datetime(raw)
    except (ValueError, TypeError, pd.errors.OutOfBoundsDatetime) as error:
        raise ContractBroken(f"ds holds values that are not dates: {error}", hint="write dates as 2024-01-31") from error
    if dates.isna().any():
        raise ContractBroken(f"{int(dates.isna().sum())} rows have no date", hint="drop or complete these rows")
    if dates.dt.tz is None:
        return dates
    local = dates.dt.tz_localize(None)
    if (local == local.dt.normalize()).all():
        notes.append(f"dates are whole days of zone {dates.dt.tz}: the zone was dropped")
        return local
    notes.append(f"times of zone {dates.dt.tz} were converted to UTC")
    return dates.dt.tz_convert("UTC").dt.tz_localize(None)


def _zone_written(value: object) -> str:
    """Return the zone that a date carries: its name or offset, empty where it has none."""
    if isinstance(value, str):
        found = _OFFSET.search(value.strip())
        return found.group() if found else ""
    return str(getattr(value, "tzinfo", None) or "")


def _numbers(raw: pd.Series) -> pd.Series:
    try:
        values = pd.to_numeric(raw).astype("float64")
    except (ValueError, TypeError) as error:
        raise ContractBroken(f"y holds values that are not numbers: {error}", hint="convert the column to numbers first") from error
    if np.isinf(values).any():
        raise ContractBroken("y holds infinite values", hint="replace them by missing values")
    if values.isna().all():
        raise ContractBroken("y holds no number", hint="pass at least one observed value")
    return values


def _refuse_duplicates(table: pd.DataFrame) -> None:
    twice = table.duplicated(["unique_id", "ds"])
    if twice.any():
        first = table[twice].iloc[0]
        raise ContractBroken(
            f"{int(twice.sum())} dates occur twice, the first is {first['ds']} in {first['unique_id']!r}",
            hint="sum them first: demand.groupby(['unique_id', 'ds'], as_index=False)['y'].sum()",
        )


def _inferred(table: pd.DataFrame, notes: list[str]) -> str:
    dates = pd.DatetimeIndex(table["ds"].drop_duplicates().sort_values())
    grid = frequency.infer(dates)
    if len(dates) < 2:
        notes.append(f"a single date says nothing of its frequency: {grid} assumed, pass freq= to change it")
    return grid


def _regular(unique_id: str, values: pd.Series, grid: str, season: int, notes: list[str]) -> Demand:
    observed = values.dropna()
    if observed.empty:
        raise ContractBroken(f"series {unique_id!r} holds no number", hint="leave the series out")
    index = pd.date_range(observed.index[0], observed.index[-1], freq=grid)
    if not observed.index.isin(index).all():
        off = observed.index[~observed.index.isin(index)][0]
        raise ContractBroken(
            f"series {unique_id!r}: {off} does not lie on the grid {grid}", hint="sum per period first, or pass another freq="
        )
    cut = int((values.index > observed.index[-1]).sum() + (values.index < observed.index[0]).sum())
    if cut:
        notes.append(f"{unique_id}: {cut} missing values at the ends were cut off")
    on_grid = observed.reindex(index)
    filled = on_grid.isna().to_numpy()
    if filled.any():
        notes.append(f"{unique_id}: {int(filled.sum())} of {len(filled)} periods were missing and are filled with estimates")
        on_grid = _filled(on_grid, season)
    return Demand(unique_id, on_grid.rename("y"), filled)


def _filled(values: pd.Series, season: int) -> pd.Series:
    """Fill from the same season before and after where both are known, otherwise on a straight line."""
    if season > 1:
        neighbours = (values.shift(season) + values.shift(-season)) / 2
        values = values.fillna(neighbours)
    return values.interpolate("linear")
