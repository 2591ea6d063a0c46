"""Forecasts: seconds until an answer, series per second, growth to ten thousand series, and peers on the same series in the same run.

`python -m benchmarks.forecasting [--quick] [--json FILE] [--data DIR]`. The series are made up, months with trend, season and noise; with
`--data` they are the monthly and quarterly ones of M3 in that folder. Rates are told as seconds per series, so that less is better: 2.2
series per second are 0.4545. `--quick` ends within a minute and leaves out the ten thousand and the default pmdarima loop.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.rows import Row, arguments, judged, report

if TYPE_CHECKING:
    import pandas as pd

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
HORIZON = 12
# Must and stretch of the design, in seconds: single series warm, half and the slowest twentieth; series per second turned round.
SINGLE_P50, SINGLE_P95, SINGLE_TWO_WINDOWS = (0.8, 0.4), (1.5, None), (2.0, None)
FULL, FAST = (1 / 2.2, 1 / 4), (1 / 18, 1 / 40)
TREES = 1 / 2_000
ARIMA_RATIO = {"monthly": (15.0, 25.0), "quarterly": (4.0, 6.0)}


def made_up(series: int, *, season_length: int = 12, seed: int = 0, least: int = 72, most: int = 72) -> pd.DataFrame:
    """Make a panel with trends, seasons and noise of many strengths."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    freq = "MS" if season_length == 12 else "QS-JAN"
    dates = pd.date_range("2004-01-01", periods=most, freq=freq)
    frames = []
    for place in range(series):
        count = int(rng.integers(least, most + 1))
        steps = np.arange(count)
        level = np.exp(rng.normal(5, 1))
        season = rng.normal(0, rng.uniform(0, 0.2), season_length)[steps % season_length]
        noise = np.cumsum(rng.normal(0, 0.02, count)) + rng.normal(0, rng.uniform(0.01, 0.1), count)
        values = level * np.exp(rng.normal(0, 0.003) * steps + season + noise)
        frames.append(pd.DataFrame({"unique_id": f"s{place:05d}", "ds": dates[-count:], "y": values}))
    return pd.concat(frames, ignore_index=True)


def single(count: int) -> dict[str, float]:
    """Time single series one after another in a warm process."""
    import numpy as np

    from cyberpunk_ai.forecasting import forecast

    started = time.perf_counter()
    panel = [each.set_index("ds")["y"] for _, each in made_up(count + 1, least=60, most=200).groupby("unique_id")]
    forecast(panel[0], horizon=HORIZON)
    found = {"cold": time.perf_counter() - started}
    for windows in (1, 2):
        wall, cpu = [], []
        for series in panel[1:]:
            begun, spent = time.perf_counter(), time.process_time()
            forecast(series, horizon=HORIZON, backtest_windows=windows)
            wall.append(time.perf_counter() - begun)
            cpu.append(time.process_time() - spent)
        found |= {f"wall p50 {windows}": float(np.median(wall)), f"wall p95 {windows}": float(np.quantile(wall, 0.95))}
        found |= {f"cpu p50 {windows}": float(np.median(cpu))}
    return found


