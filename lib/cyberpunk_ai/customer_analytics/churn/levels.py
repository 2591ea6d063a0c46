"""How true chances are in level: the line that calibrates a score, and how the level moved from one past day to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import expit

from cyberpunk_ai.customer_analytics.churn import scoring

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberpunk_ai.customer_analytics.churn.cut_offs import CutOff
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, IntArray

FARTHEST = 20.0
STIFFNESS = 0.01
MOVED, ERRORS, SURE = 0.03, 3.0, 2.0


def calibrating_line(odds: FloatArray, left: FloatArray) -> tuple[float, float]:
    """Return level and slope that make held-out log odds true; the slope is drawn to 1 where there is little to learn."""

    def loss(line: FloatArray) -> tuple[float, FloatArray]:
        chance = expit(line[0] + line[1] * odds)
        wrong = chance - left
        value = float(scoring.losses(left, chance).mean() + STIFFNESS / 2 * (line[1] - 1.0) ** 2)
        return value, np.array([wrong.mean(), (wrong * odds).mean() + STIFFNESS * (line[1] - 1.0)])

    bounds = [(-FARTHEST, FARTHEST), (0.05, 5.0)]
    found = minimize(loss, np.array([0.0, 1.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    return float(found.x[0]), float(found.x[1])


def level_of(odds: FloatArray, left: FloatArray) -> float:
    """Return what must be added to log odds so that as many are expected to leave as did."""
    target = float(np.clip(left.sum(), 0.5, max(len(left) - 0.5, 0.5)))
    reach = FARTHEST + float(np.abs(odds).max(initial=0.0))
    return float(brentq(lambda level: float(expit(odds + level).sum()) - target, -reach, reach, xtol=1e-6))


def worthwhile_slope(odds: FloatArray, left: FloatArray, fold: IntArray) -> float:
    """Return the slope that calibrates held-out log odds, or 1 where it does not surely gain squared error on other customers.

    Args:
        odds: Held-out log odds, shape (n,).
        left: What came, shape (n,).
        fold: Fold of each customer, shape (n,); a slope is learnt without the fold that judges it.
    """
    plain, bent = np.empty(len(odds)), np.empty(len(odds))
    for part in np.unique(fold):
        here, there = fold == part, fold != part
        if not there.any() or not 0 < left[there].sum() < there.sum():
            return 1.0
        level, slope = calibrating_line(odds[there], left[there])
        bent[here] = expit(level + slope * odds[here])
        plain[here] = expit(level_of(odds[there], left[there]) + odds[here])
    gain = (plain - left) ** 2 - (bent - left) ** 2
    # The final model learns from more than those that are judged here, and needs less correction than they do.
    if gain.mean() <= SURE * gain.std() / np.sqrt(len(gain)):
        return 1.0
    return calibrating_line(odds, left)[1]


def drift_of(samples: Sequence[CutOff], odds: Sequence[FloatArray]) -> list[dict[str, Any]]:
    """Return what came beside what one model for all days expected, oldest day first.

    Args:
        samples: Past days.
        odds: Log odds of that model on each.
    """
    return [
        {
            "cut_off": str(np.datetime64(sample.day, "D")),
            "churn_rate": float(sample.left.mean()),
            "expected_rate": float(expit(each).mean()),
            "customers": len(sample.left),
        }
        for sample, each in sorted(zip(samples, odds, strict=True), key=lambda pair: pair[0].day)
    ]


def drift_in_words(drift: Sequence[dict[str, Any]]) -> str:
    """Say that churn moved from day to day by more than customers' habits and chance explain; empty where it did not."""
    if len(drift) < 2:
        return ""
    apart = [day["churn_rate"] - day["expected_rate"] for day in drift]
    noise = [np.sqrt(day["expected_rate"] * (1 - day["expected_rate"]) / day["customers"]) for day in drift]
    worst = int(np.argmax(np.abs(apart)))
    if abs(apart[worst]) <= max(MOVED, ERRORS * noise[worst]):
        return ""
    day = drift[worst]
    return (
        f"churn moves with time: after {day['cut_off']} {day['churn_rate']:.0%} left where {day['expected_rate']:.0%} were expected from "
        f"how customers buy; chances are set to the average of {len(drift)} past days and may be off by as much"
    )
