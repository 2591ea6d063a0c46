"""How everybody did on the series of one set: errors per series of the engine, its members, the naive forecast and the peers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.forecasting import forecast, metrics
from cyberpunk_ai.forecasting.seasonality import naive2
from tests.accuracy.forecasting_sets import layout_of, load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cyberpunk_ai.forecasting.base import FloatArray
    from tests.accuracy.forecasting_peers import Peer


@dataclass
class SetScores:
    """One set after the fact.

    Attributes:
        name: Of the set.
        pasts: History of each series.
        futures: What came.
        scales: What MASE and MSIS of each series divide by.
        answer: The engine's forecast joined with what came: unique_id, ds, y, mean and bounds.
        members: The members' forecasts in the same way: unique_id, model, mean, y.
        cpu_seconds_per_series: What the engine took.
        naive: Naive2's forecast.
    """

    name: str
    pasts: dict[str, FloatArray]
    futures: dict[str, FloatArray]
    scales: dict[str, float]
    answer: pd.DataFrame
    members: pd.DataFrame
    cpu_seconds_per_series: float
    naive: dict[str, FloatArray] = field(default_factory=dict)

    @property
    def horizon(self) -> int:
        """Periods forecast."""
        return max(len(each) for each in self.futures.values())

    def ours(self) -> dict[str, FloatArray]:
        """Return the engine's forecast by series."""
        return {str(name): each["mean"].to_numpy() for name, each in self.answer.groupby("unique_id")}

    def owa_of(self, means: Mapping[str, FloatArray]) -> float:
        """Return OWA against Naive2 over the series that are given."""
        names = sorted(means)
        model = np.nanmean([self._errors(name, means[name]) for name in names], axis=0)
        plain = np.nanmean([self._errors(name, self.naive[name]) for name in names], axis=0)
        return metrics.owa(model_smape=model[0], model_mase=model[1], naive_smape=plain[0], naive_mase=plain[1])

    def mase_of(self, means: Mapping[str, FloatArray]) -> dict[str, float]:
        """Return MASE by series."""
        return {name: self._errors(name, mean)[1] for name, mean in means.items()}

    def relative_errors(self, means: Mapping[str, FloatArray]) -> dict[str, float]:
        """Return each series' part in OWA: mean of sMAPE and MASE over the set's means of Naive2."""
        plain = np.nanmean([self._errors(name, self.naive[name]) for name in sorted(means)], axis=0)
        return {name: float(np.mean(np.asarray(self._errors(name, mean)) / plain)) for name, mean in means.items()}

    def coverage(self, level: int) -> float:
        """Share of what came inside the interval, mean over series."""
        inside = (self.answer["y"] >= self.answer[f"lo-{level}"]) & (self.answer["y"] <= self.answer[f"hi-{level}"])
        return float(inside.groupby(self.answer["unique_id"]).mean().mean())

    def msis(self, bounds: Mapping[str, tuple[FloatArray, FloatArray]] | None = None, level: int = 95) -> dict[str, float]:
        """Return the interval score by series, ours where no bounds are given."""
        if bounds is None:
            groups = self.answer.groupby("unique_id")
            bounds = {str(name): (each[f"lo-{level}"].to_numpy(), each[f"hi-{level}"].to_numpy()) for name, each in groups}
        return {
            name: metrics.msis(
                self.futures[name], low[: len(self.futures[name])], high[: len(self.futures[name])], level, self.scales[name]
            )
            for name, (low, high) in bounds.items()
        }

    def is_ordered(self) -> bool:
        """Whether every bound is finite and every wider interval holds the narrower one."""
        levels = sorted(int(column[3:]) for column in self.answer if column.startswith("lo-"))
        bounds = self.answer[[f"lo-{level}" for level in levels[::-1]] + ["mean"] + [f"hi-{level}" for level in levels]].to_numpy()
        return bool(np.isfinite(bounds).all() and (np.diff(bounds, axis=1) >= 0).all())

    def weighted_quantile_loss(self) -> float:
        """Return the mean over nine deciles of twice the pinball loss over the sum of what came.

        Source:
            Salinas et al. (2020), DeepAR; deciles as in GluonTS.
        """
        actual, losses = self.answer["y"].to_numpy(), []
        for tenth in range(1, 10):
            tau = tenth / 10
            level = round(abs(2 * tau - 1) * 100)
            column = "mean" if level == 0 else f"{'lo' if tau < 0.5 else 'hi'}-{level}"
            gap = actual - self.answer[column].to_numpy()
            losses.append(2 * np.maximum(tau * gap, (tau - 1) * gap).sum() / np.abs(actual).sum())
        return float(np.mean(losses))

    def rmsse(self) -> float:
        """Return the mean root mean squared scaled error, scaled by the one-step naive error of the history, as in M5."""
        found = []
        for name, mean in self.ours().items():
            scale = float(np.square(np.diff(self.pasts[name])).mean())
            if scale > 0:
                found.append(np.sqrt(np.square(self.futures[name] - mean).mean() / scale))
        return float(np.mean(found))

    def _errors(self, name: str, mean: FloatArray) -> tuple[float, float]:
        actual = self.futures[name]
        return metrics.smape(actual, mean[: len(actual)]), metrics.mase(actual, mean[: len(actual)], self.scales[name])


def measure(path: Path, *, limit: int | None = None, models: Sequence[str] | None = None, windows: int = 1) -> SetScores:
    """Forecast the series of one file as a panel and join that with what came."""
    layout = layout_of(path.stem)
    history, future = load(path, limit=limit)
    horizon = int(future.groupby("unique_id").size().max())
    chosen = {"models": tuple(models)} if models else {}
    start = time.process_time()
    answer = forecast(
        history, horizon=horizon, levels=_levels(path.stem), season_length=layout.season_length, backtest_windows=windows,
        freq=None if _has_dates(path) else layout.freq, **chosen,
    )  # fmt: skip
    seconds = time.process_time() - start
    pasts = {str(name): each["y"].to_numpy() for name, each in history.groupby("unique_id")}
    futures = {str(name): each["y"].to_numpy() for name, each in future.groupby("unique_id")}
    scales = {name: metrics.seasonal_scale(past, layout.metric_season) for name, past in pasts.items()}
    naive = {name: naive2(past, horizon, layout.metric_season) for name, past in pasts.items()}
    return SetScores(
        path.stem, pasts, futures, scales,
        answer.forecast.merge(future, on=["unique_id", "ds"]), answer.members.merge(future, on=["unique_id", "ds"]),
        seconds / len(pasts), naive,
    )  # fmt: skip


def bounds_of(peer: Peer) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return a peer's 95% bounds by series, of those that it gave."""
    return {name: (each.low, each.high) for name, each in peer.answers.items() if each.low is not None and each.high is not None}


def member_means(scores: SetScores) -> dict[str, dict[str, FloatArray]]:
    """Return every member's forecasts by series; where it gave none for one, the engine's own stands in."""
    found = {}
    for model, rows in scores.members.groupby("model"):
        found[str(model)] = scores.ours() | {str(name): each["mean"].to_numpy() for name, each in rows.groupby("unique_id")}
    return found


def _levels(name: str) -> tuple[int, ...]:
    return (20, 40, 60, 80, 95) if "carparts" in name else (80, 95)


def _has_dates(path: Path) -> bool:
    import pyarrow.parquet as pq

    return "ds" in pq.read_schema(path).names
