"""The chance to leave of customers with fields: the model is chosen, learnt, and told of nobody whose own outcome it has seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cyberpunk_ai.customer_analytics.churn import scoring
from cyberpunk_ai.customer_analytics.churn.scorers.hinge_logistic import HingeLogistic
from cyberpunk_ai.customer_analytics.contractual.fields import TENURE, FittedFields, features_of
from cyberpunk_ai.customer_analytics.contractual.leaks import outcome_leaks
from cyberpunk_ai.customer_analytics.reading.members import LEAK_AUC
from cyberpunk_ai.customer_analytics.survival.kaplan_meier import chance_within

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray, FloatArray
    from cyberpunk_ai.customer_analytics.reading.members import Members

FOLDS, MIN_CLASS = 5, 20
STRENGTH = 0.05  # fields do not drift as windows of purchases do, so they may speak louder


@dataclass(frozen=True, eq=False)
class LeavingScores:
    """Chance to leave of every customer.

    Attributes:
        probability: Within the horizon, or as the flag has it, shape (n,); of who has left, what it would have been.
        contributions: How much tenure and each field moved the log odds, shape (n, k).
        names: Of the k features.
        validation: Figures out of fold; empty where a curve speaks alone.
        held_out: customer_id, cut_off, probability, left, out of fold; no rows where a curve speaks alone.
        fitted: The model, or None.
        features: What the score rests on, shape (n, k); empty without a model.
        notes: What could not be done, and why.
    """

    probability: FloatArray
    contributions: FloatArray
    names: tuple[str, ...]
    validation: dict[str, Any]
    held_out: pd.DataFrame
    fitted: FittedFields | None
    features: FloatArray
    notes: tuple[str, ...] = field(default=())


def score_leaving(members: Members, left: BoolArray, horizon: int, *, seed: int = 0) -> LeavingScores:
    """Score every customer's chance to leave.

    Args:
        members: Customers with tenure and fields.
        left: Who has left, shape (n,).
        horizon: Days to look ahead; a flag without dates has no horizon, and its chance is that of the flag.
        seed: Of the folds.
    """
    tenure, known = np.nan_to_num(members.tenure_days), ~np.isnan(members.tenure_days)
    curve = chance_within(members.tenure_days[known], left[known], tenure, horizon)
    rows, past = _as_they_stood(members, left, tenure, horizon)
    target = left[rows].astype(np.float64)
    leaks = outcome_leaks(members.fields[rows], target)
    fields = members.fields.drop(columns=leaks)
    notes = [f"field {name!r} knows the outcome (AUC above {LEAK_AUC}) and is not used" for name in leaks]
    names = (TENURE, *map(str, fields.columns))

    def by_curve(*why: str) -> LeavingScores:
        nobody = _held_out(members, np.zeros_like(rows), np.empty(0), np.empty(0), horizon)
        parts = np.zeros((len(left), len(names)))
        return LeavingScores(curve, parts, names, {}, nobody, None, np.empty((0, 0)), (*notes, *why))

    if not len(fields.columns):
        # Tenure alone is what the curve already knows, without a shape imposed on it.
        return by_curve()
    if min(target.sum(), len(target) - target.sum()) < MIN_CLASS:
        return by_curve("too few customers left, or stayed, to learn from fields: the chance comes from how long customers stay")
    everyone, learning = features_of(tenure, fields), features_of(past, fields[rows])
    fold = np.random.default_rng(seed).integers(0, FOLDS, len(target))
    model = FittedFields(HingeLogistic(STRENGTH).fit(learning, target), names)
    held_out = np.empty(len(target))
    for part in range(FOLDS):
        learnt = FittedFields(HingeLogistic(STRENGTH).fit(learning[fold != part], target[fold != part]), names)
        held_out[fold == part] = learnt.probability(learning[fold == part])
    common = np.full(len(target), target.mean())
    if scoring.losses(target, held_out).mean() >= scoring.losses(target, common).mean():
        return by_curve("the fields say nothing about who leaves: the chance comes from how long customers stay")
    chance = model.probability(everyone)
    if not members.has_dates:
        chance[rows] = held_out  # nobody is scored by a model that has seen its own outcome
    validation = {
        "model": model.name,
        "customers": len(target),
        "churn_rate": float(target.mean()),
        "auc": scoring.area_under_curve(target, held_out),
        "brier": scoring.brier(target, held_out),
        "log_loss": float(scoring.losses(target, held_out).mean()),
        "ece": scoring.calibration_error(target, held_out),
    }
    seen = _held_out(members, rows, held_out, target, horizon)
    return LeavingScores(chance, model.contributions(everyone), names, validation, seen, model, everyone, tuple(notes))


def _as_they_stood(members: Members, left: BoolArray, tenure: FloatArray, horizon: int) -> tuple[BoolArray, FloatArray]:
    """Who is learnt from, and the tenure that each had then."""
    if not members.has_dates:
        return np.ones(len(left), dtype=bool), tenure
    # As things stood one horizon ago: tenure then, and who left since. Leaving earlier makes no row.
    then = tenure + members.gone_days - horizon
    rows = (then >= 0) & (~left | (members.gone_days < horizon))
    return rows, then[rows]


def _held_out(members: Members, rows: BoolArray, chance: FloatArray, left: FloatArray, horizon: int) -> pd.DataFrame:
    """Predictions with the day that they are seen from; a flag without dates is seen from no day."""
    day = (members.as_of.normalize() - pd.Timedelta(days=horizon)).to_datetime64() if members.has_dates else np.datetime64("NaT")
    seen = np.full(int(rows.sum()), day).astype("datetime64[us]")
    return pd.DataFrame({"customer_id": members.customer_ids[rows], "cut_off": seen, "probability": chance, "left": left})
