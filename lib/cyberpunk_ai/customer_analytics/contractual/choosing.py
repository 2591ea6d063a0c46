"""The chance to leave of customers with fields: the model is chosen, learnt, and told of nobody whose own outcome it has seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from cyberpunk_ai.customer_analytics.churn import scoring
from cyberpunk_ai.customer_analytics.churn.chunks import score_in_chunks
from cyberpunk_ai.customer_analytics.contractual.fields import TENURE, FittedFields, features_of
from cyberpunk_ai.customer_analytics.contractual.leaks import TOO_GOOD, duration_proxies, outcome_leaks
from cyberpunk_ai.customer_analytics.contractual.learning import learn, stratified_folds
from cyberpunk_ai.customer_analytics.reading.members import LEAK_AUC
from cyberpunk_ai.customer_analytics.survival.kaplan_meier import chance_within

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.churn.chunks import MapChunks
    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray, FloatArray, IntArray
    from cyberpunk_ai.customer_analytics.reading.members import Members

FOLDS, MIN_CLASS = 5, 20
MOST_ROWS = 200_000
REPEATS, FEW_ROWS = 3, 10_000


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


def score_leaving(members: Members, left: BoolArray, horizon: int, *, seed: int = 0, map_chunks: MapChunks | None = None) -> LeavingScores:
    """Score every customer's chance to leave.

    Args:
        members: Customers with tenure and fields.
        left: Who has left, shape (n,).
        horizon: Days to look ahead; a flag without dates has no horizon, and its chance is that of the flag.
        seed: Of the folds.
        map_chunks: Where chunks of customers are scored; here when None.
    """
    tenure, known = np.nan_to_num(members.tenure_days), ~np.isnan(members.tenure_days)
    curve = chance_within(members.tenure_days[known], left[known], tenure, horizon)
    rows, past = _as_they_stood(members, left, tenure, horizon)
    target = left[rows].astype(np.float64)
    leaks = outcome_leaks(members.fields[rows], target)
    fields = members.fields.drop(columns=leaks)
    fields = fields.loc[:, [fields[name].nunique() > 1 for name in fields.columns]]
    notes = [f"field {name!r} knows the outcome (AUC above {LEAK_AUC}) and is not used" for name in leaks]
    notes += [
        f"field {name!r} is {made_of} in disguise: it grows for as long as a customer stays, so it is no reason to stay, and survival "
        "does not rest on it"
        for name, made_of in duration_proxies(fields, members.tenure_days).items()
    ]
    names = (TENURE, *map(str, fields.columns))

    def by_curve(*why: str) -> LeavingScores:
        nobody = _held_out(members, np.empty(0, dtype=np.int64), np.empty(0), np.empty(0), horizon)
        parts = np.zeros((len(left), len(names)))
        return LeavingScores(curve, parts, names, {}, nobody, None, np.empty((0, 0)), (*notes, *why))

    if not len(fields.columns):
        # Tenure alone is what the curve already knows, without a shape imposed on it.
        return by_curve()
    if min(target.sum(), len(target) - target.sum()) < MIN_CLASS:
        return by_curve("too few customers left, or stayed, to learn from fields: the chance comes from how long customers stay")
    everyone, learning = features_of(tenure, fields), features_of(past, fields[rows])
    sampled = _sample(len(target), seed)
    model = learn(learning[sampled], target[sampled], names, seed=seed)
    held_out = _out_of_fold(learning[sampled], target[sampled], names, seed)
    judged, target = np.flatnonzero(rows)[sampled], target[sampled]
    common = np.full(len(target), target.mean())
    if scoring.losses(target, held_out).mean() >= scoring.losses(target, common).mean():
        return by_curve("the fields say nothing about who leaves: the chance comes from how long customers stay")
    chance, parts = score_in_chunks(model, everyone, map_chunks)
    if not members.has_dates:
        chance[judged] = held_out  # nobody is scored by a model that has seen its own outcome
    auc = scoring.area_under_curve(target, held_out)
    validation: dict[str, Any] = {
        "model": model.name,
        "customers": len(target),
        "churn_rate": float(target.mean()),
        "auc": auc,
        "brier": scoring.brier(target, held_out),
        "log_loss": float(scoring.losses(target, held_out).mean()),
        "ece": scoring.calibration_error(target, held_out),
    }
    if auc > TOO_GOOD:
        notes.append(f"the churn score ranks almost perfectly (AUC {auc:.3f}): look for a field that knows the outcome")
    predictions = _held_out(members, judged, held_out, target, horizon)
    return LeavingScores(chance, parts, names, validation, predictions, model, everyone, tuple(notes))


def _out_of_fold(features: FloatArray, left: FloatArray, names: tuple[str, ...], seed: int) -> FloatArray:
    """Chance of every customer by models whose choice, weights and calibration have not seen it.

    Few customers are divided anew and the log odds averaged, so that one lucky or unlucky division does not decide.
    """
    repeats = REPEATS if len(left) <= FEW_ROWS else 1
    odds = np.zeros(len(left))
    for again in range(repeats):
        fold = stratified_folds(left, FOLDS, seed + again)
        for part in range(FOLDS):
            chance = learn(features[fold != part], left[fold != part], names, seed=seed + again).probability(features[fold == part])
            odds[fold == part] += logit(np.clip(chance, 1e-9, 1 - 1e-9))
    return np.asarray(expit(odds / repeats), dtype=np.float64)


def _sample(size: int, seed: int) -> IntArray:
    """Rows to learn from: all of them, or as many as trees are learnt from in bounded time."""
    if size <= MOST_ROWS:
        return np.arange(size)
    return np.sort(np.random.default_rng(seed).choice(size, MOST_ROWS, replace=False))


def _as_they_stood(members: Members, left: BoolArray, tenure: FloatArray, horizon: int) -> tuple[BoolArray, FloatArray]:
    """Who is learnt from, and the tenure that each had then."""
    if not members.has_dates:
        return np.ones(len(left), dtype=bool), tenure
    # As things stood one horizon ago: tenure then, and who left since. Leaving earlier makes no row.
    then = tenure + members.gone_days - horizon
    rows = (then >= 0) & (~left | (members.gone_days < horizon))
    return rows, then[rows]


def _held_out(members: Members, rows: IntArray, chance: FloatArray, left: FloatArray, horizon: int) -> pd.DataFrame:
    """Predictions with the day that they are seen from; a flag without dates is seen from no day."""
    day = (members.as_of.normalize() - pd.Timedelta(days=horizon)).to_datetime64() if members.has_dates else np.datetime64("NaT")
    seen = np.full(len(rows), day).astype("datetime64[us]")
    return pd.DataFrame({"customer_id": members.customer_ids[rows], "cut_off": seen, "probability": chance, "left": left})
