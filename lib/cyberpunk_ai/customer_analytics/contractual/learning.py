"""Which model speaks for fields of customers: chosen by inner folds, and calibrated only where that helps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from cyberpunk_ai.customer_analytics.churn import scoring
from cyberpunk_ai.customer_analytics.churn.scorers.blend import Blend, blend_weights
from cyberpunk_ai.customer_analytics.churn.scorers.field_trees import FieldTrees
from cyberpunk_ai.customer_analytics.churn.scorers.spline_logistic import SplineLogistic
from cyberpunk_ai.customer_analytics.contractual.fields import FittedFields

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberpunk_ai.customer_analytics.churn.scorers.base import Scorer
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, IntArray

INNER_FOLDS = 3


def learn(features: FloatArray, left: FloatArray, names: tuple[str, ...], *, seed: int = 0) -> FittedFields:
    """Choose a model by the log loss of inner folds, fit it on all rows, and calibrate it where the inner Brier score falls.

    A simpler model wins while a better one is ahead by less than one standard error: logistic regression on splines, shallow trees,
    deep trees, and all of them weighted.

    Args:
        features: Tenure and fields, shape (n, k).
        left: 1 for who left, shape (n,), some of either kind.
        names: Of the k features.
        seed: Of folds and trees.
    """
    makers = _makers(names, seed)
    fold = stratified_folds(left, INNER_FOLDS, seed)
    columns: list[FloatArray] = []
    for make in makers:
        columns.append(_out_of_fold(make, features, left, fold))
        if len(columns) > 1 and _is_behind(scoring.losses(left, expit(columns[-1])), scoring.losses(left, expit(columns[0]))):
            break  # fields act on their own here: trees that join more of them have less to find still
    makers = makers[: len(columns)]
    odds = np.column_stack(columns)
    weights, intercept = blend_weights(odds, left)
    every = np.column_stack([odds, _cross_fitted(odds, left, fold)])
    loss = [scoring.losses(left, expit(column)) for column in every.T]
    best = int(np.argmin([each.mean() for each in loss]))
    chosen = next(place for place in range(best + 1) if _is_as_good(loss[place], loss[best]))
    if chosen == len(makers):
        speaking = [place for place in range(len(makers)) if weights[place] > 0.01]
        blend = Blend([makers[place]() for place in speaking], weights[speaking], intercept)
        return FittedFields(blend.fit(features, left), names)
    own = odds[:, [chosen]]
    calibrated = _cross_fitted(own, left, fold)
    slope, level = 1.0, 0.0
    if scoring.brier(left, expit(calibrated)) < scoring.brier(left, expit(own[:, 0])):
        line, level = blend_weights(own, left)
        slope = float(line[0])
    return FittedFields(makers[chosen]().fit(features, left), names, level, slope)


def stratified_folds(left: FloatArray, count: int, seed: int) -> IntArray:
    """Return a fold per customer, shape (n,), with as many of either outcome in each as can be."""
    rng = np.random.default_rng(seed)
    fold = np.empty(len(left), dtype=np.int64)
    for outcome in (0.0, 1.0):
        rows = rng.permutation(np.flatnonzero(left == outcome))
        fold[rows] = np.arange(len(rows)) % count
    return fold


def sums_of(names: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    """Return the places of numeric fields that count the same thing, by the last word of their names: `day charge`, `night charge`."""
    alike: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", name)
        if place and "=" not in name and len(words) > 1:
            alike.setdefault(words[-1].lower().rstrip("s"), []).append(place)
    return tuple(tuple(places) for places in alike.values() if len(places) > 1)


def _makers(names: tuple[str, ...], seed: int) -> tuple[Callable[[], Scorer], ...]:
    sums = sums_of(names)
    return (
        SplineLogistic,
        lambda: FieldTrees(2, least=10.0, sums=sums, seed=seed),
        lambda: FieldTrees(4, least=2.0, sums=sums, seed=seed),
    )


def _cross_fitted(odds: FloatArray, left: FloatArray, fold: IntArray) -> FloatArray:
    """Weighted log odds whose weights have not seen the customer either."""
    told = np.empty(len(left))
    for part in np.unique(fold):
        rows = fold == part
        weights, intercept = blend_weights(odds[~rows], left[~rows])
        told[rows] = odds[rows] @ weights + intercept
    return told


def _out_of_fold(make: Callable[[], Scorer], features: FloatArray, left: FloatArray, fold: IntArray) -> FloatArray:
    odds = np.empty(len(left))
    for part in range(INNER_FOLDS):
        learnt, told = fold != part, fold == part
        odds[told] = make().fit(features[learnt], left[learnt]).log_odds(features[told])
    return odds


def _is_behind(loss: FloatArray, other: FloatArray) -> bool:
    difference = loss - other
    return bool(difference.mean() > difference.std() / np.sqrt(len(difference)))


def _is_as_good(loss: FloatArray, best: FloatArray) -> bool:
    difference = loss - best
    return bool(difference.mean() <= difference.std() / np.sqrt(len(difference)))
