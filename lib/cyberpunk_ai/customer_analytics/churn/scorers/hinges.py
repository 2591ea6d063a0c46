"""Features bent at their quantiles, so that a straight line over them may rise and then level off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray

TAILS = (0.01, 0.99)
KNOTS = (0.2, 0.4, 0.6, 0.8, 0.95)


class Hinges:
    """Every feature, and every feature above each of its own quantiles, scaled: the shape in which a straight line may bend.

    Features are held within the range seen in learning: everybody's tenure grows between two cut-offs, and a straight line drawn
    beyond what it has seen ranks worse than chance.

    Args:
        quantiles: Where a line may bend.
        inside: Whether bends at the ends of the range, which only repeat the straight line, are left out.
    """

    def __init__(self, quantiles: tuple[float, ...] = KNOTS, *, inside: bool = False) -> None:
        self.quantiles, self.inside = quantiles, inside

    def fit(self, features: FloatArray) -> Self:
        """Learn range, knots and scale."""
        self.lowest_, self.highest_ = np.quantile(features, TAILS, axis=0)
        self.knots_ = [np.unique(np.quantile(column, self.quantiles)) for column in features.T]
        if self.inside:
            ends = zip(self.knots_, self.lowest_, self.highest_, strict=True)
            self.knots_ = [knots[(knots > low) & (knots < high)] for knots, low, high in ends]
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
