"""A campaign that works: while it runs, people in the regions that see it order more. The other campaigns only claim to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cyberpunk_ai.demo.draws import FloatArray
    from cyberpunk_ai.demo.history import History

BURSTS = {
    "Spring Launch": ((3, 10), (4, 7)),
    "Summer Sale": ((6, 25), (7, 23)),
    "Back to School": ((8, 10), (9, 7)),
    "Black Friday": ((11, 18), (11, 30)),
}
"""Month and day on which the main flight of each campaign starts and ends, every year, both inclusive."""


@dataclass(frozen=True)
class WorkingCampaign:
    """The real lift in orders of the one campaign that has any.

    Attributes:
        campaign: Its name.
        regions: Where it was shown; the others are the control.
        lift: Orders while it runs, relative to what they would have been, minus one.
    """

    campaign: str = "Back to School"
    regions: tuple[str, ...] = ("North America", "EMEA")
    lift: float = 0.35

    def rhythm(self, history: History, region: str) -> FloatArray:
        """Return the factor on a region's order rate per day, shape (days,)."""
        factor = np.ones(history.days)
        if region in self.regions:
            factor[burst_days(history, self.campaign)] = 1.0 + self.lift
        return factor

    def to_truth(self, history: History) -> dict[str, object]:
        """Return what the truth file records."""
        windows = [
            {"start": date(year, *start).isoformat(), "end": date(year, *end).isoformat()}
            for year in range(history.start.year, history.end.year + 1)
            for start, end in [BURSTS[self.campaign]]
            if history.start <= date(year, *start) and date(year, *end) <= history.end
        ]
        no_lift = [campaign for campaign in BURSTS if campaign != self.campaign]
        return {"campaign": self.campaign, "regions": list(self.regions), "lift": self.lift, "windows": windows, "without_lift": no_lift}


def burst_days(history: History, campaign: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return whether the campaign's main flight runs, per day, shape (days,)."""
    running = np.zeros(history.days, dtype=bool)
    start, end = BURSTS[campaign]
    for year in range(history.start.year, history.end.year + 1):
        first, last = history.day_of(date(year, *start)), history.day_of(date(year, *end))
        running[max(first, 0) : max(last + 1, 0)] = True
    return running
