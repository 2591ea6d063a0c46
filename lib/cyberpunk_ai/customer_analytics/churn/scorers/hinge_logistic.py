"""Logistic regression on bent features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from cyberpunk_ai.customer_analytics.churn.scorers.hinges import Hinges

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray


class HingeLogistic:
    """Logistic regression on bent features, so that a risk may rise and then level off.

    Args:
        strength: Inverse of the penalty on the weights.
    """

    name = "logistic"

    def __init__(self, strength: float = 0.005) -> None:
        self.strength = strength

    def fit(self, features: FloatArray, left: FloatArray) -> Self:
        """Learn knots, scale and weights."""
        from sklearn.linear_model import LogisticRegression

        self.hinges_ = Hinges().fit(features)
        model = LogisticRegression(C=self.strength, solver="newton-cholesky", max_iter=100)
        model.fit(self.hinges_.transform(features), left)
        self.weights_, self.intercept_ = model.coef_[0], float(model.intercept_[0])
        return self

    def log_odds(self, features: FloatArray) -> FloatArray:
        """Return the weighted sum."""
        return np.asarray(self.hinges_.transform(features) @ self.weights_ + self.intercept_, dtype=np.float64)

    def contributions(self, features: FloatArray) -> FloatArray:
        """Return each feature's part of the sum; zero is the average customer."""
        return self.hinges_.by_feature(self.hinges_.transform(features) * self.weights_)
