"""The chance that a customer does not come back within the horizon, learnt from past days whose outcome is known, and tested on the newest.

The label of a customer on day c is: no purchase in (c, c + horizon]. With too little history the closed form of the purchase model
speaks alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from cyberpunk_ai.customer_analytics.churn import scoring
from cyberpunk_ai.customer_analytics.churn.chunks import score_in_chunks
from cyberpunk_ai.customer_analytics.churn.cut_offs import matured_samples
from cyberpunk_ai.customer_analytics.churn.features import NAMES, PLACE, feature_table
from cyberpunk_ai.customer_analytics.churn.horizons import matured_cut_offs
from cyberpunk_ai.customer_analytics.churn.learning import ChurnModel, learn
from cyberpunk_ai.customer_analytics.churn.levels import drift_in_words
from cyberpunk_ai.customer_analytics.churn.scorers.closed_form import ClosedForm

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.churn.chunks import MapChunks
    from cyberpunk_ai.customer_analytics.churn.cut_offs import CutOff
    from cyberpunk_ai.customer_analytics.lifetime_value.base import PurchaseModel
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, Ledger

MOST_LEARNT_FROM = 25_000
TOO_GOOD, TOO_GOOD_ALONE = 0.98, 0.95


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
            probability, left; no rows without such a cut-off. Of very many customers, a sample.
        notes: What could not be done, and why, and what to know about the scores.
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


def score_churn(
    ledger: Ledger, horizon_days: int, model: PurchaseModel, *, seed: int = 0, map_chunks: MapChunks | None = None
) -> ChurnScores:
    """Score every customer's chance of no purchase within the horizon.

    Args:
        ledger: Purchases up to the moment of the analysis.
        horizon_days: How far to look ahead.
        model: Purchase model fitted on the same ledger, in days.
        seed: Of sampling, folds and trees.
        map_chunks: Where chunks of customers are scored; here when None.
    """
    usable = [sample for sample in matured_samples(ledger, horizon_days, most=MOST_LEARNT_FROM, seed=seed) if sample.is_learnable]
    now = feature_table(ledger, horizon_days, model)
    if not usable:
        fitted = ChurnModel(ClosedForm().fit(now, np.zeros(len(now))))
        validation: dict[str, Any] = {}
        held_out = _held_out(ledger, None, np.empty(0))
        note = "too little finished history to learn churn from: the probability is the purchase model's closed form, not validated"
        notes: tuple[str, ...] = (note,)
    else:
        learnt = learn(usable, seed=seed)
        fitted = learnt.model
        validation, held_out, notes = _validate(ledger, usable, horizon_days, seed)
        moved = drift_in_words(learnt.drift)
        notes = (*notes, moved) if moved else notes
        if validation:
            validation["drift"] = learnt.drift
            notes = (*notes, *_too_good(validation, usable[0]))
    probability, parts = score_in_chunks(fitted, now, map_chunks)
    return ChurnScores(probability, now, parts, fitted.name, validation, _churn_rate(ledger, horizon_days), fitted, held_out, notes)


def _churn_rate(ledger: Ledger, horizon_days: int) -> float | None:
    """Share of customers known at the newest matured cut-off who then stayed away."""
    days = matured_cut_offs(ledger, horizon_days)
    if not days:
        return None
    known = ledger.first_day <= days[0]
    return float((ledger.purchases_between(days[0], days[0] + horizon_days)[known] == 0).mean()) if known.any() else None


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
    model = learn(earlier, seed=seed).model
    chance, left = model.probability(newest.features), newest.left
    facts = {
        "model": model.name,
        "cut_off": str(np.datetime64(newest.day, "D")),
        "customers": len(left),
        "churn_rate": float(left.mean()),
        "auc": scoring.area_under_curve(left, chance),
        "pr_auc": scoring.average_precision(left, chance),
        "lift_at_top": scoring.lift_at_top(left, chance),
        "auc_recency_only": scoring.area_under_curve(left, newest.features[:, PLACE["recency_days"]]),
        "auc_bg_nbd": scoring.area_under_curve(left, newest.features[:, PLACE["silent"]]),
        "brier": scoring.brier(left, chance),
        "brier_constant": float(left.mean() * (1 - left.mean())),
        "log_loss": float(scoring.losses(left, chance).mean()),
        "ece": scoring.calibration_error(left, chance),
    }
    return facts, _held_out(ledger, newest, chance), ()


def _too_good(validation: dict[str, Any], newest: CutOff) -> tuple[str, ...]:
    """Warn of what ranks so well that it may know the outcome."""
    notes = []
    if validation["auc"] > TOO_GOOD:
        notes.append(f"the churn score ranks almost perfectly (AUC {validation['auc']:.3f}): look for a column that knows the outcome")
    for name, column in zip(NAMES, newest.features.T, strict=True):
        area = scoring.area_under_curve(newest.left, rankdata(column))
        if max(area, 1 - area) > TOO_GOOD_ALONE:
            notes.append(
                f"{name.replace('_', ' ')} alone ranks with an AUC of {max(area, 1 - area):.3f}: check that it does not know the outcome"
            )
    return tuple(notes)
