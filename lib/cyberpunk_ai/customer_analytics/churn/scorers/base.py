"""What every model that may score churn can do: learn, give log odds, and say how much each feature moved them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray


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
