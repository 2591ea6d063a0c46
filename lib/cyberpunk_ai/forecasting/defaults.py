"""What is usual for a frequency: measured on public series, used only while a series' own past says too little.

Measured by `python -m tests.accuracy.forecasting_defaults --data DIR` on M1, M3, Tourism, Hospital, M4 and Store Item series.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# By how much the ensemble's own spread had to be widened to cover 80% and 95% of what came.
_FACTORS: Mapping[str, Mapping[int, float]] = {
    "Y": {80: 1.976, 95: 2.380},
    "Q": {80: 1.512, 95: 2.031},
    "M": {80: 1.269, 95: 1.568},
    "W": {80: 0.824, 95: 0.903},
    "D": {80: 1.119, 95: 0.967},
    "h": {80: 0.833, 95: 1.025},
}
# Median over series of the standard deviation of the change from one period to the next, relative to the level.
_RELATIVE_ERRORS: Mapping[str, float] = {"Y": 0.136, "Q": 0.118, "M": 0.253, "W": 0.052, "D": 0.282, "h": 0.063}


def factors(freq: str) -> Mapping[int, float]:
    """Return the usual widening of intervals per level."""
    return _FACTORS[_family(freq)]


def relative_error(freq: str) -> float:
    """Return the usual change of a series from one period to the next, relative to its level."""
    return _RELATIVE_ERRORS[_family(freq)]


def _family(freq: str) -> str:
    first = freq.lstrip("0123456789")[0]
    return "D" if first == "B" else first
