"""Logistic regression on finely bent features: for fields of customers, which do not drift as windows of purchases do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from cyberpunk_ai.customer_analytics.churn.scorers.hinges import Hinges

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray

# The first weeks under contract differ most from one another, so the lower end bends more often.
KNOTS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9)


class SplineLogistic:
    """Logistic regression on linear splines with ridge penalty.

    Args:
        strength: Inverse of the penalty on the weights.
    """

    name = "logistic"

    def __init__(self, strength: float = 0.1) -> None:
        self.strength = strength

    def fit(self, features: FloatArray, left: FloatArray) -> Self:
        """Learn knots, scale and weights."""
        from sklearn.linear_model import LogisticRegression

        self.splines_ = Hinges(KNOTS, inside=True).fit(features)
        model = LogisticRegression(C=self.strength, solver="newton-cholesky", max_iter=100)
        model.fit(self.splines_.transform(features), left)
        self.weights_, self.intercept_ = model.coef_[0], float(model.intercept_[0])
        return self

    def log_odds(self, features: FloatArray) -> FloatArray:
        """Return the weighted sum."""
        return np.asarray(self.splines_.transform(features) @ self.weights_ + self.intercept_, dtype=np.float64)

    def contributions(self, features: FloatArray) -> FloatArray:
        """Return each feature's part of the sum; zero is the average customer."""
        return self.splines_.by_feature(self.splines_.transform(features) * self.weights_)
