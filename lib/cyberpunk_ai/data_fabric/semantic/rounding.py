"""One number however the work was split: parallel sums differ in their last bits from run to run, and doors must show equal numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

DIGITS = 12


def settled(numbers: npt.NDArray[np.float64], digits: int = DIGITS) -> npt.NDArray[np.float64]:
    """Round to significant digits.

    Args:
        numbers: Any shape; NaN stays NaN.
        digits: Significant digits kept; a double holds 15 to 16, and the order of a sum disturbs the last two or three.
    """
    values = np.asarray(numbers, dtype=np.float64)
    magnitude = np.zeros_like(values)
    np.log10(np.abs(values), out=magnitude, where=np.isfinite(values) & (values != 0))
    decimals = digits - 1 - np.floor(magnitude)
    scale = np.power(10.0, np.clip(decimals, -300, 300))
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = np.round(values * scale) / scale
    return np.where(np.isfinite(rounded), rounded, values)