def many(count: int, tier: str) -> dict[str, float]:
    """Time a panel on all cores, one past window."""
    from cyberpunk_ai.models.forecast_many import forecast_many

    panel = made_up(count)
    started = time.perf_counter()
    found = forecast_many(panel, horizon=HORIZON, tier=tier, executor="here" if count < 50 else None)  # type: ignore[arg-type]
    seconds = time.perf_counter() - started
    if found.series != count:
        raise SystemExit(f"only {found.series} of {count} series were forecast: {found.quarantine}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + 2 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {"seconds": seconds / count, "peak_gb": peak / 1e6}


def trees(count: int) -> dict[str, float]:
    """Time the shared trees of a panel, learning and forecasting."""
    from cyberpunk_ai.forecasting.input import read_demand
    from cyberpunk_ai.forecasting.xgboost_forecaster import XgboostForecaster

    series = [each.series for each in read_demand(made_up(count)).demands]
    spent = time.process_time()
    for fit in XgboostForecaster.fit_panel(series, season_length=12):
        fit.predict(HORIZON)
    return {"seconds": (time.process_time() - spent) / count}


def peers(count: int) -> dict[str, float]:
    """Time statsforecast's models on the same series as `many`."""
    import numpy as np
    from statsforecast.models import AutoARIMA, AutoCES, AutoETS, DynamicOptimizedTheta

    panel = [each["y"].to_numpy(float) for _, each in made_up(count).groupby("unique_id")]
    found: dict[str, float] = {}
    models = {"AutoETS": AutoETS, "AutoARIMA": AutoARIMA, "AutoCES": AutoCES, "Theta": DynamicOptimizedTheta}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for name, model in models.items():
            model(season_length=12).forecast(y=panel[0], h=HORIZON)
            spent = time.process_time()
            for values in panel:
                # One forecast and one past window, as ours.
                model(season_length=12).forecast(y=values, h=HORIZON)
                model(season_length=12).forecast(y=values[:-HORIZON], h=HORIZON)
            found[name] = (time.process_time() - spent) / len(panel)
    return found | {"four models": sum(found.values())}


def arima(kind: str, count: int, folder: str) -> dict[str, float]:
    """Time our ARIMA and the default loop of pmdarima on the same series, and score both where the future is known."""
    import numpy as np
    import pmdarima

    from cyberpunk_ai.forecasting import metrics
    from cyberpunk_ai.forecasting.arima import ArimaForecaster
    from cyberpunk_ai.forecasting.seasonality import naive2

    season, horizon = (12, 18) if kind == "monthly" else (4, 8)
    pairs = _known(kind, count, folder, season, horizon)
    cpu, errors = {"ours": 0.0, "loop": 0.0}, {"ours": [], "loop": [], "naive": []}  # type: dict[str, float], dict[str, list[Any]]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for history, future in pairs:
            spent = time.process_time()
            ours = ArimaForecaster(season).fit(history).predict(horizon)
            cpu["ours"] += time.process_time() - spent
            spent = time.process_time()
            loop = np.asarray(pmdarima.auto_arima(history.to_numpy(), m=season).predict(horizon))
            cpu["loop"] += time.process_time() - spent
            scale = metrics.seasonal_scale(history.to_numpy(), season)
            for name, told in (("ours", ours), ("loop", loop), ("naive", naive2(history.to_numpy(), horizon, season))):
                errors[name].append((metrics.smape(future, told), metrics.mase(future, told, scale)))
    means = {name: np.nanmean(values, axis=0) for name, values in errors.items()}
    owa = {
        name: metrics.owa(
            model_smape=means[name][0], model_mase=means[name][1], naive_smape=means["naive"][0], naive_mase=means["naive"][1]
        )
        for name in ("ours", "loop")
    }
    return {f"cpu {name}": seconds / len(pairs) for name, seconds in cpu.items()} | {
        f"owa {name}": float(each) for name, each in owa.items()
    }


def _known(kind: str, count: int, folder: str, season: int, horizon: int) -> list[tuple[Any, Any]]:
    """Return histories and what came after them."""
    if folder:
        import pandas as pd

        rows = pd.read_parquet(Path(folder) / f"m3_{kind}.parquet")
        names = sorted(rows["unique_id"].astype(str).unique())
        chosen = names[:: max(len(names) // count, 1)][:count]
        pairs = []
        for name in chosen:
            own = rows[rows["unique_id"].astype(str) == name].sort_values("t")
            past = own.loc[own["split"] == "train", "y"].to_numpy(float)
            dates = pd.date_range("1980-01-01", periods=len(past), freq="MS" if season == 12 else "QS-JAN")
            pairs.append((pd.Series(past, index=dates), own.loc[own["split"] != "train", "y"].to_numpy(float)[:horizon]))
        return pairs
    panel = made_up(count, season_length=season, seed=1, least=90, most=100)
    whole = [each.set_index("ds")["y"] for _, each in panel.groupby("unique_id")]
    return [(each.iloc[:-horizon], each.iloc[-horizon:].to_numpy(float)) for each in whole]


def main() -> int:
    """Measure and report."""
    asked = arguments(__doc__ or "", data=True)
    quick, folder = asked.quick, str(asked.data or "")
    rows: list[Row] = []
    against: dict[str, Any]
    one = _apart("single", 4 if quick else 40)
    rows.append(judged("one series, six models, first answer of a process", "s wall", one["cold"]))
    rows.append(judged("one series, warm, median", "s wall", one["wall p50 1"], must=SINGLE_P50[0], stretch=SINGLE_P50[1]))
    rows.append(judged("one series, warm, slowest twentieth", "s wall", one["wall p95 1"], must=SINGLE_P95[0]))
    rows.append(judged("one series, warm, median", "s CPU", one["cpu p50 1"], must=SINGLE_P50[0], stretch=SINGLE_P50[1]))
    rows.append(judged("one series, two past windows, slowest twentieth", "s wall", one["wall p95 2"], must=SINGLE_TWO_WINDOWS[0]))
    panel = 40 if quick else 1_000
    compared = _apart("peers", 10 if quick else 40)
    for tier, (must, stretch), peer in (("full", FULL, "four models"), ("fast", FAST, "AutoETS")):
        found = _apart("many", panel, tier)
        what = f"{tier} tier, {panel} series, all cores"
        against = {"peer": compared[peer], "peer_name": f"statsforecast {peer}, CPU"}
        rows.append(judged(what, "s/series wall", found["seconds"], must=must, stretch=stretch, **against))
        rows.append(judged(f"{what}: peak of this process and two workers", "GB", found["peak_gb"]))
    count = 1_000 if quick else 10_000
    rows.append(judged(f"shared trees, {count} series", "s/series CPU", _apart("trees", count)["seconds"], must=None if quick else TREES))
    if not quick:
        growth = {size: _apart("many", size, "fast")["seconds"] for size in (100, 1_000, 10_000)}
        rows += [judged(f"fast tier, {size} series", "s/series wall", seconds) for size, seconds in growth.items()]
        rows.append(judged("growth per series, 1,000 to 10,000", "ratio", growth[10_000] / growth[1_000], must=1.2, stretch=1.0))
        for kind, (must, stretch) in ARIMA_RATIO.items():
            found = _apart("arima", kind, 24 if kind == "monthly" else 80, folder)
            loop, owa = found["cpu loop"], found["owa loop"]
            against = {"peer_name": "pmdarima loop", "peer": loop, "must": loop / must, "stretch": loop / stretch}
            rows.append(judged(f"ARIMA, {kind}", "s/series CPU", found["cpu ours"], **against))
            rows.append(judged(f"ARIMA, {kind}", "OWA", found["owa ours"], peer=owa, peer_name="pmdarima loop", must=owa + 0.03))
    return 0 if report(rows, asked.json) else 1


def _apart(task: str, *given: object) -> dict[str, float]:
    """Work in a process of its own, so that memory and warmth are its own; says what it is at, since the whole takes half an hour."""
    print(f"measuring {task} {' '.join(map(str, given))} ...", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "benchmarks.forecasting", "--only", json.dumps([task, *given])]
    done = subprocess.run(command, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    answer: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


if __name__ == "__main__":
    if "--only" in sys.argv:
        task, *given = json.loads(sys.argv[sys.argv.index("--only") + 1])
        print(json.dumps({"single": single, "many": many, "trees": trees, "peers": peers, "arima": arima}[task](*given)))  # type: ignore[operator]
    else:
        sys.exit(main())
