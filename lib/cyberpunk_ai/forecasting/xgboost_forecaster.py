"""XGBoost: boosted trees over lags and the calendar, one model for the whole panel. Season and scale are taken out per series first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cyberpunk_ai.forecasting.base import FORECASTERS, FloatArray
from cyberpunk_ai.forecasting.features import calendar, lag_matrix, lags_for
from cyberpunk_ai.forecasting.panel_members import GlobalForecaster
from cyberpunk_ai.forecasting.seasonality import adjust

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

_ROUNDS = 80
_PARAMETERS: dict[str, object] = {
    "objective": "reg:squarederror", "eta": 0.1, "max_depth": 4, "min_child_weight": 4, "subsample": 1.0, "lambda": 1.0,
    "tree_method": "hist", "nthread": 1,  # more threads per worker multiplied its cost by six
}  # fmt: skip
# A change beyond so many usual changes is an outlier and would own the squared error.
_CLIP = 5.0


@FORECASTERS.register("xgboost", needs=("xgboost",), summary="Boosted trees over lags and the calendar (xgboost).")
class XgboostForecaster(GlobalForecaster):
    """One boosted model over all series; it predicts the next value relative to the mean of the last ones, step by step."""

    name: ClassVar[str] = "xgboost"
    minimum_length: ClassVar[int] = 12
    cost: ClassVar[int] = 30

    def _prepare(self, values: FloatArray) -> None:
        self.adjusted_ = adjust(values, self.season_length)
        inner = self.adjusted_.values
        self.scale_ = float(np.abs(np.diff(inner)).mean()) or 1.0
        self.anchor_ = max(min(self.season_length, 12), 2)

    @classmethod
    def _learn_together(cls, fits: Sequence[Self]) -> _Boosted:
        import xgboost

        longest = max(len(fit.values_) for fit in fits)
        lags = lags_for(fits[0].season_length, longest, daily=_is_daily(fits[0].index_))
        model = _Boosted(fits, lags)
        features, targets = zip(*(model.rows(fit) for fit in fits), strict=True)
        matrix = xgboost.DMatrix(np.concatenate(features), label=np.clip(np.concatenate(targets), -_CLIP, _CLIP), nthread=1)
        model.booster = xgboost.train({**_PARAMETERS, "seed": fits[0].seed}, matrix, num_boost_round=_ROUNDS)
        return model


@dataclass
class _Boosted:
    fits: Sequence[XgboostForecaster]
    lags: tuple[int, ...]
    booster: Any = None
    _made: dict[int, list[FloatArray]] = field(default_factory=dict)

    def rows(self, fit: XgboostForecaster) -> tuple[FloatArray, FloatArray]:
        """Return features and targets of every period of a series from the second on."""
        values = fit.adjusted_.values
        sums = np.concatenate([[0.0], np.cumsum(values)])
        ends = np.arange(1, len(values))
        starts = np.maximum(ends - fit.anchor_, 0)
        level = (sums[ends] - sums[starts]) / (ends - starts)
        relative = (lag_matrix(values, self.lags) - level[:, None]) / fit.scale_
        features = np.column_stack([relative, self._calendar(fit.index_, len(values))[1:]])
        return features, (values[1:] - level) / fit.scale_

    def project(self, horizon: int) -> list[FloatArray]:
        """Forecast all series together, one step at a time."""
        if horizon not in self._made:
            self._made[horizon] = self._steps(horizon)
        return self._made[horizon]

    def spread(self, horizon: int) -> list[FloatArray | None]:  # noqa: ARG002 - trees of a mean know no spread
        return [None] * len(self.fits)

    def _steps(self, horizon: int) -> list[FloatArray]:
        paths = [np.concatenate([fit.adjusted_.values, np.zeros(horizon)]) for fit in self.fits]
        ahead = [self._calendar_ahead(fit.index_, horizon) for fit in self.fits]
        for step in range(horizon):
            rows, levels = [], []
            for fit, path, days in zip(self.fits, paths, ahead, strict=True):
                end = len(fit.values_) + step
                level = float(path[max(end - fit.anchor_, 0) : end].mean())
                lagged = np.array([path[end - lag] if lag <= end else np.nan for lag in self.lags])
                rows.append(np.concatenate([(lagged - level) / fit.scale_, days[step]]))
                levels.append(level)
            answers = self.booster.inplace_predict(np.stack(rows))
            for fit, path, level, answer in zip(self.fits, paths, levels, answers, strict=True):
                path[len(fit.values_) + step] = level + float(answer) * fit.scale_
        return [fit.adjusted_.restore(path[len(fit.values_) :]) for fit, path in zip(self.fits, paths, strict=True)]

    def _calendar(self, index: Any, count: int) -> FloatArray:
        return calendar(index) if _has_dates(index) else np.zeros((count, 5))

    def _calendar_ahead(self, index: Any, horizon: int) -> FloatArray:
        if not _has_dates(index):
            return np.zeros((horizon, 5))
        import pandas as pd

        days: pd.DatetimeIndex = pd.date_range(index[-1], periods=horizon + 1, freq=index.freq)[1:]
        return calendar(days)


def _has_dates(index: Any) -> bool:
    return getattr(index, "freq", None) is not None and hasattr(index, "weekday")


def _is_daily(index: Any) -> bool:
    return _has_dates(index) and index.freqstr == "D"
