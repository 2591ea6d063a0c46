"""Covariates that are known ahead, as columns on the grid of the demand: the user's own and the holidays of a country.

What they do to demand is `covariate_effects`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument
from cyberpunk_ai.forecasting import frequency
from cyberpunk_ai.forecasting.input import plain_dates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from cyberpunk_ai.forecasting.base import FloatArray
    from cyberpunk_ai.forecasting.input import Demand, Panel

_KEYS = ("unique_id", "ds", "y")
_MOST_CATEGORIES = 12
WORKING_DAYS = "working days"

_Columns = tuple[tuple[str, ...], list[npt.NDArray[np.float64]]]


@dataclass(frozen=True)
class Covariates:
    """Columns known over history and horizon.

    Attributes:
        names: What each column is.
        values: Per series, shape (periods + horizon, columns), all finite.
        notes: What was done to them.
        if_ending: The same where the date of a week is its last day and not its first; None where there is no doubt.
    """

    names: tuple[str, ...]
    values: tuple[FloatArray, ...]
    notes: tuple[str, ...]
    if_ending: Covariates | None = None


def read_covariates(
    demand: pd.Series | pd.DataFrame, future: pd.DataFrame | None, holidays: str | Sequence[str] | None, panel: Panel, horizon: int
) -> Covariates | None:
    """Lay the covariates of a request on the grid of its series.

    Args:
        demand: As the caller gave it; columns beside unique_id, ds and y are covariates of the past.
        future: ds, the same columns, and unique_id where they differ between series, for every period of the horizon.
        holidays: Country, such as `DE`, or country and region, such as `DE-BY`; several are taken together.
        panel: The demand on its grid.
        horizon: Periods to forecast.

    Returns:
        The columns, or None where nothing is known ahead.

    Raises:
        ContractBroken: Past and future do not hold the same columns, a period of the horizon is missing, or a value is no number.
        InvalidArgument: The country is not known.
    """
    extra = [] if isinstance(demand, pd.Series) else [str(column) for column in demand.columns if column not in _KEYS]
    notes: list[str] = []
    parts: list[_Columns] = []
    if future is not None:
        parts.append(_given(demand, future, extra, panel, horizon, notes))
    elif extra:
        notes.append(f"{', '.join(extra)} known in the past only and left out: pass future= with their values over the horizon")
    if holidays is None:
        return _beside(parts, notes) if parts or notes else None
    countries = [holidays] if isinstance(holidays, str) else list(holidays)
    found = _beside([*parts, _holidays(countries, panel, horizon, closes=_closes(panel.freq))], notes)
    if not panel.freq.lstrip("0123456789").startswith("W"):
        return found
    return replace(found, if_ending=_beside([*parts, _holidays(countries, panel, horizon, closes=True)], notes))


def _beside(parts: Sequence[_Columns], notes: list[str]) -> Covariates:
    names = tuple(name for columns, _ in parts for name in columns)
    values = tuple(np.concatenate(each, axis=1) for each in zip(*(tables for _, tables in parts), strict=True))
    return Covariates(names, values, tuple(notes))


def _closes(freq: str) -> bool:
    return freq.partition("-")[0].lstrip("0123456789").endswith("E")


def _given(
    demand: pd.Series | pd.DataFrame, future: pd.DataFrame, extra: list[str], panel: Panel, horizon: int, notes: list[str]
) -> _Columns:
    if not isinstance(future, pd.DataFrame) or "ds" not in future.columns:
        raise ContractBroken("future: column 'ds' is missing", hint="give one row per period of the horizon, with ds and the covariates")
    if isinstance(demand, pd.Series) or not extra:
        raise ContractBroken("future holds covariates that the demand does not", hint="add the same columns to the rows of demand")
    absent = [column for column in extra if column not in future.columns]
    unknown = [str(column) for column in future.columns if column not in (*_KEYS, *extra)]
    if absent or unknown:
        words = f"lacks {', '.join(absent)}" if absent else f"has {', '.join(unknown)} beyond the demand's"
        raise ContractBroken(f"future {words}", hint="demand and future must hold the same covariates, known for past and horizon")
    past = demand[["ds", *extra]].assign(unique_id=demand["unique_id"].astype(str) if "unique_id" in demand.columns else "demand")
    ahead = future[["ds", *extra]].assign(unique_id=future["unique_id"].astype(str) if "unique_id" in future.columns else None)
    past["ds"], ahead["ds"] = plain_dates(past["ds"], []), plain_dates(ahead["ds"], [])
    both, names = _numbers(past, ahead, extra)
    past, ahead = both.iloc[: len(past)], both.iloc[len(past) :]
    per_series = dict(tuple(past.groupby("unique_id")))
    ahead_of = dict(tuple(ahead.groupby("unique_id"))) if "unique_id" in future.columns else {}
    tables: list[FloatArray] = []
    carried: list[str] = []
    for each in panel.demands:
        known = per_series[each.unique_id].drop_duplicates("ds").set_index("ds")[names].reindex(each.series.index)
        if known.isna().any().any():
            carried.append(each.unique_id)
            known = known.ffill().bfill().fillna(0.0)
        tables.append(
            np.concatenate([known.to_numpy(float), _over_horizon(each, ahead_of.get(each.unique_id), ahead, names, panel, horizon)])
        )
    if carried:
        notes.append(f"{', '.join(carried)}: missing covariates of the past were carried on from the period before")
    return tuple(names), tables


def _over_horizon(
    demand: Demand, own: pd.DataFrame | None, common: pd.DataFrame, names: list[str], panel: Panel, horizon: int
) -> FloatArray:
    dates = frequency.dates_after(demand.series.index[-1], panel.freq, horizon)
    rows = common if own is None and common["unique_id"].isna().all() else own
    if rows is None:
        raise ContractBroken(
            f"future has no rows of series {demand.unique_id!r}", hint="give rows for every series, or leave unique_id out"
        )
    if rows["ds"].duplicated().any():
        raise ContractBroken(f"future: dates of {demand.unique_id!r} occur twice", hint="keep one row per period")
    table = rows.set_index("ds")[names].reindex(dates)
    gaps = table.isna().any(axis=1)
    if gaps.any():
        first = f"{table.index[gaps][0]:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
        raise ContractBroken(
            f"future: {int(gaps.sum())} of {horizon} periods of {demand.unique_id!r} are missing, the first is {first}",
            hint=f"covariates must be known for every period from {dates[0].date()} to {dates[-1].date()}",
        )
    return np.asarray(table.to_numpy(float), dtype=np.float64)


def _numbers(past: pd.DataFrame, ahead: pd.DataFrame, extra: list[str]) -> tuple[pd.DataFrame, list[str]]:
    both = pd.concat([past, ahead], ignore_index=True)
    names: list[str] = []
    for column in extra:
        values = both.pop(column)
        if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
            numbers = values.astype(float)
            if np.isinf(numbers).any():
                raise ContractBroken(f"covariate {column!r} holds infinite values", hint="replace them by numbers")
            both[column] = numbers
            names.append(column)
            continue
        kinds = sorted(map(str, values.dropna().unique()))
        if len(kinds) > _MOST_CATEGORIES:
            raise ContractBroken(
                f"covariate {column!r} holds {len(kinds)} different texts",
                hint=f"give numbers, or at most {_MOST_CATEGORIES} kinds",
            )
        for kind in kinds[1:]:
            both[f"{column} {kind}"] = (values.astype(str) == kind).astype(float).where(values.notna())
            names.append(f"{column} {kind}")
    return both, names


def _holidays(countries: list[str], panel: Panel, horizon: int, *, closes: bool) -> _Columns:
    grids = [each.series.index.append(frequency.dates_after(each.series.index[-1], panel.freq, horizon + 1)) for each in panel.demands]
    # A period more in front, since dates that stand at the end of their period begin with the one before.
    first = min(grid[0] for grid in grids).normalize() - pd.Timedelta(days=370)
    days = pd.date_range(first, max(grid[-1] for grid in grids).normalize(), freq="D")
    names, marks = _marked(countries, days)
    stem = panel.freq.partition("-")[0].lstrip("0123456789")
    if stem in ("D", "B", "h"):
        return names, [marks[(pd.DatetimeIndex(grid[:-1]).normalize() - first).days.to_numpy()] for grid in grids]
    workdays = (np.asarray(days.weekday) < 5) & ~marks.any(axis=1)
    sums = np.concatenate([np.zeros((1, len(names) + 1)), np.cumsum(np.column_stack([marks, workdays]), axis=0)])
    tables: list[FloatArray] = []
    for grid in grids:
        if closes:
            before = pd.date_range(end=grid[0], periods=2, freq=panel.freq)[0]
            bounds = (pd.DatetimeIndex([before, *grid[:-1]]) - first).days.to_numpy() + 1
        else:
            bounds = (pd.DatetimeIndex(grid) - first).days.to_numpy()
        tables.append(np.diff(sums[bounds], axis=0))
    return (*names, WORKING_DAYS), tables


def _marked(countries: list[str], days: pd.DatetimeIndex) -> tuple[tuple[str, ...], FloatArray]:
    """Return the names of the holidays and, one column each, on which of the days they fall."""
    found = [
        (day, name) for country in countries for day, names in _calendar(country, sorted(set(days.year))) for name in names.split("; ")
    ]
    inside = [(place, name) for day, name in found if 0 <= (place := (pd.Timestamp(day) - days[0]).days) < len(days)]
    names = tuple(sorted({name for _, name in inside}))
    marks = np.zeros((len(days), len(names)))
    for place, name in inside:
        marks[place, names.index(name)] = 1.0
    return names, marks


def _calendar(country: str, years: list[int]) -> list[tuple[date, str]]:
    import holidays

    code, _, region = country.partition("-")
    try:
        found = holidays.country_holidays(code.upper(), subdiv=region.upper() or None, years=years, language="en_US")
    except NotImplementedError as error:
        raise InvalidArgument(
            f"no holidays are known for {country!r}", hint="write a country such as DE, or with its region, DE-BY"
        ) from error
    return list(found.items())
