"""Frequencies: which regular calendar grid some dates lie on, how long its season is, and the dates that come next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterator

_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_SEASONS = {"YS": 1, "YE": 1, "QS": 4, "QE": 4, "MS": 12, "ME": 12, "W": 52, "D": 7, "B": 5, "h": 24}
# Names that pandas or users still write, and the ones that current pandas wants.
_ALIASES = {"Y": "YE", "A": "YE", "AS": "YS", "Q": "QE", "M": "ME", "H": "h"}
# Below half of the grid's periods present, the dates are events, not a series.
_LEAST_FILLED = 0.5


def normalise(freq: str) -> str:
    """Return the frequency in the spelling of current pandas.

    Raises:
        InvalidArgument: pandas knows no such frequency, or it is not one of years, quarters, months, weeks, days and hours.
    """
    stem, _, anchor = freq.partition("-")
    stem = _ALIASES.get(stem, stem)
    spelled = f"{stem}-{anchor}" if anchor else stem
    try:
        offset = pd.tseries.frequencies.to_offset(spelled)
    except ValueError:
        offset = None
    if offset is None or _stem(offset.freqstr) not in _SEASONS or offset.n < 1:
        raise InvalidArgument(f"frequency {freq!r} is not known", hint=f"use one of {', '.join(_SEASONS)}, with an anchor such as W-MON")
    return str(offset.freqstr)


def season_of(freq: str) -> int:
    """Return the usual season of a frequency: 12 for months, 4 quarters, 52 weeks, 7 days, 24 hours, otherwise 1."""
    offset = pd.tseries.frequencies.to_offset(freq)
    usual = _SEASONS[_stem(freq)]
    return max(usual // offset.n, 1) if usual % offset.n == 0 else 1


def dates_after(last: pd.Timestamp, freq: str, horizon: int) -> pd.DatetimeIndex:
    """Return the `horizon` dates of the grid that follow `last`."""
    return pd.date_range(last, periods=horizon + 1, freq=freq)[1:]


def infer(dates: pd.DatetimeIndex) -> str:
    """Find the coarsest calendar grid that all dates lie on and mostly fill.

    Args:
        dates: Distinct, sorted, without zone.

    Returns:
        A pandas frequency, e.g. `MS`, `W-MON`, `D`, `h`.

    Raises:
        ContractBroken: No grid fits; the hint says what to do.
    """
    if len(dates) < 2:
        return "MS" if dates[0].day == 1 else "D"
    for freq in _candidates(dates):
        grid = pd.date_range(dates[0], dates[-1], freq=freq)
        if dates.isin(grid).all() and len(dates) >= _LEAST_FILLED * len(grid):
            return freq
    gaps = pd.Series(dates).diff().dropna()
    raise ContractBroken(
        f"the dates are irregular: steps range from {gaps.min()} to {gaps.max()}",
        hint='pass resample="sum" to put the rows of a day, week or month together, or freq=',
    )


def _candidates(dates: pd.DatetimeIndex) -> Iterator[str]:
    first = dates[0]
    if (dates == dates.normalize()).all():
        month = _MONTHS[first.month - 1]
        if (dates.day == 1).all():
            yield from (f"YS-{month}", f"QS-{_MONTHS[(first.month - 1) % 3]}", "MS")
        elif dates.is_month_end.all():
            yield from (f"YE-{month}", f"QE-{_MONTHS[9 + (first.month - 1) % 3]}", "ME")
        yield f"W-{_WEEKDAYS[first.weekday()]}"
        if (dates.weekday < 5).all() and len(dates) > 5:
            yield "B"
        yield "D"
    elif (dates.minute == 0).all() and (dates.second == 0).all() and (dates.microsecond == 0).all():
        hours = np.diff(dates.values).astype("timedelta64[h]").astype(int)
        common = int(np.gcd.reduce(hours))
        yield "h" if common == 1 else f"{common}h"


def _stem(freq: str) -> str:
    return re.sub(r"^\d+", "", freq).partition("-")[0]
