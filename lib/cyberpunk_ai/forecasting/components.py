"""What a forecast is made of: trend, season, long season, covariates and what is left, adding up exactly on history and horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from cyberpunk_ai.core.results import Result
from cyberpunk_ai.forecasting.long_seasons import find_long_season
from cyberpunk_ai.forecasting.seasonality import adjust

if TYPE_CHECKING:
    from cyberpunk_ai.forecasting.base import FloatArray
    from cyberpunk_ai.forecasting.results import ForecastResult

TREND, SEASON, LONG_SEASON, REMAINDER = "trend", "season", "long season", "remainder"
_LEAST_AROUND = 5


@dataclass(frozen=True, eq=False)
class Components(Result):
    """History and forecast taken apart.

    Attributes:
        frame: unique_id, ds, part (`history` or `forecast`), y (the value, or the mean), and one column per component; they add up to y.
        names: The components, trend first.
        notes: Per series what kind of season was found.
    """

    chart_name: ClassVar[str] = "components"

    frame: pd.DataFrame
    names: tuple[str, ...]
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per series and period."""
        return self.frame


def components(result: ForecastResult) -> Components:
    """Take a forecast and its history apart.

    Args:
        result: The forecast.

    Returns:
        In units of the demand: what each covariate did, the long season (the year of days, the week of hours) where one repeats, the season
        that stands still, the trend as a running mean of what remains, and the remainder.

    Source:
        Classical decomposition; multiplicative seasons are told in units, so that the parts add up.
    """
    parts, notes = [], []
    for unique_id in result.unique_ids:
        history = result.history[result.history["unique_id"] == unique_id]
        ahead = result.forecast[result.forecast["unique_id"] == unique_id]
        effects = result.effects[result.effects["unique_id"] == unique_id]
        found, note = _one(history, ahead, effects, result.season_length)
        parts.append(found.assign(unique_id=unique_id))
        notes.append(f"{unique_id}: {note}")
    frame = pd.concat(parts, ignore_index=True)
    names = [column for column in frame.columns if column not in ("unique_id", "ds", "part", "y")]
    ordered = [TREND, SEASON, *([LONG_SEASON] if LONG_SEASON in names else [])]
    ordered += [name for name in names if name not in (*ordered, REMAINDER)] + [REMAINDER]
    frame[ordered] = frame[ordered].fillna(0.0)
    return Components(frame[["unique_id", "ds", "part", "y", *ordered]], tuple(ordered), tuple(notes))


def _one(history: pd.DataFrame, ahead: pd.DataFrame, effects: pd.DataFrame, season_length: int) -> tuple[pd.DataFrame, str]:
    known, horizon = len(history), len(ahead)
    y = np.concatenate([history["y"].to_numpy(float), ahead["mean"].to_numpy(float)])
    frame = pd.DataFrame({"ds": [*history["ds"], *ahead["ds"]], "part": ["history"] * known + ["forecast"] * horizon, "y": y})
    rest = y.copy()
    for name, each in effects.groupby("covariate", sort=False):
        effect = each.set_index("ds")["effect"].reindex(frame["ds"]).fillna(0.0).to_numpy(float)
        frame[str(name)] = effect
        rest = rest - effect
    notes = []
    long_season = find_long_season(rest[:known], season_length)
    if long_season is not None:
        past = np.log(rest[:known] / long_season.values) if long_season.is_relative else rest[:known] - long_season.values
        pattern = np.concatenate([past, long_season.ahead(horizon)])
        without = rest / np.exp(pattern) if long_season.is_relative else rest - pattern
        frame[LONG_SEASON] = rest - without
        rest = without
        notes.append(long_season.note)
    adjusted = adjust(rest[:known], season_length)
    if adjusted.kind == "none" and season_length > 1:
        # A strong trend hides the season from the test: it is asked again around the trend.
        adjusted = adjust(rest[:known] - _running_mean(rest[:known], season_length), season_length)
    figure = adjusted.figure[np.arange(known + horizon) % len(adjusted.figure)]
    without = rest if adjusted.kind == "none" else rest / figure if adjusted.kind == "multiplicative" else rest - figure
    frame[SEASON] = rest - without
    notes.append(f"season {adjusted.kind}")
    trend = _running_mean(without, max(season_length, _LEAST_AROUND))
    frame[TREND] = trend
    frame[REMAINDER] = without - trend
    return frame, "; ".join(notes)


def _running_mean(values: FloatArray, around: int) -> FloatArray:
    """Centred; beyond its ends the series is thought to go back the way it came."""
    half = min(around // 2, len(values) - 1)
    padded = np.pad(values, half, mode="reflect") if half else values
    sums = np.concatenate([[0.0], np.cumsum(padded)])
    return np.asarray((sums[2 * half + 1 :] - sums[: -2 * half - 1]) / (2 * half + 1), dtype=np.float64)
