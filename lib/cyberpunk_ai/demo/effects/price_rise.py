"""A region whose customers leave after a price rise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cyberpunk_ai.demo.draws import BoolArray, FloatArray
    from cyberpunk_ai.demo.history import History

MONTHS_BEFORE_END = 6


@dataclass(frozen=True)
class PriceRise:
    """Prices of one region go up on one day, and a share of its living customers stop buying within weeks.

    Attributes:
        region: Where.
        month: Month on whose first day prices rise, counted from the start of the history.
        day: The same as a day number.
        price_factor: New price relative to the old one.
        leaving_share: Share of the living customers that stop because of it.
        mean_days_to_leave: Mean days between the rise and the last chance of an order.
    """

    region: str
    month: int
    day: int
    price_factor: float = 1.14
    leaving_share: float = 0.45
    mean_days_to_leave: float = 25.0

    @classmethod
    def planned(cls, history: History) -> PriceRise:
        """Place the rise six whole months before the end, in APAC."""
        month = history.whole_months - MONTHS_BEFORE_END
        return cls("APAC", month, int(np.argmax(history.month_of_day == month)))

    def price_level(self, months: int) -> FloatArray:
        """Return the region's price factor per month, shape (months,)."""
        return np.where(np.arange(months) >= self.month, self.price_factor, 1.0)

    def shorten(self, rng: np.random.Generator, leaves: FloatArray, joined: FloatArray, in_region: BoolArray) -> FloatArray:
        """Return the days on which customers leave, brought forward for those whom the rise drives away.

        Args:
            rng: Random stream.
            leaves: Day on which each customer would have left, shape (n,).
            joined: Day of each customer's first order, shape (n,).
            in_region: Whether the customer lives in the region, shape (n,).

        Returns:
            Day on which each customer leaves, shape (n,).
        """
        driven = in_region & (joined < self.day) & (leaves > self.day) & (rng.random(len(leaves)) < self.leaving_share)
        sooner = self.day + rng.exponential(self.mean_days_to_leave, len(leaves))
        return np.where(driven, np.minimum(leaves, sooner), leaves)

    def to_truth(self, history: History) -> dict[str, object]:
        """Return what the truth file records."""
        return {
            "region": self.region,
            "date": history.date_of(self.day).isoformat(),
            "price_factor": self.price_factor,
            "leaving_share": self.leaving_share,
            "mean_days_to_leave": self.mean_days_to_leave,
        }
