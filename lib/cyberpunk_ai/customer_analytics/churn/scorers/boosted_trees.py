"""Gradient-boosted trees as a scorer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray

EXACT_ROWS = 20_000


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
        matrix = xgboost.DMatrix(features, left, nthread=1)
        self.booster_ = xgboost.train(settings, matrix, num_boost_round=self.rounds)
        self.base_ = float(np.mean(self.booster_.predict(matrix, output_margin=True)))
        return self

    def log_odds(self, features: FloatArray) -> FloatArray:
        """Return the sum over the trees."""
        import xgboost

        matrix = xgboost.DMatrix(features, nthread=1)
        return np.asarray(self.booster_.predict(matrix, output_margin=True), dtype=np.float64)

    def contributions(self, features: FloatArray) -> FloatArray:
        """Return the exact Shapley values of the trees; of many rows at once the steps along each path, twelve times as fast.

        Both add up to the score.
        """
        import xgboost

        matrix, is_long = xgboost.DMatrix(features, nthread=1), len(features) > EXACT_ROWS
        parts = self.booster_.predict(matrix, pred_contribs=True, approx_contribs=is_long)
        return np.asarray(parts[:, :-1], dtype=np.float64)
