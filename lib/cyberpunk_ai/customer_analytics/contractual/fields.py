"""The fields of customers as a churn model sees them, and a model over them that has learnt. How it is chosen is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from cyberpunk_ai.core.numbers import to_numbers

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.customer_analytics.churn.scorers.base import Scorer
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray

TENURE = "tenure"
"""Name of the first feature: the logarithm of one plus the days of tenure."""


@dataclass(frozen=True, eq=False)
class FittedFields:
    """A scorer over tenure and fields, with the line that turns its log odds into calibrated ones.

    Attributes:
        scorer: What has learnt.
        names: `tenure`, then each field; `Contract=Two year` is 1 for customers with that value of the field `Contract`.
        intercept: Of the line.
        slope: Of the line.
    """

    scorer: Scorer
    names: tuple[str, ...]
    intercept: float = 0.0
    slope: float = 1.0

    @property
    def name(self) -> str:
        """Which scorer speaks."""
        return self.scorer.name

    def probability(self, features: FloatArray) -> FloatArray:
        """Return the chance to leave, shape (n,)."""
        chance: FloatArray = expit(self.intercept + self.slope * self.scorer.log_odds(features))
        return chance

    def contributions(self, features: FloatArray) -> FloatArray:
        """Return how much each feature moves the log odds away from those of a typical customer, shape (n, k)."""
        parts: FloatArray = self.slope * self.scorer.contributions(features)
        return parts

    def encode(self, fields: pd.DataFrame, tenure_days: FloatArray) -> FloatArray:
        """Return features (n, k) of customers from their fields as the user knows them.

        Args:
            fields: One column per field, such as `Members.raw`; a missing column or value is unknown: no choice, or the number 0.
            tenure_days: Days as a customer, shape (n,).
        """
        columns = [np.log1p(np.nan_to_num(tenure_days))]
        for name in self.names[1:]:
            field, is_choice, choice = name.partition("=")
            if field not in fields.columns:
                columns.append(np.zeros(len(fields)))
            elif is_choice:
                columns.append((fields[field].astype(str) == choice).to_numpy(dtype=np.float64))
            else:
                columns.append(np.nan_to_num(to_numbers(fields[field]).to_numpy(dtype=np.float64)))
        return np.column_stack(columns)


def features_of(tenure_days: FloatArray, fields: pd.DataFrame) -> FloatArray:
    """Return tenure and fields as features, shape (n, 1 + fields)."""
    return np.column_stack([np.log1p(np.nan_to_num(tenure_days)), fields.to_numpy(dtype=np.float64)])
