"""How far to look ahead, and from which past days the churn model may learn: days whose outcome is already known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.core.errors import InvalidArgument

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import Ledger

SHARE_OF_GAPS = 0.9
SHORTEST, LONGEST, WITHOUT_REPEATS = 7, 365, 90
MAX_CUT_OFFS = 6


def horizon_for(ledger: Ledger, asked: int | None) -> tuple[int, str]:
    """Return the horizon in days and where it comes from.

    Args:
        ledger: Purchases up to the moment of the analysis.
        asked: The user's choice, or None for the 90th percentile of the gaps between purchases, kept between 7 days and a third of
            the history, so that there are past days to learn from.

    Raises:
        InvalidArgument: The user's choice is not at least one day.
    """
    if asked is not None:
        if asked < 1:
            raise InvalidArgument(f"horizon_days is {asked}", hint="give at least 1 day")
        return int(asked), "as asked"
    gaps = ledger.gaps[~np.isnan(ledger.gaps)]
    longest = int(np.clip((ledger.as_of_day - int(ledger.day.min())) // 3, SHORTEST, LONGEST))
    if not len(gaps):
        return min(WITHOUT_REPEATS, max(longest, SHORTEST)), f"nobody bought twice: {WITHOUT_REPEATS} days, or a third of the history"
    usual = int(np.ceil(np.quantile(gaps, SHARE_OF_GAPS)))
    reason = f"90% of repeat purchases come within {usual} days"
    bounded = int(np.clip(usual, SHORTEST, longest))
    if bounded != usual:
        reason += f"; kept at {bounded} days, between {SHORTEST} days and a third of the history"
    return bounded, reason


def matured_cut_offs(ledger: Ledger, horizon_days: int) -> list[int]:
    """Return past days, newest first, whose whole horizon had passed by the moment of the analysis, with history before them."""
    step = max(horizon_days // 2, 1)
    newest = ledger.as_of_day - horizon_days
    oldest = int(ledger.day.min()) + max(horizon_days // 2, SHORTEST)
    return [newest - step * index for index in range(MAX_CUT_OFFS) if newest - step * index >= oldest]
