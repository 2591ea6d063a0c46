"""The purchase model's own chance of silence as a scorer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from cyberpunk_ai.customer_analytics.churn.features import PLACE
from cyberpunk_ai.customer_analytics.churn.scorers.hinges import Hinges

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray


class ClosedForm:
    """BG/NBD's chance of no purchase within the horizon. It needs no labels; only its level is set from them."""

    name = "bg_nbd"
    explained_by = ("recency_days", "recency_over_pace", "frequency", "tenure_days")

    def fit(self, features: FloatArray, left: FloatArray) -> Self:  # noqa: ARG002 - it learns from no label
        """Learn the bent line through its own log odds that explains them; the odds themselves need no learning."""
        self.places_ = [PLACE[name] for name in self.explained_by]
        self.hinges_ = Hinges().fit(features[:, self.places_])
        bent, odds = self.hinges_.transform(features[:, self.places_]), features[:, PLACE["silent"]]
        self.typical_ = float(odds.mean())
        self.weights_ = np.linalg.solve(bent.T @ bent + (1 + 0.01 * len(bent)) * np.eye(bent.shape[1]), bent.T @ (odds - self.typical_))
        return self

    def log_odds(self, features: FloatArray) -> FloatArray:
        """Return the closed form's log odds."""
        return features[:, PLACE["silent"]]

    def contributions(self, features: FloatArray) -> FloatArray:
        """Return the parts of the bent line; what it leaves unexplained goes to rhythm, so that the parts add up to the distance."""
        parts = np.zeros_like(features)
        parts[:, self.places_] = self.hinges_.by_feature(self.hinges_.transform(features[:, self.places_]) * self.weights_)
        parts[:, PLACE["recency_over_pace"]] += features[:, PLACE["silent"]] - self.typical_ - parts.sum(axis=1)
        return parts
