"""What is usual for a frequency: measured on public series, used only while a series' own past says too little."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# How much the ensemble's spread must be widened so that the promise holds, by frequency and level.
_FACTORS: Mapping[str, Mapping[int, float]] = {"any": {80: 1.0, 95: 1.0}}
# Standard deviation of the change over one period, relative to the level.
_RELATIVE_ERRORS: Mapping[str, float] = {"any": 0.2}


def factors(freq: str) -> Mapping[int, float]:
    """Return the usual widening of intervals per level."""
    return _FACTORS.get(_family(freq), _FACTORS["any"])


def relative_error(freq: str) -> float:
    """Return the usual change of a series from one period to the next, relative to its level."""
    return _RELATIVE_ERRORS.get(_family(freq), _RELATIVE_ERRORS["any"])


def _family(freq: str) -> str:
    return freq.lstrip("0123456789").partition("-")[0][:1]
