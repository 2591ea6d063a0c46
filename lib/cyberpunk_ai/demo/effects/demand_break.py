"""A product whose demand breaks: from one month on it sells a fraction of what it sold before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cyberpunk_ai.demo.draws import FloatArray
    from cyberpunk_ai.demo.history import History

MONTHS_BEFORE_END = 7


@dataclass(frozen=True)
class DemandBreak:
    """A level shift of one product's demand, in every region.

    Attributes:
        product: Name of the product.
        month: First month of the lower level, counted from the start of the history.
        factor: Demand from then on, relative to what it would have been.
    """

    product: str
    month: int
    factor: float

    @classmethod
    def planned(cls, history: History) -> DemandBreak:
        """Place the break seven whole months before the end."""
        return cls("Orbit Webcam", history.whole_months - MONTHS_BEFORE_END, 0.4)

    def level(self, months: int) -> FloatArray:
        """Return the factor per month, shape (months,)."""
        return np.where(np.arange(months) >= self.month, self.factor, 1.0)

    def to_truth(self, history: History) -> dict[str, object]:
        """Return what the truth file records."""
        day = int(np.argmax(history.month_of_day == self.month))
        return {"product": self.product, "starts": history.date_of(day).isoformat(), "factor": self.factor, "regions": "all"}
