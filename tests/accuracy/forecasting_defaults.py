"""How `cyberpunk_ai/forecasting/defaults.py` was measured: `python -m tests.accuracy.forecasting_defaults --data DIR`.

Every series is forecast alone and without a backtest; what came, divided by the spread that was expected, says how much that is too narrow.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from cyberpunk_ai.forecasting import defaults, forecast
from cyberpunk_ai.forecasting.intervals import z_of
from tests.accuracy.forecasting_sets import layout_of, load

# Sets of each frequency, and how many series of each.
GROUPS = {
    "Y": (("m1_yearly", "m3_yearly", "tourism_yearly"), 40),
    "Q": (("m1_quarterly", "m3_quarterly", "tourism_quarterly"), 40),
    "M": (("m1_monthly", "m3_monthly", "tourism_monthly", "hospital_monthly"), 24),
    "W": (("m4_weekly",), 15),
    "D": (("store_item_daily",), 8),
    "h": (("m4_hourly",), 8),
}
LONGEST = 400  # newest values used of weekly, daily and hourly series


def main() -> None:
    """Measure and print one line per frequency."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    chosen = parser.parse_args()
    for family, (names, limit) in GROUPS.items():
        ratios, changes = [], []
        for name in names:
            freq, season = layout_of(name).freq, layout_of(name).season_length
            history, future = load(chosen.data / f"{name}.parquet", limit=limit)
            usual = float(np.clip(defaults.factors(freq)[80], 1, 2)) * z_of(80)
            for unique_id, one in history.groupby("unique_id"):
                values = one["y"].to_numpy()[-LONGEST:] if family in "WDh" else one["y"].to_numpy()
                series = pd.Series(values, index=pd.DatetimeIndex(one["ds"])[-len(values) :])
                actual = future.loc[future["unique_id"] == unique_id, "y"].to_numpy()
                answer = forecast(series, horizon=len(actual), levels=(80,), season_length=season, freq=freq, backtest_windows=0).forecast
                spread = (answer["hi-80"] - answer["mean"]).to_numpy() / usual
                known = spread > 0
                ratios.append(np.abs(actual - answer["mean"].to_numpy())[known] / spread[known])
                if (values > 0).all():
                    changes.append(np.abs(np.diff(values) / values[:-1]).mean() * np.sqrt(np.pi / 2))
        pooled = np.concatenate(ratios)
        factors = {level: round(float(np.quantile(pooled, level / 100)) / z_of(level), 3) for level in (80, 95)}
        print(family, factors, "relative change", round(float(np.median(changes)), 3), flush=True)


if __name__ == "__main__":
    main()
