"""Gradient-boosted trees over fields of customers, with the sums of fields that count the same thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray

ETA_ROUNDS = 12.0
"""Learning rate times rounds: slower trees get more of them."""


class FieldTrees:
    """Trees on one thread and seeded. A tree cuts one field at a time, so a limit on a sum of fields is out of its sight.

    Args:
        depth: Of each tree: how many fields may act together.
        least: Smallest weight of a leaf.
        eta: Learning rate.
        sums: Places of the fields that are added up, one tuple per sum.
        seed: Of sampling.
    """

    name = "xgboost"

    def __init__(
        self, depth: int = 4, *, least: float = 2.0, eta: float = 0.1, sums: tuple[tuple[int, ...], ...] = (), seed: int = 0
    ) -> None:
        self.depth, self.least, self.eta, self.sums, self.seed = depth, least, eta, sums, seed

    def fit(self, features: FloatArray, left: FloatArray) -> Self:
        """Learn the trees."""
        import xgboost

        settings = {
            "objective": "binary:logistic", "tree_method": "hist", "max_bin": 64,
            "max_depth": self.depth, "eta": self.eta,
            "min_child_weight": self.least, "subsample": 0.8, "colsample_bytree": 0.8, "lambda": 1.0,
            "nthread": 1, "seed": self.seed, "verbosity": 0,
        }  # fmt: skip
        matrix = xgboost.DMatrix(self._with_sums(features), left, nthread=1)
        self.booster_ = xgboost.train(settings, matrix, num_boost_round=round(ETA_ROUNDS / self.eta))
        self.middle_ = features.mean(axis=0)
        return self

    def log_odds(self, features: FloatArray) -> FloatArray:
        """Return the sum over the trees."""
        import xgboost

        matrix = xgboost.DMatrix(self._with_sums(features), nthread=1)
        return np.asarray(self.booster_.predict(matrix, output_margin=True), dtype=np.float64)

    def contributions(self, features: FloatArray) -> FloatArray:
        """Return the exact Shapley values; that of a sum is shared by how far each of its fields lies from its mean."""
        import xgboost

        matrix = xgboost.DMatrix(self._with_sums(features), nthread=1)
        values = np.asarray(self.booster_.predict(matrix, pred_contribs=True)[:, :-1], dtype=np.float64)
        parts = values[:, : features.shape[1]]
        for number, places in enumerate(self.sums):
            away = np.abs(features[:, places] - self.middle_[list(places)]) + 1e-12
            parts[:, places] += values[:, [features.shape[1] + number]] * away / away.sum(axis=1, keepdims=True)
        return parts

    def _with_sums(self, features: FloatArray) -> FloatArray:
        return np.column_stack([features, *(features[:, list(places)].sum(axis=1) for places in self.sums)])
