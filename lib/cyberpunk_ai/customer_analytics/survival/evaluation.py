"""How well predicted survival comes true: who leaves first, and how far the chances were off, with censoring taken into account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.integrate import trapezoid

from cyberpunk_ai.customer_analytics.survival.kaplan_meier import kaplan_meier

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray, FloatArray


def concordance(tenure_days: FloatArray, left: BoolArray, risk: FloatArray) -> float:
    """Return the share of comparable pairs in which the one who left first had the higher risk; equal risks count half.

    Args:
        tenure_days: Days observed per customer, shape (n,).
        left: Whether the customer had left by then, shape (n,).
        risk: Anything that is higher for those who should leave sooner, shape (n,).

    Returns:
        0.5 is chance; NaN where no pair can be compared.

    Source:
        Harrell et al. (1982). A pair is comparable when the earlier one left, and one who was still there on that very day outlasts it.
    """
    tenure, gone = np.asarray(tenure_days, dtype=np.float64), np.asarray(left, dtype=bool)
    values, rank = np.unique(np.asarray(risk, dtype=np.float64), return_inverse=True)
    # From the longest tenure down, the ranks of those who outlast are kept in a tree of counts.
    tree = np.zeros(len(values) + 1, dtype=np.int64)
    order = np.lexsort((gone, -tenure))  # of one day, those still there come first: they outlast who left on it
    better = pairs = 0.0
    inside, place = 0, 0
    while place < len(order):
        end = place
        while end < len(order) and tenure[order[end]] == tenure[order[place]] and gone[order[end]] == gone[order[place]]:
            end += 1
        group = order[place:end]
        if gone[group[0]] and inside:
            below, upto = _count(tree, rank[group]), _count(tree, rank[group] + 1)
            better += float((below + 0.5 * (upto - below)).sum())
            pairs += float(inside) * len(group)
        _add(tree, rank[group])
        inside += len(group)
        place = end
    return better / pairs if pairs else float("nan")


def _add(tree: np.ndarray, ranks: np.ndarray) -> None:
    at = ranks + 1
    while len(at):
        np.add.at(tree, at, 1)
        at = at + (at & -at)
        at = at[at < len(tree)]


def _count(tree: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Return how many in the tree have a rank below each."""
    found, at = np.zeros(len(ranks), dtype=np.int64), ranks.copy()
    while at.any():
        found += tree[at]
        at = at - (at & -at)
    return found


def brier_at(tenure_days: FloatArray, left: BoolArray, survival: FloatArray, days: FloatArray) -> FloatArray:
    """Return the mean squared distance between predicted and seen presence after each number of days, shape (k,).

    Those who were censored before are left out, and those who were not weigh more the rarer they are.

    Args:
        tenure_days: Days observed per customer, shape (n,).
        left: Whether the customer had left by then, shape (n,).
        survival: Predicted chance to be still there, shape (n, k).
        days: Days at which to look, shape (k,).

    Source:
        Graf, Schmoor, Sauerbrei & Schumacher (1999): inverse probability of censoring weights from the product-limit curve of censoring.
    """
    tenure, gone = np.asarray(tenure_days, dtype=np.float64), np.asarray(left, dtype=bool)
    censoring = kaplan_meier(tenure, ~gone)
    steps, chance = censoring["days"].to_numpy(), censoring["survival"].to_numpy()
    before = np.maximum(chance[np.maximum(np.searchsorted(steps, tenure, side="left") - 1, 0)], 1e-9)
    at = np.maximum(chance[np.searchsorted(steps, days, side="right") - 1], 1e-9)
    had_left = (tenure[:, None] <= days) & gone[:, None]
    was_there = tenure[:, None] > days
    wrong = np.where(had_left, survival**2 / before[:, None], 0.0) + np.where(was_there, (1 - survival) ** 2 / at, 0.0)
    return np.asarray(wrong.mean(axis=0), dtype=np.float64)


def integrated_brier(tenure_days: FloatArray, left: BoolArray, survival: FloatArray, days: FloatArray) -> float:
    """Return the Brier score averaged over the days from the first to the last, by trapezoids; lower is better."""
    score = brier_at(tenure_days, left, survival, days)
    return float(trapezoid(score, days) / (days[-1] - days[0])) if len(days) > 1 else float(score[0])
