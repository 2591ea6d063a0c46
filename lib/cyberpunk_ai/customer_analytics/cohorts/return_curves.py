"""How many customers came back by the days since their first purchase: on a day, within a bracket of days, or on a day or any later one.

The denominator holds only customers who are old enough to tell; a curve that counts younger ones sinks for no reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, IntArray, Ledger

DAYS = (1, 3, 7, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365, 545, 730, 1095, 1460, 1825)
WEEK, MONTH, MOST_BRACKETS = 7, 30, 24
# Below so many days of history, months would be too few to make a curve.
WEEKLY_BELOW_DAYS = 120
Z95 = 1.959963984540054


def return_curves(ledger: Ledger) -> pd.DataFrame:
    """Return N-day, bracket and unbounded retention of all customers together.

    Args:
        ledger: Purchases up to the moment of the analysis.

    Returns:
        kind (`n_day`: bought on that very day; `bracket`: bought between `day` and `until_day`; `unbounded`: bought on that day or any
        later one, as far as seen), day and until_day (days since the first purchase; until_day is missing for `unbounded`), eligible
        (customers whose whole bracket lies in the past), returned, retention (missing while nobody is eligible; a day on which nobody
        came back stays 0), lo and hi (95% Wilson interval).
    """
    tenure = np.sort(ledger.tenure_days)
    longest = int(tenure[-1]) if len(tenure) else 0
    since = ledger.day - ledger.first_day[ledger.buyer]
    days = np.array([day for day in DAYS if day <= longest], dtype=np.int64)
    width = WEEK if longest < WEEKLY_BELOW_DAYS else MONTH
    starts = 1 + width * np.arange(min(longest // width, MOST_BRACKETS), dtype=np.int64)
    parts = [
        _curve("n_day", days, days, tenure, np.bincount(since, minlength=longest + 1)[days]),
        _curve("bracket", starts, starts + width - 1, tenure, _in_brackets(ledger, since, width, len(starts))),
        _curve("unbounded", days, None, tenure, _on_or_after(ledger, days)),
    ]
    return pd.concat(parts, ignore_index=True)


def _in_brackets(ledger: Ledger, since: IntArray, width: int, count: int) -> IntArray:
    """Customers with a purchase in each bracket, among those for whom it is over."""
    bracket = (since - 1) // width
    inside = (since > 0) & (bracket < count) & ((bracket + 1) * width <= ledger.tenure_days[ledger.buyer])
    # A customer counts once per bracket; purchases are sorted by customer and day, so its repeats stand side by side.
    key = ledger.buyer[inside] * max(count, 1) + bracket[inside]
    is_first = np.ones(len(key), dtype=bool)
    is_first[1:] = key[1:] != key[:-1]
    return np.bincount(bracket[inside][is_first], minlength=count)


def _on_or_after(ledger: Ledger, days: IntArray) -> IntArray:
    last = np.sort(ledger.last_day - ledger.first_day)
    return len(last) - np.searchsorted(last, days)


def _curve(kind: str, day: IntArray, until: IntArray | None, tenure: IntArray, returned: IntArray) -> pd.DataFrame:
    needed = day if until is None else until
    eligible = len(tenure) - np.searchsorted(tenure, needed)
    share = np.divide(returned, eligible, out=np.full(len(day), np.nan), where=eligible > 0)
    lo, hi = wilson(share, eligible.astype(np.float64))
    return pd.DataFrame(
        {
            "kind": kind,
            "day": day,
            "until_day": np.full(len(day), np.nan) if until is None else until.astype(np.float64),
            "eligible": eligible,
            "returned": returned,
            "retention": share,
            "lo": lo,
            "hi": hi,
        }
    )


def wilson(share: FloatArray, count: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the 95% interval of a share, missing where nothing was counted.

    Source:
        Wilson (1927), the score interval.
    """
    counted = np.maximum(count, 1.0)
    middle = (share + Z95**2 / (2 * counted)) / (1 + Z95**2 / counted)
    reach = Z95 / (1 + Z95**2 / counted) * np.sqrt(share * (1 - share) / counted + Z95**2 / (4 * counted**2))
    return np.clip(middle - reach, 0.0, 1.0), np.clip(middle + reach, 0.0, 1.0)
