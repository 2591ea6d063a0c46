"""The chance that a customer does not come back within the horizon, learnt from past days whose outcome is known, and tested on the newest.

The label of a customer on day c is: no purchase in (c, c + horizon]. With too little history the closed form of the purchase model
speaks alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit

from cyberpunk_ai.customer_analytics.churn import scoring
from cyberpunk_ai.customer_analytics.churn.features import NAMES, PLACE, feature_table
from cyberpunk_ai.customer_analytics.churn.horizons import matured_cut_offs
from cyberpunk_ai.customer_analytics.churn.scorers.boosted_trees import Trees
from cyberpunk_ai.customer_analytics.churn.scorers.closed_form import ClosedForm
from cyberpunk_ai.customer_analytics.churn.scorers.hinge_logistic import HingeLogistic
from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import fit_purchases, histories_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberpunk_ai.customer_analytics.churn.scorers.base import Scorer
    from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import PurchaseModel
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, IntArray, Ledger

MIN_CUSTOMERS, MIN_CLASS = 60, 15
FOLDS, CHOOSING_ROWS, LEARNING_ROWS = 3, 20_000, 60_000
CHUNK = 50_000


@dataclass(frozen=True, eq=False)
class CutOff:
    """One past day with its outcome: customers known by then (positions in the full ledger), their features, and who left."""

    day: int
    customers: IntArray
    features: FloatArray
    left: FloatArray


@dataclass(frozen=True, eq=False)
class ChurnModel:
    """A chosen scorer with the line that turns its log odds into calibrated ones."""

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
class ChurnScores:
    """Scores of all customers at the moment of the analysis.

    Attributes:
        probability: Chance of no purchase within the horizon, shape (n,).
        features: What the score rests on, shape (n, k).
        contributions: How much each feature moved the log odds, shape (n, k).
        model: Name of the scorer.
        validation: How the method did on the newest matured cut-off; empty without one.
        churn_rate: Share of customers who left after the newest matured cut-off, or None.
        fitted: The model that gave the scores, for further questions.
        held_out: What a model that learnt only from what had matured by then said at the newest matured cut-off: customer_id, cut_off,
            probability, left; no rows without such a cut-off.
        notes: What could not be done, and why.
    """

    probability: FloatArray
    features: FloatArray
    contributions: FloatArray
    model: str
    validation: dict[str, Any]
    churn_rate: float | None
    fitted: ChurnModel
    held_out: pd.DataFrame
    notes: tuple[str, ...] = field(default=())


def score_churn(ledger: Ledger, horizon_days: int, model: PurchaseModel, *, seed: int = 0) -> ChurnScores:
    """Score every customer's chance of no purchase within the horizon.

    Args:
        ledger: Purchases up to the moment of the analysis.
        horizon_days: How far to look ahead.
        model: Purchase model fitted on the same ledger, in days.
        seed: Of sampling, folds and trees.
    """
    samples = [cut_off_sample(ledger, day, horizon_days) for day in matured_cut_offs(ledger, horizon_days)]
    usable = [sample for sample in samples if _is_learnable(sample)]
    now = feature_table(ledger, horizon_days, model)
    churn_rate = float(samples[0].left.mean()) if samples and len(samples[0].left) else None
    if not usable:
        chosen = ChurnModel(ClosedForm().fit(now, np.zeros(len(now))))
        validation: dict[str, Any] = {}
        note = "too little finished history to learn churn from: the probability is the purchase model's closed form, not validated"
        notes: tuple[str, ...] = (note,)
        held_out = _held_out(ledger, None, np.empty(0))
    else:
        validation, held_out, notes = _validate(ledger, usable, horizon_days, seed)
        chosen = learn(usable, seed=seed)
    probability, parts = np.empty(len(now)), np.empty_like(now)
    for start in range(0, len(now), CHUNK):
        rows = slice(start, start + CHUNK)
        probability[rows] = chosen.probability(now[rows])
        parts[rows] = chosen.contributions(now[rows])
    if validation and validation["auc"] > 0.98:
        notes = (*notes, f"the churn score ranks almost perfectly (AUC {validation['auc']:.3f}): look for a column that knows the outcome")
    return ChurnScores(probability, now, parts, chosen.name, validation, churn_rate, chosen, held_out, notes)


def cut_off_sample(ledger: Ledger, day: int, horizon_days: int) -> CutOff:
    """Return features known at the end of a day, and who then stayed away for the whole horizon."""
    known = ledger.until(day)
    customers = np.flatnonzero(ledger.first_day <= day)
    features = feature_table(known, horizon_days, fit_purchases(*histories_of(known)))
    left = (ledger.purchases_between(day, day + horizon_days)[customers] == 0).astype(np.float64)
    return CutOff(day, customers, features, left)


def learn(samples: list[CutOff], *, seed: int = 0) -> ChurnModel:
    """Choose a scorer by log loss, fit it on all samples, and calibrate it to the newest.

    Each scorer is judged as it will be used: on the newest cut-off, by models that saw older cut-offs and other customers. A simpler
    scorer wins when the better one is ahead by less than one standard error.

    Args:
        samples: Newest first.
        seed: Of sampling, folds and trees.
    """
    makers: tuple[Callable[[], Scorer], ...] = (ClosedForm, HingeLogistic, lambda: Trees(seed=seed))
    newest, older = samples[0], samples[1:] or samples
    rng = np.random.default_rng(seed)
    # A customer stands in one fold with all its days, or its other self would give it away.
    fold_of = rng.integers(0, FOLDS, int(newest.customers.max()) + 1)
    rows = rng.random(len(fold_of)) < CHOOSING_ROWS / sum(len(sample.left) for sample in older)
    past = _stack(older)
    judged = rows[newest.customers]
    target, target_fold = newest.left[judged], fold_of[newest.customers[judged]]
    learnt_from = rows[past.customers]
    features, left, fold = past.features[learnt_from], past.left[learnt_from], fold_of[past.customers[learnt_from]]
    lines, loss = [], []
    for make in makers:
        odds = np.empty(len(target))
        for part in range(FOLDS):
            scorer = make().fit(features[fold != part], left[fold != part])
            odds[target_fold == part] = scorer.log_odds(newest.features[judged][target_fold == part])
        lines.append(_calibration(odds, target))
        loss.append(scoring.losses(target, expit(lines[-1][0] + lines[-1][1] * odds)))
    best = int(np.argmin([one.mean() for one in loss]))
    chosen = next(place for place in range(best + 1) if _is_as_good(loss[place], loss[best]))
    everything = _stack(samples)
    features, left = everything.features, everything.left
    if len(left) > LEARNING_ROWS:
        sampled = np.sort(rng.choice(len(left), LEARNING_ROWS, replace=False))
        features, left = features[sampled], left[sampled]
    return ChurnModel(makers[chosen]().fit(features, left), *lines[chosen])


def _stack(samples: list[CutOff]) -> CutOff:
    return CutOff(
        samples[0].day,
        np.concatenate([sample.customers for sample in samples]),
        np.concatenate([sample.features for sample in samples]),
        np.concatenate([sample.left for sample in samples]),
    )


def _is_as_good(loss: FloatArray, best: FloatArray) -> bool:
    difference = loss - best
    return bool(difference.mean() <= difference.std() / np.sqrt(len(difference)))


def _calibration(odds: FloatArray, left: FloatArray) -> tuple[float, float]:
    """Level and slope that make held-out log odds true on the newest cut-off; the slope is drawn to 1 where there is little to learn."""

    def loss(line: FloatArray) -> tuple[float, FloatArray]:
        chance = expit(line[0] + line[1] * odds)
        wrong = chance - left
        value = float(scoring.losses(left, chance).mean() + 0.005 * (line[1] - 1.0) ** 2)
        return value, np.array([wrong.mean(), (wrong * odds).mean() + 0.01 * (line[1] - 1.0)])

    found = minimize(loss, np.array([0.0, 1.0]), jac=True, method="L-BFGS-B", bounds=[(-20, 20), (0.05, 5.0)])
    return float(found.x[0]), float(found.x[1])


def _held_out(ledger: Ledger, sample: CutOff | None, chance: FloatArray) -> pd.DataFrame:
    """Predictions of one cut-off with their outcomes as a frame, or the frame without rows."""
    place = np.empty(0, dtype=np.int64) if sample is None else sample.customers
    return pd.DataFrame(
        {
            "customer_id": ledger.customer_ids[place],
            "cut_off": np.full(len(place), 0 if sample is None else sample.day).astype("datetime64[D]").astype("datetime64[us]"),
            "probability": np.asarray(chance, dtype=np.float64),
            "left": np.empty(0) if sample is None else sample.left,
        }
    )


def _validate(ledger: Ledger, samples: list[CutOff], horizon_days: int, seed: int) -> tuple[dict[str, Any], pd.DataFrame, tuple[str, ...]]:
    """Learn from what was known at the newest cut-off, and compare with what then came."""
    newest = samples[0]
    earlier = [sample for sample in samples[1:] if sample.day + horizon_days <= newest.day]
    if not earlier:
        note = "only one finished period to learn from: the churn score is not validated on a later one"
        return {}, _held_out(ledger, None, np.empty(0)), (note,)
    model = learn(earlier, seed=seed)
    chance, left = model.probability(newest.features), newest.left
    facts = {
        "model": model.name,
        "cut_off": str(np.datetime64(newest.day, "D")),
        "customers": len(left),
        "churn_rate": float(left.mean()),
        "auc": scoring.area_under_curve(left, chance),
        "auc_recency_only": scoring.area_under_curve(left, newest.features[:, PLACE["recency_days"]]),
        "auc_bg_nbd": scoring.area_under_curve(left, newest.features[:, PLACE["silent"]]),
        "brier": scoring.brier(left, chance),
        "brier_constant": float(left.mean() * (1 - left.mean())),
        "log_loss": float(scoring.losses(left, chance).mean()),
        "ece": scoring.calibration_error(left, chance),
    }
    return facts, _held_out(ledger, newest, chance), ()


def _is_learnable(sample: CutOff) -> bool:
    return len(sample.left) >= MIN_CUSTOMERS and MIN_CLASS <= sample.left.sum() <= len(sample.left) - MIN_CLASS
