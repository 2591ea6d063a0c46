"""BG/NBD: a customer may leave after each repeat purchase. The model that the rest of the room uses unless another wins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from cyberpunk_ai.customer_analytics.lifetime_value.base import PurchaseModel, histories_of
from cyberpunk_ai.customer_analytics.lifetime_value.leaving_after_purchase import LeavingAfterPurchase

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray

__all__ = ["BgNbd", "PurchaseModel", "fit_purchases", "histories_of"]


@dataclass(frozen=True)
class BgNbd(LeavingAfterPurchase):
    """The BG/NBD model: one-time buyers have had no chance to leave, so they are alive for sure.

    Source:
        Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24.
    """

    name: ClassVar[str] = "BG/NBD"
    chances_at_first: ClassVar[int] = 0


def fit_purchases(x: FloatArray, t_x: FloatArray, age: FloatArray) -> PurchaseModel:
    """Fit a BG/NBD model, or its fallback; see `LeavingAfterPurchase.fit`."""
    return BgNbd.fit(x, t_x, age)
