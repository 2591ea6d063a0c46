"""Whether a predicted chance comes true: of customers said to leave with 30%, do 30% leave?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize
from scipy.special import expit, logit

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.customer_analytics.churn import scoring
from cyberpunk_ai.customer_analytics.evidence.held_out import held_out_of, share_band

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.evidence.held_out import HeldOut
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray

STEEPEST = 20.0
FELT = 0.02  # of the calibration error, beyond what chance alone makes


@dataclass(frozen=True, eq=False)
class Calibration(Result):
    """Predicted chance against observed share, over groups of equal size, on held-out customers.

    Attributes:
        bins: bin, customers, predicted (mean chance), observed (share who left), lo, hi (95% band of the observed share), expected_left,
            left.
        customers: Held-out predictions behind it.
        leavers: How many of them left.
        predicted_rate: Mean predicted chance.
        churn_rate: Share who left.
        ece: Mean distance between predicted and observed over the groups.
        ece_by_chance: What that distance would be if every chance were exactly true: outcomes scatter. An ece near it is as good as can be
            told from so few customers.
        brier: Mean squared distance between chance and outcome.
        brier_constant: The same when everybody gets the observed share.
        intercept: What must be added to the log odds to make the total true; above 0 more leave than said.
        slope: How far the log odds must be stretched; below 1 the chances are too extreme. Missing when all chances are alike.
        sentence: What it means.
    """

    chart_name: ClassVar[str] = "calibration"

    bins: pd.DataFrame
    customers: int
    leavers: int
    predicted_rate: float
    churn_rate: float
    ece: float
    ece_by_chance: float
    brier: float
    brier_constant: float
    intercept: float
    slope: float
    sentence: str

    def to_frame(self) -> pd.DataFrame:
        """Return one row per group, lowest chances first."""
        return self.bins


def calibration(predictions: pd.DataFrame, *, bins: int = scoring.BINS) -> Calibration:
    """Compare predicted chances with outcomes.

    Args:
        predictions: customer_id, cut_off, probability, left.
        bins: Groups of equal size, at most one per customer.

    Raises:
        TooLittleData: There are no held-out predictions, or all left, or nobody did.
        InvalidArgument: `bins` is below 1.

    Source:
        Cox (1958), Two Further Applications of a Model for Binary Regression, for intercept and slope.
    """
    if bins < 1:
        raise InvalidArgument(f"bins is {bins}", hint="give at least 1")
    held_out = held_out_of(predictions)
    chance, left = held_out.chance, held_out.left
    groups = np.array_split(np.argsort(chance, kind="stable"), min(bins, held_out.size))
    size = np.array([len(group) for group in groups], dtype=np.float64)
    said, came = (np.array([each[group].sum() for group in groups]) for each in (chance, left))
    lo, hi = share_band(came, size)
    table = pd.DataFrame(
        {
            "bin": np.arange(1, len(groups) + 1),
            "customers": size.astype(np.int64),
            "predicted": said / size,
            "observed": came / size,
            "lo": lo,
            "hi": hi,
            "expected_left": said,
            "left": came.astype(np.int64),
        }
    )
    rate = float(left.mean())
    # The mean distance of a nearly normal sum from its mean is sqrt(2 / pi) of its deviation.
    scatter = np.array([np.sqrt((chance[group] * (1 - chance[group])).sum()) for group in groups])
    ece = float(np.abs(said - came).sum() / held_out.size)
    by_chance = float(np.sqrt(2 / np.pi) * scatter.sum() / held_out.size)
    intercept, slope = recalibration(held_out)
    return Calibration(
        bins=table,
        customers=held_out.size,
        leavers=held_out.leavers,
        predicted_rate=float(chance.mean()),
        churn_rate=rate,
        ece=ece,
        ece_by_chance=by_chance,
        brier=scoring.brier(left, chance),
        brier_constant=rate * (1 - rate),
        intercept=intercept,
        slope=slope,
        sentence=_sentence(float(chance.mean()), rate, ece, by_chance, slope, len(groups)),
    )


def recalibration(held_out: HeldOut) -> tuple[float, float]:
    """Return the intercept (with the slope held at 1) and the slope (with an intercept of its own) that would make the chances true."""
    odds = logit(np.clip(held_out.chance, 1e-6, 1 - 1e-6))
    left = held_out.left

    def missing(shift: float) -> float:
        return float(expit(odds + shift).sum() - left.sum())

    intercept = float(brentq(missing, -60.0, 60.0, xtol=1e-12))
    if np.ptp(odds) < 1e-9:
        return intercept, float("nan")
    centre, spread = odds.mean(), odds.std()
    scaled = (odds - centre) / spread

    def loss(line: FloatArray) -> tuple[float, FloatArray]:
        score = line[0] + line[1] * scaled
        wrong = expit(score) - left
        return float(np.mean(np.logaddexp(0.0, score) - left * score)), np.array([wrong.mean(), (wrong * scaled).mean()])

    # Bounded: where the scores part leavers from stayers completely, the best slope is infinite.
    bounds = [(-60.0, 60.0), (-STEEPEST * spread, STEEPEST * spread)]
    found = minimize(loss, np.array([0.0, spread]), jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-10})
    return intercept, float(found.x[1] / spread)


def _sentence(predicted: float, rate: float, ece: float, by_chance: float, slope: float, groups: int) -> str:
    told = f"{predicted:.1%} were expected to leave and {rate:.1%} did; over {groups} groups said and seen differ by {ece * 100:.1f} points"
    if ece <= 1.5 * by_chance:
        return f"{told}, no more than chance alone makes of so many customers: the probabilities can be taken as they are."
    told += f" ({by_chance * 100:.1f} would be chance)"
    is_level = abs(predicted - rate) > 0.6 * ece
    side = "high" if predicted > rate else "low"
    if ece - by_chance <= FELT:
        return f"{told}: a little too {side} in level." if is_level else f"{told}: a little off in single groups, while the total holds."
    if is_level:
        return f"{told}: the level is too {side}, so rank by it, and correct the level before budgeting."
    if slope < 0.9:
        return f"{told}: high chances are too high and low ones too low."
    if slope > 1.1:
        return f"{told}: high chances are too low and low ones too high."
    return f"{told}: off in single groups, while the total holds."
