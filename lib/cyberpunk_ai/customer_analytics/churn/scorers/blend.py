"""Several scorers speaking together: their log odds weighted, with weights learnt from what each said of customers it had not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.optimize import minimize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberpunk_ai.customer_analytics.churn.scorers.base import Scorer
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray


class Blend:
    """A weighted sum of log odds.

    Args:
        scorers: What speaks, not yet fitted.
        weights: One per scorer, none negative.
        intercept: Added to the sum.
    """

    def __init__(self, scorers: Sequence[Scorer], weights: FloatArray, intercept: float = 0.0) -> None:
        self.scorers, self.weights, self.intercept = list(scorers), np.asarray(weights, dtype=np.float64), float(intercept)
        self.name = " and ".join(dict.fromkeys(scorer.name for scorer in scorers))

    def fit(self, features: FloatArray, left: FloatArray) -> Self:
        """Let each of them learn."""
        self.scorers = [scorer.fit(features, left) for scorer in self.scorers]
        return self

    def log_odds(self, features: FloatArray) -> FloatArray:
        """Return the weighted sum."""
        total = np.full(len(features), self.intercept)
        for weight, scorer in zip(self.weights, self.scorers, strict=True):
            total += weight * scorer.log_odds(features)
        return total

    def contributions(self, features: FloatArray) -> FloatArray:
        """Return the weighted sum of what each says of every feature."""
        total = np.zeros_like(features, dtype=np.float64)
        for weight, scorer in zip(self.weights, self.scorers, strict=True):
            total += weight * scorer.contributions(features)
        return total


def blend_weights(odds: FloatArray, left: FloatArray) -> tuple[FloatArray, float]:
    """Return the weights (m,), none negative, and the intercept that explain outcomes best by log loss.

    Args:
        odds: Log odds of m scorers for n customers that they had not seen, shape (n, m).
        left: 1 for who left, shape (n,).
    """
    size = odds.shape[1]
    sign = 2.0 * left - 1.0

    def loss(line: FloatArray) -> tuple[float, FloatArray]:
        margin = sign * (odds @ line[:size] + line[size])
        wrong = -sign / (1.0 + np.exp(np.clip(margin, -500, 500)))
        return float(np.logaddexp(0.0, -margin).mean()), np.append(wrong @ odds, wrong.sum()) / len(left)

    bounds = [(0.0, 3.0)] * size + [(-5.0, 5.0)]
    found = minimize(loss, np.append(np.full(size, 1.0 / size), 0.0), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x[:size], dtype=np.float64), float(found.x[size])
