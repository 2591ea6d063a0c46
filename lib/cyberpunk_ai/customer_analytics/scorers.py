"""The models that may score churn: closed form, logistic regression with hinges, gradient-boosted trees. One interface, no choosing here.

A scorer learns from features (n, k) and labels (n,), gives log odds, and says how much each feature moved them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from cyberpunk_ai.customer_analytics.features import NAMES, PLACE

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.ledger import FloatArray

TAILS = (0.01, 0.99)
KNOTS = (0.2, 0.4, 0.6, 0.8, 0.95)


class Scorer(Protocol):
    """A model of the chance to leave."""

    name: str

    def fit(self, features: FloatArray, left: FloatArray) -> Self:
        """Learn from features (n, k) and outcomes (n,), 1 for those who left."""
        ...

    def log_odds(self, features: FloatArray) -> FloatArray:
        """Return the log odds of leaving, shape (n,)."""
        ...

    def contributions(self, features: FloatArray) -> FloatArray:
        """Return how much each feature moves the log odds away from those of a typical customer, shape (n, k)."""
        ...


class Hinges:
    """Every feature, and every feature above each of its own quantiles, scaled: the shape in which a straight line may bend.

    Features are held within the range seen in learning: everybody's tenure grows between two cut-offs, and a straight line drawn
    beyond what it has seen ranks worse than chance.
    """

    def fit(self, features: FloatArray) -> Self:
        """Learn range, knots and scale."""
        self.lowest_, self.highest_ = np.quantile(features, TAILS, axis=0)
        self.knots_ = [np.unique(np.quantile(column, KNOTS)) for column in features.T]
        self.owner_ = np.repeat(np.arange(features.shape[1]), [1 + len(knots) for knots in self.knots_])
        raw = self._bend(features)
        self.centre_, self.scale_ = raw.mean(axis=0), np.maximum(raw.std(axis=0), 1e-9)
        return self

    def transform(self, features: FloatArray) -> FloatArray:
        """Return the bent features, mean 0 and deviation 1 over those learnt from."""
        bent: FloatArray = (self._bend(features) - self.centre_) / self.scale_
        return bent

    def by_feature(self, parts: FloatArray) -> FloatArray:
        """Return parts of bent features added up per feature."""
        return np.stack([parts[:, self.owner_ == place].sum(axis=1) for place in range(len(self.knots_))], axis=1)

    def _bend(self, features: FloatArray) -> FloatArray:
        blocks = []
        for column, knots in zip(np.clip(features, self.lowest_, self.highest_).T, self.knots_, strict=True):
            blocks += [column[:, None], np.maximum(column[:, None] - knots, 0.0)]
        return np.concatenate(blocks, axis=1)


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


class Trees:
    """Gradient-boosted trees, on one thread and seeded: the same rows give the same numbers behind every door."""

    name = "xgboost"

    def __init__(self, rounds: int = 150, seed: int = 0) -> None:
        self.rounds, self.seed = rounds, seed

    def fit(self, features: FloatArray, left: FloatArray) -> Self:
        """Learn the trees."""
        import xgboost

        settings = {
            "objective": "binary:logistic", "tree_method": "hist", "max_depth": 3, "eta": 0.06, "min_child_weight": 5.0,
            "subsample": 0.8, "colsample_bytree": 0.7, "lambda": 5.0, "nthread": 1, "seed": self.seed, "verbosity": 0,
        }  # fmt: skip
        matrix = xgboost.DMatrix(features, left, feature_names=list(NAMES), nthread=1)
        self.booster_ = xgboost.train(settings, matrix, num_boost_round=self.rounds)
        self.base_ = float(np.mean(self.booster_.predict(matrix, output_margin=True)))
        return self

    def log_odds(self, features: FloatArray) -> FloatArray:
        """Return the sum over the trees."""
        import xgboost

        matrix = xgboost.DMatrix(features, feature_names=list(NAMES), nthread=1)
        return np.asarray(self.booster_.predict(matrix, output_margin=True), dtype=np.float64)

    def contributions(self, features: FloatArray) -> FloatArray:
        """Return the exact Shapley values of the trees."""
        import xgboost

        matrix = xgboost.DMatrix(features, feature_names=list(NAMES), nthread=1)
        return np.asarray(self.booster_.predict(matrix, pred_contribs=True)[:, :-1], dtype=np.float64)
