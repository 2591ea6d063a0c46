"""What the forecast would be with other covariates: the difference to the forecast, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from cyberpunk_ai.core.results import Result
from cyberpunk_ai.forecasting.intervals import z_of

if TYPE_CHECKING:
    from cyberpunk_ai.forecasting.covariate_effects import CovariateHistories
    from cyberpunk_ai.forecasting.results import ForecastResult


@dataclass(frozen=True, eq=False)
class Scenario(Result):
    """A forecast beside the one with other covariates.

    Attributes:
        base: The forecast as it was: unique_id, ds, mean, lo-L and hi-L per level.
        scenario: The same with the other covariates.
        difference: unique_id, ds, mean, lo-L and hi-L: what the change alone does, and the interval of that.
        totals: unique_id, base, scenario, difference over the horizon.
        history: unique_id, ds, y, filled.
        levels: Levels of the intervals in percent.
        notes: What changed.
    """

    chart_name: ClassVar[str] = "scenario"

    base: pd.DataFrame
    scenario: pd.DataFrame
    difference: pd.DataFrame
    totals: pd.DataFrame
    history: pd.DataFrame
    levels: tuple[int, ...]
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return unique_id, ds, base, scenario, difference and its interval, one row per series and period."""
        frame = self.base[["unique_id", "ds"]].assign(base=self.base["mean"], scenario=self.scenario["mean"])
        return pd.concat([frame, self.difference.drop(columns=["unique_id", "ds"]).rename(columns={"mean": "difference"})], axis=1)


def compare(base: ForecastResult, changed: ForecastResult, before: CovariateHistories, after: CovariateHistories) -> Scenario:
    """Put two forecasts with the same effects beside each other.

    Args:
        base: The forecast as it was.
        changed: The one with other covariates.
        before: Covariates of the first.
        after: Covariates of the second.
    """
    difference = base.forecast[["unique_id", "ds"]].assign(mean=changed.forecast["mean"] - base.forecast["mean"])
    bounds: dict[str, list[np.ndarray[tuple[int], np.dtype[np.float64]]]] = {}
    for position, demand in enumerate(before.panel.demands):
        start = len(demand.values)
        step = (after.covariates.values[position] - before.covariates.values[position])[start:]
        told = after.told_ahead(position) - before.told_ahead(position)
        error = np.sqrt(np.square(step) @ np.square(before.effects.errors[position]))
        mean = base.forecast["mean"].to_numpy(float)[base.forecast["unique_id"] == demand.unique_id]
        for level in base.levels:
            for side, sign in (("lo", -1.0), ("hi", 1.0)):
                moved = told + sign * z_of(level) * error
                bounds.setdefault(f"{side}-{level}", []).append(
                    mean * np.expm1(moved) if before.effects.is_relative[position] else np.asarray(moved)
                )
    difference = difference.assign(**{name: np.concatenate(parts) for name, parts in bounds.items()})
    totals = pd.DataFrame(
        {
            "base": base.forecast.groupby("unique_id")["mean"].sum(),
            "scenario": changed.forecast.groupby("unique_id")["mean"].sum(),
            "difference": difference.groupby("unique_id")["mean"].sum(),
        }
    ).reset_index()
    moved_periods = int((difference["mean"].abs() > 0).sum())
    note = f"{moved_periods} of {len(difference)} forecast values change; their interval is that of the effect, not of demand itself"
    return Scenario(base.forecast, changed.forecast, difference, totals, base.history, base.levels, (note,))
