"""Accuracy of the forecasting engine on public series: `python -m tests.accuracy.forecasting --data DIR [--sets NAME …] [--json FILE]`.

Every file of DIR laid out as unique_id, t, y, split becomes one row: OWA against our own Naive2, coverage, MSIS, and AutoETS beside it.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.forecasting import forecast, metrics
from cyberpunk_ai.forecasting.seasonality import naive2

if TYPE_CHECKING:
    from collections.abc import Sequence

# Frequency of the dates that the files leave out, season of the series, season of the metric.
SETS = {
    "m1_monthly": ("MS", 12, 12),
    "m1_quarterly": ("QS-JAN", 4, 4),
    "m1_yearly": ("YS-JAN", 1, 1),
    "m3_monthly": ("MS", 12, 12),
    "m3_quarterly": ("QS-JAN", 4, 4),
    "m3_yearly": ("YS-JAN", 1, 1),
    "m4_monthly200": ("MS", 12, 12),
    "m4_weekly": ("W-MON", 52, 1),
    "m4_hourly": ("h", 24, 24),
    "tourism_monthly": ("MS", 12, 12),
    "tourism_quarterly": ("QS-JAN", 4, 4),
    "tourism_yearly": ("YS-JAN", 1, 1),
    "hospital_monthly": ("MS", 12, 12),
    "store_item_daily": ("D", 7, 7),
}
# Dates are made up backwards from here: the files hold periods only, and centuries of years would leave pandas' calendar.
_NEWEST = pd.Timestamp("2020-01-01")


@dataclass(frozen=True)
class Accuracy:
    """What one set of series says about a way to forecast."""

    what: str
    series: int
    owa: float
    owa_peer: float
    peer_name: str
    coverage_80: float
    coverage_95: float
    msis_95: float
    msis_95_peer: float
    cpu_seconds_per_series: float


def load(path: Path, *, limit: int | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return history and future in long form with dates, of the first `limit` series spread evenly over the file."""
    freq, _, _ = SETS[path.stem]
    rows = pd.read_parquet(path).astype({"unique_id": str, "split": str})
    names = rows["unique_id"].unique()
    if limit is not None and limit < len(names):
        names = names[np.linspace(0, len(names) - 1, limit).astype(int)]
    frames = []
    for name in names:
        one = rows[rows["unique_id"] == name].sort_values("t")
        count = int((one["split"] == "train").sum())
        start = pd.date_range(end=_NEWEST, periods=count, freq=freq)[0]
        frames.append(one.assign(ds=pd.date_range(start, periods=len(one), freq=freq)))
    long = pd.concat(frames, ignore_index=True)[["unique_id", "ds", "y", "split"]]
    return long[long["split"] == "train"].drop(columns="split"), long[long["split"] == "test"].drop(columns="split")


def measure(path: Path, *, limit: int | None = None, models: Sequence[str] | None = None, windows: int = 1) -> Accuracy:
    """Forecast the series of one file as a panel and score the result."""
    freq, season, metric_season = SETS[path.stem]
    history, future = load(path, limit=limit)
    horizon = int(future.groupby("unique_id").size().max())
    chosen = {"models": tuple(models)} if models else {}
    start = time.process_time()
    answer = forecast(history, horizon=horizon, freq=freq, season_length=season, backtest_windows=windows, **chosen)
    seconds = time.process_time() - start
    joined = answer.forecast.merge(future, on=["unique_id", "ds"])
    pasts = {name: each["y"].to_numpy() for name, each in history.groupby("unique_id")}
    peer = _auto_ets(pasts, horizon, season)
    rows = []
    for name, each in joined.groupby("unique_id"):
        past, actual = pasts[str(name)], each["y"].to_numpy()
        scale = metrics.seasonal_scale(past, metric_season)
        plain = naive2(past, horizon, metric_season)
        ets_mean, ets_low, ets_high = peer[str(name)]
        low, high = each["lo-95"].to_numpy(), each["hi-95"].to_numpy()
        rows.append(
            {
                "ours": (metrics.smape(actual, each["mean"].to_numpy()), metrics.mase(actual, each["mean"].to_numpy(), scale)),
                "ets": (metrics.smape(actual, ets_mean), metrics.mase(actual, ets_mean, scale)),
                "naive": (metrics.smape(actual, plain), metrics.mase(actual, plain, scale)),
                "c80": metrics.coverage(actual, each["lo-80"].to_numpy(), each["hi-80"].to_numpy()),
                "c95": metrics.coverage(actual, low, high),
                "msis": metrics.msis(actual, low, high, 95, scale),
                "msis_ets": metrics.msis(actual, ets_low, ets_high, 95, scale),
            }
        )
    means = {who: np.nanmean([row[who] for row in rows], axis=0) for who in ("ours", "ets", "naive")}
    owas = {
        who: metrics.owa(model_smape=means[who][0], model_mase=means[who][1], naive_smape=means["naive"][0], naive_mase=means["naive"][1])
        for who in ("ours", "ets")
    }
    mean = {key: float(np.nanmean([row[key] for row in rows])) for key in ("c80", "c95", "msis", "msis_ets")}
    return Accuracy(
        path.stem, len(rows), owas["ours"], owas["ets"], "statsforecast AutoETS", mean["c80"], mean["c95"], mean["msis"], mean["msis_ets"],
        seconds / len(rows),
    )  # fmt: skip


def _auto_ets(pasts: dict[str, np.ndarray], horizon: int, season: int) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    from statsforecast.models import AutoETS

    answers = {}
    for name, past in pasts.items():
        own = season if season <= 24 and len(past) >= 2 * season else 1
        answer = AutoETS(season_length=own).forecast(y=past, h=horizon, level=[95])
        answers[name] = (answer["mean"], answer["lo-95"], answer["hi-95"])
    return answers


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder laid out like the public forecasting data")
    parser.add_argument("--sets", nargs="*", help="names of files; all known ones where absent")
    parser.add_argument("--limit", type=int, default=None, help="series per set, spread evenly")
    parser.add_argument("--models", nargs="*", help="members; the default five where absent")
    parser.add_argument("--windows", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the rows here")
    chosen = parser.parse_args()
    rows = []
    for name in chosen.sets or SETS:
        path = chosen.data / f"{name}.parquet"
        if path.exists():
            row = measure(path, limit=chosen.limit, models=chosen.models, windows=chosen.windows)
            rows.append(asdict(row))
            cover = f"cover {row.coverage_80:.3f} {row.coverage_95:.3f}  MSIS {row.msis_95:.1f} (AutoETS {row.msis_95_peer:.1f})"
            owa = f"OWA {row.owa:.3f} (AutoETS {row.owa_peer:.3f})"
            print(f"{row.what:18} n={row.series:4d}  {owa}  {cover}  {row.cpu_seconds_per_series:.2f} CPU s per series", flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
