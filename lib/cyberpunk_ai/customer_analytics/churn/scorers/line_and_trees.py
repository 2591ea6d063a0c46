"""Two scorers that err in different places, heard together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from cyberpunk_ai.customer_analytics.churn.scorers.boosted_trees import Trees
from cyberpunk_ai.customer_analytics.churn.scorers.hinge_logistic import HingeLogistic

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray


class LineAndTrees:
    """The mean of the log odds of bent logistic regression and of boosted trees."""

    name = "logistic+xgboost"

    def __init__(self, strength: float = 0.005, seed: int = 0) -> None:
        self.strength, self.seed = strength, seed

    def fit(self, features: FloatArray, left: FloatArray) -> Self:
        """Learn both."""
        self.line_ = HingeLogistic(self.strength).fit(features, left)
        self.trees_ = Trees(seed=self.seed).fit(features, left)
        return self

    def log_odds(self, features: FloatArray) -> FloatArray:
        """Return the mean of both."""
        mean: FloatArray = (self.line_.log_odds(features) + self.trees_.log_odds(features)) / 2
        return mean

    def contributions(self, features: FloatArray) -> FloatArray:
        """Return the mean of the parts of both."""
        mean: FloatArray = (self.line_.contributions(features) + self.trees_.contributions(features)) / 2
        return mean
