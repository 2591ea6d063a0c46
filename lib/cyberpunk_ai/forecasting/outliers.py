"""Single values far from their neighbours, replaced on request and listed. Whether a past value was to be expected is `anomalies`'s."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.forecasting.input import no_outliers
from cyberpunk_ai.forecasting.seasonality import adjust

if TYPE_CHECKING:
    from cyberpunk_ai.forecasting.base import FloatArray
    from cyberpunk_ai.forecasting.input import Demand, Panel

_LEAST_VALUES = 12
_NEIGHBOURS = 3
# Beyond the quartiles by three times their distance, as R's tsoutliers has it.
_FAR = 3.0
_MOST_SHARE = 0.05


def clean(panel: Panel) -> Panel:
    """Replace outliers by what their neighbours and the season say.

    Args:
        panel: The series.

    Returns:
        The panel with `outliers` listing what was replaced, and notes. Series of less than 12 values stay as they are, and those where more
        than one value in twenty is far off, which is their nature then.

    Source:
        Hyndman (2021), detecting time series outliers; the running median stands in for its loess.
    """
    found: list[pd.DataFrame] = []
    notes = list(panel.notes)
    demands = tuple(_cleaned(each, panel.season_length, found, notes) for each in panel.demands)
    listed = pd.concat(found, ignore_index=True) if found else no_outliers()
    return replace(panel, demands=demands, notes=tuple(notes), outliers=listed)


def _cleaned(demand: Demand, season_length: int, found: list[pd.DataFrame], notes: list[str]) -> Demand:
    values = demand.values
    where, expected = find_outliers(values, season_length)
    if not where.any():
        return demand
    if where.mean() > _MOST_SHARE:
        notes.append(f"{demand.unique_id}: {where.mean():.0%} of the values lie far off, which is no outlier any more: kept")
        return demand
    series = demand.series.copy()
    series[where] = expected[where]
    distance = np.abs(values - expected)[where] / max(float(np.median(np.abs(values - expected))), 1e-12)
    found.append(
        pd.DataFrame(
            {
                "unique_id": demand.unique_id,
                "ds": demand.series.index[where],
                "y": values[where],
                "replaced_by": expected[where],
                "reason": [f"{each:.0f} times as far from its neighbours as usual" for each in distance],
            }
        )
    )
    notes.append(f"{demand.unique_id}: {int(where.sum())} outliers were replaced, see outliers")
    return replace(demand, series=series)


def find_outliers(values: FloatArray, season_length: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], FloatArray]:
    """Tell which values are outliers, and what each value was expected to be.

    Args:
        values: Series in time order, finite.
        season_length: Periods in one season.

    Returns:
        Whether each value is one, and the running median of its neighbours with the season put back.
    """
    nothing = np.zeros(len(values), dtype=bool)
    if len(values) < _LEAST_VALUES or np.ptp(values) == 0:
        return nothing, values
    adjusted = adjust(values, season_length)
    inner = adjusted.values
    padded = np.concatenate([np.full(_NEIGHBOURS, np.nan), inner, np.full(_NEIGHBOURS, np.nan)])
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEIGHBOURS + 1)
    smooth = np.nanmedian(np.delete(around, _NEIGHBOURS, axis=1), axis=1)
    rest = inner - smooth
    low, high = np.quantile(rest, [0.25, 0.75])
    reach = _FAR * max(high - low, 1e-9 * float(np.abs(values).max()))
    where = (rest < low - reach) | (rest > high + reach)
    pattern = adjusted.figure[np.arange(len(values)) % len(adjusted.figure)]
    expected = smooth if adjusted.kind == "none" else smooth * pattern if adjusted.kind == "multiplicative" else smooth + pattern
    return np.asarray(where), np.asarray(expected, dtype=np.float64)
