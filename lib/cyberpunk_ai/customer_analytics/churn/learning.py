"""Learning churn from past days: which scorer, fitted on what, at which level. Where the days come from is a matter of `cut_offs`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

from cyberpunk_ai.customer_analytics.churn import scoring
from cyberpunk_ai.customer_analytics.churn.cut_offs import stacked
from cyberpunk_ai.customer_analytics.churn.features import NAMES
from cyberpunk_ai.customer_analytics.churn.levels import calibrating_line, drift_of, level_of, worthwhile_slope
from cyberpunk_ai.customer_analytics.churn.scorers.boosted_trees import Trees
from cyberpunk_ai.customer_analytics.churn.scorers.closed_form import ClosedForm
from cyberpunk_ai.customer_analytics.churn.scorers.hinge_logistic import HingeLogistic
from cyberpunk_ai.customer_analytics.churn.scorers.line_and_trees import LineAndTrees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberpunk_ai.customer_analytics.churn.cut_offs import CutOff
    from cyberpunk_ai.customer_analytics.churn.scorers.base import Scorer
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray

FOLDS, CHOOSING_ROWS, JUDGED_ROWS, LEARNING_ROWS = 3, 12_000, 20_000, 80_000


@dataclass(frozen=True, eq=False)
class ChurnModel:
    """A chosen scorer with the line that turns its log odds into calibrated ones.

    Attributes:
        scorer: What learnt.
        intercept: Added to its log odds, after the slope.
        slope: Times its log odds.
        names: Names of its features.
    """

    scorer: Scorer
    intercept: float = 0.0
    slope: float = 1.0
    names: tuple[str, ...] = NAMES

    @property
    def name(self) -> str:
        """Which scorer speaks."""
        return self.scorer.name

    def probability(self, features: FloatArray) -> FloatArray:
        """Return the chance to leave, shape (n,)."""
        chance: FloatArray = expit(self.intercept + self.slope * self.scorer.log_odds(features))
        return chance

    def contributions(self, features: FloatArray) -> FloatArray:
        """Return how much each feature moves the log odds away from those of a typical customer, shape (n, k)."""
        parts: FloatArray = self.slope * self.scorer.contributions(features)
        return parts


@dataclass(frozen=True, eq=False)
class Learnt:
    """What came of learning.

    Attributes:
        model: The model to score with.
        drift: Per past day, oldest first: cut_off, churn_rate, expected_rate (of this one model), customers.
        losses: Mean log loss of every scorer tried, on customers and a day that it had not seen.
    """

    model: ChurnModel
    drift: list[dict[str, Any]]
    losses: dict[str, float]


def learn(samples: Sequence[CutOff], *, seed: int = 0) -> Learnt:
    """Choose a scorer by log loss, fit it on all days, and set its level.

    Each scorer is judged as it will be used: on the newest days, by models that saw older days and other customers. A simpler scorer wins
    when the better one is ahead by less than one standard error. The slope is corrected only where that lowers the squared error on
    customers apart. The level is that at which all days together are told right, each day counting the same: the newest alone follows
    its season, which is over by the time that the chances come true.

    Args:
        samples: Past days, newest first.
        seed: Of sampling, folds and trees.
    """
    rng = np.random.default_rng(seed)
    chosen, slope, losses = _chosen(samples, rng, seed)
    drawn = [_drawn(sample, LEARNING_ROWS // len(samples), rng) for sample in samples]
    together = stacked(drawn)
    scorer = chosen.fit(together.features, together.left)
    odds = [slope * scorer.log_odds(sample.features) for sample in drawn]
    level = float(np.mean([level_of(each, sample.left) for each, sample in zip(odds, drawn, strict=True)]))
    return Learnt(ChurnModel(scorer, level, slope), drift_of(drawn, [each + level for each in odds]), losses)


def _chosen(samples: Sequence[CutOff], rng: np.random.Generator, seed: int) -> tuple[Scorer, float, dict[str, float]]:
    """The best scorer, yet to be fitted, the slope that its log odds want, and every scorer's log loss."""
    older = samples[1:] or samples
    # A customer stands in one fold with all its days, or its other self would give it away.
    fold_of = rng.integers(0, FOLDS, int(max(sample.customers.max() for sample in samples)) + 1)
    past = stacked([_drawn(sample, CHOOSING_ROWS // len(older), rng) for sample in older])
    newest = _drawn(samples[0], JUDGED_ROWS, rng)
    judged = stacked([newest, *(_drawn(sample, JUDGED_ROWS, rng) for sample in older[:1])])
    fold, target_fold = fold_of[past.customers], fold_of[judged.customers]
    tried: tuple[Scorer, ...] = (ClosedForm(), HingeLogistic(), LineAndTrees(seed=seed), Trees(seed=seed))
    odds_of = {scorer.name: np.empty(len(judged.left)) for scorer in tried}
    for part in range(FOLDS):
        here, there = target_fold == part, fold != part
        for scorer in (ClosedForm(), HingeLogistic(), Trees(seed=seed)):
            odds_of[scorer.name][here] = scorer.fit(past.features[there], past.left[there]).log_odds(judged.features[here])
    odds_of[LineAndTrees.name] = (odds_of[HingeLogistic.name] + odds_of[Trees.name]) / 2
    losses_of = {name: _losses_of_customers(odds, judged) for name, odds in odds_of.items()}
    best = min(losses_of, key=lambda name: float(losses_of[name].mean()))
    chosen = next(scorer for scorer in tried if _is_as_good(losses_of[scorer.name], losses_of[best]))
    slope = worthwhile_slope(odds_of[chosen.name], judged.left, target_fold)
    return chosen, slope, {name: float(each.mean()) for name, each in losses_of.items()}


def _losses_of_customers(odds: FloatArray, judged: CutOff) -> FloatArray:
    """Mean log loss of each customer, calibrated: two days of one customer are one witness, not two."""
    level, slope = calibrating_line(odds, judged.left)
    losses = scoring.losses(judged.left, expit(level + slope * odds))
    days = np.bincount(judged.customers)
    return np.bincount(judged.customers, weights=losses)[days > 0] / days[days > 0]


def _drawn(sample: CutOff, most: int, rng: np.random.Generator) -> CutOff:
    """At most so many customers of a day."""
    if len(sample.left) <= most:
        return sample
    rows = np.sort(rng.choice(len(sample.left), most, replace=False))
    return type(sample)(sample.day, sample.customers[rows], sample.features[rows], sample.left[rows])


def _is_as_good(loss: FloatArray, best: FloatArray) -> bool:
    difference = loss - best
    return bool(difference.mean() <= difference.std() / np.sqrt(len(difference)))
