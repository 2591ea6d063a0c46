"""One network per frequency: what each looks back on, how far it answers at once, and which frequency takes which."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """The shape of the network of one frequency.

    Attributes:
        name: As in the file of its weights.
        season_length: Periods in one season of the series that it learnt from.
        seen: Newest periods that it looks at.
        ahead: Periods that it answers at once.
        shortest: Shortest history that it learnt from.
        longest: Longest history that it learnt from.
    """

    name: str
    season_length: int
    seen: int
    ahead: int
    shortest: int
    longest: int


FAMILIES = {
    each.name: each
    for each in (
        Family("yearly", 1, 16, 8, 6, 45),
        Family("quarterly", 4, 24, 8, 12, 110),
        Family("monthly", 12, 36, 24, 30, 200),
        Family("weekly", 52, 60, 13, 60, 500),
        Family("daily", 7, 56, 28, 40, 500),
        Family("hourly", 24, 72, 48, 72, 700),
    )
}


def family_of(season_length: int) -> Family:
    """Return the network for a season: its own where one learnt that season, else the one whose season is nearest in proportion."""
    return min(FAMILIES.values(), key=lambda each: max(each.season_length, season_length) / min(each.season_length, season_length))
