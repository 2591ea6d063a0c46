"""What a report keeps so that it can be asked further: the inputs as read, and the fitted models. It never becomes JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import PurchaseModel
    from cyberpunk_ai.customer_analytics.lifetime_value.gamma_gamma import SpendModel
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, Ledger
    from cyberpunk_ai.customer_analytics.reading.members import Members


class FittedChurn(Protocol):
    """A churn model that has learnt, whatever the regime: it scores features and says how much each moved the score."""

    @property
    def name(self) -> str:
        """Which kind of model it is."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the k features."""
        ...

    def probability(self, features: FloatArray) -> FloatArray:
        """Return the chance to leave, shape (n,), from features (n, k)."""
        ...

    def contributions(self, features: FloatArray) -> FloatArray:
        """Return how much each feature moves the log odds away from those of a typical customer, shape (n, k)."""
        ...


@dataclass(frozen=True, eq=False)
class Evidence:
    """Inputs and fitted models behind one report.

    Attributes:
        ledger: Purchases up to the moment, or None where there are none.
        members: Customers as read, or None.
        churn: Fitted churn model, or None where a curve or a closed form speaks alone.
        features: Features of the customers of the report in its order, shape (n, k); empty without a churn model.
        purchases: Purchase model, or None.
        spend: Spend model, or None.
        seed: Of everything random.
    """

    ledger: Ledger | None
    members: Members | None
    churn: FittedChurn | None
    features: FloatArray
    purchases: PurchaseModel | None
    spend: SpendModel | None
    seed: int
