"""How good a churn score is: ranking, squared error, log loss and calibration, in plain numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray

BINS = 10


def area_under_curve(left: FloatArray, score: FloatArray) -> float:
    """Return the chance that one who left scores above one who stayed; ties count half. NaN when all left or none."""
    positives = float(left.sum())
    negatives = len(left) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    return float((rankdata(score)[left > 0].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_precision(left: FloatArray, score: FloatArray) -> float:
    """Return the mean precision over the leavers, highest scores first; customers of one score are found together. NaN when none left."""
    if not left.sum():
        return float("nan")
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    found = np.cumsum(left[order])[ends]
    return float((np.diff(found, prepend=0.0) * found / (ends + 1)).sum() / found[-1])


def lift_at_top(left: FloatArray, score: FloatArray, share: float = 0.1) -> float:
    """Return how many times as often the highest scores leave as all do. NaN when none left."""
    first = np.argsort(-score, kind="stable")[: max(round(share * len(left)), 1)]
    return float(left[first].mean() / left.mean()) if left.sum() else float("nan")


def brier(left: FloatArray, chance: FloatArray) -> float:
    """Return the mean squared distance between chance and outcome."""
    return float(np.mean((chance - left) ** 2))


def losses(left: FloatArray, chance: FloatArray) -> FloatArray:
    """Return the log loss of each customer."""
    inside = np.clip(chance, 1e-6, 1 - 1e-6)
    return -(left * np.log(inside) + (1 - left) * np.log1p(-inside))


def calibration_error(left: FloatArray, chance: FloatArray) -> float:
    """Return the mean distance between predicted and observed share over ten groups of equal size, ordered by chance."""
    groups = np.array_split(np.argsort(chance, kind="stable"), min(BINS, len(left)))
    return float(sum(abs(chance[group].mean() - left[group].mean()) * len(group) for group in groups) / len(left))
