"""Demand as it comes, made regular: one Series or a long frame in, clean series on one calendar grid out, and a note for whatever was done.

Illegal input (duplicates, irregular or mixed-zone dates, no numbers) is refused with advice; nothing is repaired in silence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument
from cyberpunk_ai.core.numbers import not_numbers, to_numbers
from cyberpunk_ai.forecasting import frequency
from cyberpunk_ai.forecasting.resampling import resampled, usual_grid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cyberpunk_ai.forecasting.base import FloatArray

# The offset that may close a written time, such as Z or +02:00.
_OFFSET = re.compile(r"(?<=\d)(Z|[+-]\d\d:?\d\d)$")

# Models take time in proportion to the history, or worse, and the newest ten thousand periods (a year of hours, 27 of days) say all of it.
MOST_PERIODS = 10_000
LEAST_FILLED = 0.5  # of the periods of so long a series


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
    outliers: pd.DataFrame = field(default_factory=pd.DataFrame)


def no_outliers() -> pd.DataFrame:
    """Return the list of outliers where none was replaced."""
    kinds = {"unique_id": "object", "ds": "datetime64[ns]", "y": "float64", "replaced_by": "float64", "reason": "object"}
    return pd.DataFrame(columns=list(kinds)).astype(kinds)


def read_demand(
    demand: pd.Series | pd.DataFrame, *, freq: str | None = None, season_length: int | None = None, resample: str | None = None
) -> Panel:
    """Check demand, put it on one calendar grid and fill what is missing.

    Args:
        demand: Series with dates as index, or a long frame with `ds` and `y`, and `unique_id` when it holds several series.
        freq: Frequency of the dates; inferred where None.
        season_length: Periods in one season; the usual one of the frequency where None.
        resample: How rows of one period are put together, `sum`, `mean` or `last`; None refuses irregular and duplicate dates.

    Returns:
        The series in order of their names.

    Raises:
        ContractBroken: A column is missing, dates are not dates, duplicate, irregular or of several zones, or values are not numbers.
        InvalidArgument: The frequency or the season is not possible.
    """
    notes: list[str] = []
    table = _long(demand)
    table["ds"] = plain_dates(table["ds"], notes)
    table["y"] = _numbers(table["y"])
    if season_length is not None and season_length < 1:
        raise InvalidArgument(f"season_length must be at least 1, not {season_length}")
    if resample is not None:
        grid = frequency.normalise(freq) if freq else usual_grid(table)
        table = resampled(_newest(table, grid, notes), grid, resample, notes)
    else:
        _refuse_duplicates(table)
        if not table.groupby("unique_id", sort=False)["ds"].is_monotonic_increasing.all():
            notes.append("dates were not in order: sorted")
        table = table.sort_values(["unique_id", "ds"], kind="stable")
        grid = frequency.normalise(freq) if freq else _inferred(table, notes)
        table = _newest(table, grid, notes)
    season = season_length or frequency.season_of(grid)
    return Panel(tuple(_regular(table, grid, season, notes)), grid, season, tuple(notes), no_outliers())


def _newest(table: pd.DataFrame, grid: str, notes: list[str]) -> pd.DataFrame:
    """Keep the newest periods of each series where it has more than models take in; refuse few rows over endless time.

    Raises:
        InvalidArgument: Most of the periods between a series' first and last row would be made up.
    """
    whole = pd.date_range(table["ds"].min(), table["ds"].max(), freq=grid)
    if len(whole) <= MOST_PERIODS:
        return table
    ends = table.groupby("unique_id", sort=True)["ds"].agg(["min", "max", "size"])
    first, last = (whole.searchsorted(pd.DatetimeIndex(ends[name]), side="right") for name in ("min", "max"))
    periods = last - first + 1
    sparse = (periods > MOST_PERIODS) & (ends["size"].to_numpy() < LEAST_FILLED * periods)
    if sparse.any():
        place = int(np.argmax(sparse))
        raise InvalidArgument(
            f"series {ends.index[place]!r}: {ends['size'].iloc[place]} rows would become {periods[place]:,} periods of {grid}, "
            f"more than {MOST_PERIODS:,}",
            hint="choose a coarser frequency, such as freq='D' or freq='MS'",
        )
    starts = pd.Series(whole[np.maximum(last - MOST_PERIODS, 0)], index=ends.index)
    kept = table[table["ds"] >= table["unique_id"].map(starts)]
    if len(kept) < len(table):
        notes.append(f"the newest {MOST_PERIODS:,} periods of each series are used; {len(table) - len(kept):,} older rows are left out")
    return kept.reset_index(drop=True)


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


def plain_dates(raw: pd.Series, notes: list[str]) -> pd.Series:
    """Return dates without a zone.

    Args:
        raw: Dates, periods or texts of dates.
        notes: Takes what was done to zones.

    Raises:
        ContractBroken: These are no dates, or they mix zones.
    """
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
    values = to_numbers(raw).astype("float64")
    if wrong := not_numbers(raw, values):
        raise ContractBroken(f"y holds values that are not numbers: {wrong[0][:60]!r}", hint="convert the column to numbers first")
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
            hint='pass resample="sum" to put the rows of a period together, or remove the copies',
        )


def _inferred(table: pd.DataFrame, notes: list[str]) -> str:
    dates = pd.DatetimeIndex(table["ds"].drop_duplicates().sort_values())
    grid = frequency.infer(dates)
    if len(dates) < 2:
        notes.append(f"a single date says nothing of its frequency: {grid} assumed, pass freq= to change it")
    return grid


def _regular(table: pd.DataFrame, grid: str, season: int, notes: list[str]) -> Iterator[Demand]:
    """Lay all series on one grid at once; looping over ten thousand frames would take longer than forecasting them."""
    codes, names = pd.factorize(table["unique_id"], sort=True)
    dates, values = table["ds"].to_numpy(), table["y"].to_numpy(float)
    known = ~np.isnan(values)
    seen = np.bincount(codes[known], minlength=len(names))
    if (seen == 0).any():
        raise ContractBroken(f"series {names[int(np.argmin(seen))]!r} holds no number", hint="leave the series out")
    codes_known, dates_known, values_known = codes[known], dates[known], values[known]
    first = np.searchsorted(codes_known, np.arange(len(names)))
    whole = pd.date_range(dates_known.min(), dates_known.max(), freq=grid)
    places = whole.get_indexer(pd.DatetimeIndex(dates_known))
    if (places < 0).any():
        off = int(np.argmin(places))
        raise ContractBroken(
            f"series {str(names[codes_known[off]])!r}: {pd.Timestamp(dates_known[off])} does not lie on the grid {grid}",
            hint='pass resample="sum" to put the rows of a period together, or another freq=',
        )
    last = np.append(first[1:], len(codes_known)) - 1
    starts, ends = places[first], places[last] + 1
    offsets = np.concatenate([[0], np.cumsum(ends - starts)])
    flat = np.full(offsets[-1], np.nan)
    flat[offsets[codes_known] + places - starts[codes_known]] = values_known
    missing = np.isnan(flat)
    outside = np.bincount(codes[~known & ((dates < dates_known[first][codes]) | (dates > dates_known[last][codes]))], minlength=len(names))
    for position, name in enumerate(names):
        span = slice(offsets[position], offsets[position + 1])
        series = pd.Series(flat[span], index=whole[starts[position] : ends[position]], name="y")
        filled = missing[span]
        if outside[position]:
            notes.append(f"{name}: {outside[position]} missing values at the ends were cut off")
        if filled.any():
            notes.append(f"{name}: {int(filled.sum())} of {len(filled)} periods were missing and are filled with estimates")
            series = _filled(series, season)
        yield Demand(str(name), series, filled)


def _filled(values: pd.Series, season: int) -> pd.Series:
    """Fill from the same season before and after where both are known, otherwise on a straight line."""
    if season > 1:
        neighbours = (values.shift(season) + values.shift(-season)) / 2
        values = values.fillna(neighbours)
    return values.interpolate("linear")
