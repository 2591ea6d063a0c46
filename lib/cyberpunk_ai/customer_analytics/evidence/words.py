"""What one feature says of one customer, in words. Reasons by theme, told in every row of a report, are in `churn/reasons`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    from collections.abc import Callable


def words_for(name: str, value: float, horizon_days: int) -> str:
    """Return what a feature says: `last purchase 34 days ago`, `Contract is not Two year`.

    Args:
        name: Name of the feature.
        value: As the model sees it, logarithms and all.
        horizon_days: Width of the windows.
    """
    if name in _PURCHASES:
        return _PURCHASES[name](value, horizon_days)
    field, is_choice, choice = name.partition("=")
    if is_choice:
        return f"{field} is {choice}" if value > 0.5 else f"{field} is not {choice}"
    return f"{name.replace('_', ' ')} is {value:g}"


def days(count: float) -> str:
    """Return `1 day`, `12 days`."""
    whole = round(count)
    return f"{whole:,} day" if whole == 1 else f"{whole:,} days"


def _times(logarithm: float, of: str) -> str:
    return f"silent for {np.exp(logarithm):.1f} times {of}"


def _bought(count: float) -> str:
    whole = round(count)
    return "no purchase" if whole == 0 else "1 purchase" if whole == 1 else f"{whole:,} purchases"


def _amount(logarithm: float) -> str:
    return f"{np.sign(logarithm) * np.expm1(abs(logarithm)):,.2f}"


_PURCHASES: dict[str, Callable[[float, int], str]] = {
    "recency_days": lambda value, _: f"last purchase {days(np.expm1(value))} ago" if np.expm1(value) >= 0.5 else "last purchase today",
    "recency_over_pace": lambda value, _: _times(value, "the average gap"),
    "recency_over_last_gap": lambda value, _: _times(value, "the last gap"),
    "silent": lambda value, _: f"rhythm alone gives {expit(value):.0%} to stay away",
    "frequency": lambda value, _: f"came back {round(np.expm1(value)):,} times" if round(np.expm1(value)) != 1 else "came back once",
    "pace_days": lambda value, _: f"one purchase in {days(np.expm1(value))} on average",
    "recent_half": lambda value, horizon: f"{_bought(value)} in the last {days(max(horizon // 2, 1))}",
    "recent": lambda value, horizon: f"{_bought(value)} in the last {days(horizon)}",
    "previous": lambda value, horizon: f"{_bought(value)} in the {days(horizon)} before those",
    "longer": lambda value, horizon: f"{_bought(value)} between {days(4 * horizon)} and {days(2 * horizon)} ago",
    "active_halves": lambda value, horizon: f"bought in {value:.0%} of the last spells of {days(max(horizon // 2, 1))}",
    "active_eighths": lambda value, horizon: f"bought in {round(value)} of the last 8 spells of {days(max(horizon // 8, 1))}",
    "gap_spread": lambda value, _: f"gaps between purchases vary by {value:.0%} of their mean" if value > 0 else "gaps do not vary",
    "mean_amount": lambda value, _: f"spends {_amount(value)} per purchase",
    "recent_revenue": lambda value, horizon: f"brought {_amount(value)} net in the last {days(horizon)}",
    "revenue": lambda value, _: f"brought {_amount(value)} net in all",
    "refund_share": lambda value, _: f"gave back {value:.0%} of what was bought",
    "tenure_days": lambda value, _: f"customer for {days(np.expm1(value))}",
    "tenure": lambda value, _: f"customer for {days(np.expm1(value))}",
}
