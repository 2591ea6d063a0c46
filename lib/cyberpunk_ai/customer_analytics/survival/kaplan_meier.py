"""How long customers stay: the product-limit curve with its error, from recorded leaving or from the first long silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import ContractBroken

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray, FloatArray, Ledger

Z95 = 1.959963984540054
PRIOR_LEAVERS = 5.0


def kaplan_meier(tenure_days: FloatArray, left: BoolArray) -> pd.DataFrame:
    """Estimate the chance that a customer is still there after each tenure.

    Args:
        tenure_days: Days observed per customer, shape (n,), all >= 0.
        left: Whether the customer had left by then, shape (n,); False means still there (right-censored).

    Returns:
        days, survival, std_error, lo, hi, at_risk: one row at day 0 and one per distinct day on which somebody left. The curve never
        rises. The band is the 95% log-log interval; it is missing where the curve is 0 or 1.

    Raises:
        ContractBroken: Lengths differ or a tenure is negative or missing.

    Source:
        Kaplan & Meier (1958); Greenwood's formula for the error; Kalbfleisch & Prentice for the log-log interval.
    """
    tenure, left = np.asarray(tenure_days, dtype=np.float64), np.asarray(left, dtype=bool)
    if tenure.shape != left.shape or not (tenure >= 0).all():
        raise ContractBroken("survival: tenures and leaving differ in length, or a tenure is negative", frame="survival")
    days, place = np.unique(tenure[left], return_inverse=True)
    gone = np.bincount(place, minlength=len(days)).astype(np.float64)
    at_risk = len(tenure) - np.searchsorted(np.sort(tenure), days, side="left").astype(np.float64)
    survival = np.cumprod(1.0 - gone / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(gone / (at_risk * (at_risk - gone)))
        std_error = np.where(survival > 0, survival * np.sqrt(greenwood), 0.0)
        spread = Z95 * np.sqrt(greenwood) / np.log(survival)
        inside = (survival > 0) & (survival < 1)
        lo = np.where(inside, survival ** np.exp(-spread), np.nan)
        hi = np.where(inside, survival ** np.exp(spread), np.nan)
    return pd.DataFrame(
        {
            "days": np.concatenate([[0.0], days]),
            "survival": np.concatenate([[1.0], survival]),
            "std_error": np.concatenate([[0.0], std_error]),
            "lo": np.concatenate([[1.0], lo]),
            "hi": np.concatenate([[1.0], hi]),
            "at_risk": np.concatenate([[len(tenure)], at_risk]).astype(np.int64),
        }
    )


def chance_within(tenure_days: FloatArray, left: BoolArray, stayed_days: FloatArray, horizon_days: float) -> FloatArray:
    """Return the chance to leave within the horizon for customers who have stayed so long.

    It rests on how many of all customers left between that tenure and a horizon later, over the days that they were seen there, drawn
    to the common rate as if five more had left at it: at the end of the curve, where few are left, one departure says little.

    Args:
        tenure_days: Days observed per customer, shape (n,).
        left: Whether the customer had left by then, shape (n,).
        stayed_days: Tenures to answer for, shape (m,).
        horizon_days: How far to look ahead.
    """
    tenure, gone = np.sort(tenure_days), np.sort(tenure_days[left])
    common = (len(gone) + 0.5) / max(float(tenure.sum()), 1.0)
    sums = np.concatenate([[0.0], np.cumsum(tenure)])

    def seen_after(days: FloatArray) -> FloatArray:
        place = np.searchsorted(tenure, days)
        seen: FloatArray = (sums[-1] - sums[place]) - days * (len(tenure) - place)
        return seen

    until = stayed_days + horizon_days
    leavers = np.searchsorted(gone, until, side="right") - np.searchsorted(gone, stayed_days, side="right")
    rate = (leavers + PRIOR_LEAVERS) / (seen_after(stayed_days) - seen_after(until) + PRIOR_LEAVERS / common)
    chance: FloatArray = -np.expm1(-rate * horizon_days)
    return chance


def first_silence(ledger: Ledger, silence_days: int) -> tuple[FloatArray, BoolArray]:
    """Return how long each customer kept buying without a silence longer than `silence_days`, and whether one came.

    A customer has left once that many days passed after a purchase; it counts as leaving on the last of them, also when it comes back
    later. Customers without such a silence are censored at the moment of the analysis.

    Args:
        ledger: Purchases up to the moment of the analysis.
        silence_days: Longest silence of a customer who is still there.
    """
    following = np.append(ledger.day[1:], 0)
    following[ledger.last_row] = ledger.as_of_day + 1  # the day after: an open silence must be longer than allowed too
    is_silent = following - ledger.day > silence_days
    row = np.where(is_silent, np.arange(len(ledger.day)), len(ledger.day))
    first = np.minimum.reduceat(row, ledger.first_row)
    left = first < len(ledger.day)
    until = np.where(left, ledger.day[np.minimum(first, len(ledger.day) - 1)] + silence_days, ledger.as_of_day)
    return (until - ledger.first_day).astype(np.float64), left
