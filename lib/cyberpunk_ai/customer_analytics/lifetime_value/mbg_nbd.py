"""MBG/NBD: a customer may leave after each purchase, the first one included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cyberpunk_ai.customer_analytics.lifetime_value.leaving_after_purchase import LeavingAfterPurchase


@dataclass(frozen=True)
class MbgNbd(LeavingAfterPurchase):
    """The modified BG/NBD model: one-time buyers may have left too.

    Source:
        Batislam, Denizel & Filiztekin (2007), Empirical validation and comparison of models for customer base analysis, IJRM 24.
    """

    name: ClassVar[str] = "MBG/NBD"
    chances_at_first: ClassVar[int] = 1
