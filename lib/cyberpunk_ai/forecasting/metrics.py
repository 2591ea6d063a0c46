"""How good a forecast was: point errors, scaled errors, coverage and interval scores. Nothing here knows a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cyberpunk_ai.forecasting.base import FloatArray


def seasonal_scale(history: FloatArray, season_length: int) -> float:
    """Return the mean absolute error of the seasonal naive forecast inside the history: what MASE and MSIS divide by.

    Falls back to lag 1 where the history is shorter than a season, and is NaN where the history never changes.
    """
    lag = season_length if len(history) > season_length else 1
    if len(history) <= lag:
        return float("nan")
    scale = float(np.abs(history[lag:] - history[:-lag]).mean())
    return scale if scale > 0 else float("nan")


def mase(actual: FloatArray, predicted: FloatArray, scale: float) -> float:
    """Return the mean absolute scaled error.

    Source:
        Hyndman & Koehler (2006).
    """
    return float(np.abs(actual - predicted).mean() / scale)


def smape(actual: FloatArray, predicted: FloatArray) -> float:
    """Return the symmetric mean absolute percentage error, 0 to 200, as in M4; a pair of zeros counts as no error."""
    size = np.abs(actual) + np.abs(predicted)
    gap = np.abs(actual - predicted)
    return float(200.0 * np.divide(gap, size, out=np.zeros_like(gap), where=size > 0).mean())


def coverage(actual: FloatArray, lower: FloatArray, upper: FloatArray) -> float:
    """Return the share of actual values inside their interval, 0 to 1."""
    return float(((actual >= lower) & (actual <= upper)).mean())


def msis(actual: FloatArray, lower: FloatArray, upper: FloatArray, level: int, scale: float) -> float:
    """Return the mean scaled interval score: width plus the price of every miss; lower is better.

    Source:
        Gneiting & Raftery (2007); used by M4 at 95%.
    """
    penalty = 2.0 / (1.0 - level / 100.0)
    below, above = np.maximum(lower - actual, 0.0), np.maximum(actual - upper, 0.0)
    return float(((upper - lower) + penalty * (below + above)).mean() / scale)


def owa(*, model_smape: float, model_mase: float, naive_smape: float, naive_mase: float) -> float:
    """Return the overall weighted average of M4: the mean of sMAPE and MASE relative to Naive2's."""
    return 0.5 * (model_smape / naive_smape + model_mase / naive_mase)
