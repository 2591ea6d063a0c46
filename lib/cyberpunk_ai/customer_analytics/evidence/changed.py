"""A customer after a change that was only thought of: its features, and what it is then worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray

# From chance before and after, and purchases and value before, to purchases and value after.
Worth = Callable[[float, float, float, float], tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Changed:
    """The customer after the change.

    Attributes:
        features: As the churn model sees it, shape (1, k).
        worth: Expected purchases and value after the change.
        later_days: How many days later than the report it is seen.
        notes: What the change rests on.
    """

    features: FloatArray
    worth: Worth
    later_days: int = 0
    notes: tuple[str, ...] = ()
