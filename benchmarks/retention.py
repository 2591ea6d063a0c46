"""Customer analytics on a made-up shop of 1k, 100k and 1M customers, beside lifetimes and a pandas reference in the same run.

`python -m benchmarks.retention [--quick] [--json FILE]`. Times are CPU seconds of a process that may use one thread. Each side works in a
process of its own, so that its peak memory is its own. RFM and cohorts start from the frame of orders, on both sides; the fits start from
what was read. `--quick` leaves out the million.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.rows import Row, arguments, judged, report

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from cyberpunk_ai.customer_analytics.reading.ledger import Ledger

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "ARROW_NUM_THREADS"), "1")
MILLION = 1_000_000
# At a million customers: floor and goal.
TARGETS: dict[str, tuple[float, float]] = {
    "RFM from a frame": (3.0, 1.5),
    "cohorts from a frame": (3.0, 1.5),
    "BG/NBD fit": (1.0, 0.5),
    "Gamma-Gamma fit": (2.0, 1.5),
    "churn fit and scores": (20.0, 6.0),
}
PEAK_GB = 2.5
LINEAR, WELL_LINEAR = 1.5, 1.1
"""Largest growth of the time per customer from 100k to 1M: sorting alone costs a sixth more."""


class Clock:
    """CPU seconds of named steps."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}

    def time(self, name: str, work: Callable[[], Any]) -> Any:
        """Run a step and keep its CPU seconds."""
        started = time.process_time()
        answer = work()
        self.cpu[name] = time.process_time() - started
        return answer


def engines(folder: Path) -> Clock:
    """Time each engine by itself."""
    from cyberpunk_ai.customer_analytics.churn.churn_model import score_churn
    from cyberpunk_ai.customer_analytics.churn.horizons import horizon_for
    from cyberpunk_ai.customer_analytics.cohorts.monthly import cohort_table
    from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import fit_purchases, histories_of
    from cyberpunk_ai.customer_analytics.lifetime_value.gamma_gamma import fit_spend, spend_history
    from cyberpunk_ai.customer_analytics.reading.frames import read_transactions
    from cyberpunk_ai.customer_analytics.segments.rfm import rfm_table

    clock, orders = Clock(), _orders(folder)
    ledger: Ledger = clock.time("reading a frame", partial(read_transactions, orders))[0]
    del orders
    clock.time("RFM", lambda: rfm_table(ledger))
    clock.time("cohorts", lambda: cohort_table(ledger))
    for name in ("RFM", "cohorts"):
        clock.cpu[f"{name} from a frame"] = clock.cpu["reading a frame"] + clock.cpu.pop(name)
    model = clock.time("BG/NBD fit", lambda: fit_purchases(*histories_of(ledger)))
    clock.time("Gamma-Gamma fit", lambda: fit_spend(*spend_history(ledger)))
    horizon = horizon_for(ledger, None)[0]
    clock.time("churn fit and scores", lambda: score_churn(ledger, horizon, model))
    return clock


def whole_report(folder: Path) -> Clock:
    """Time the one call that users make."""
    from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer

    clock, orders = Clock(), _orders(folder)
    clock.time("whole report", lambda: RetentionAnalyzer().analyze_customer_retention(None, orders))
    return clock


def peers(folder: Path) -> Clock:
    """Time pandas as an analyst writes it, and the fits of lifetimes."""
    import warnings

    import lifetimes
    import numpy as np

    clock, orders = Clock(), _orders(folder)
    clock.time("RFM from a frame", partial(pandas_rfm, orders))
    clock.time("cohorts from a frame", partial(pandas_cohorts, orders))
    summary = _lifetimes_summary(orders)
    del orders
    unit = float(summary["T"].mean())  # days as they are make its search fail now and then
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for name, fit in {
            "BG/NBD fit": lambda: lifetimes.BetaGeoFitter().fit(summary["x"], summary["t_x"] / unit, summary["T"] / unit),
            "Gamma-Gamma fit": lambda: lifetimes.GammaGammaFitter().fit(summary["count"], summary["mean"]),
        }.items():
            try:
                clock.time(name, fit)
            except lifetimes.utils.ConvergenceError:
                print(f"lifetimes did not converge: {name}", file=sys.stderr)
    return clock


def pandas_rfm(orders: pd.DataFrame) -> pd.DataFrame:
    """Recency, frequency and money per customer with their fifths, purchases of one day joined."""
    import numpy as np

    day = orders["ordered_at"].dt.floor("D")
    bought = orders.assign(day=day)[orders["amount"] > 0]
    table = bought.groupby("customer_id").agg(last=("day", "max"), frequency=("day", "nunique"))
    table["monetary"] = orders.groupby("customer_id")["amount"].sum()
    table["recency_days"] = (day.max() - table.pop("last")).dt.days
    for name, values in {"r": -table["recency_days"], "f": table["frequency"], "m": table["monetary"]}.items():
        table[name] = np.ceil(values.rank(pct=True) * 5)
    return table


def pandas_cohorts(orders: pd.DataFrame) -> pd.DataFrame:
    """Customers and net revenue per month of the first purchase and month since."""
    month = orders["ordered_at"].to_numpy().astype("datetime64[M]").astype("int64")
    rows = orders.assign(month=month)
    bought = rows[rows["amount"] > 0]
    rows["cohort"] = rows["customer_id"].map(bought.groupby("customer_id")["month"].min())
    bought = rows[rows["amount"] > 0]
    active = bought.groupby(["cohort", bought["month"] - bought["cohort"]])["customer_id"].nunique()
    revenue = rows.groupby(["cohort", rows["month"] - rows["cohort"]])["amount"].sum()
    return active.to_frame("active").join(revenue.rename("revenue"))


def _lifetimes_summary(orders: pd.DataFrame) -> pd.DataFrame:
    bought = orders[orders["amount"] > 0]
    days = bought.assign(day=bought["ordered_at"].dt.floor("D")).groupby(["customer_id", "day"], as_index=False)["amount"].sum()
    table = days.groupby("customer_id").agg(first=("day", "min"), last=("day", "max"), count=("day", "size"), mean=("amount", "mean"))
    table["x"] = (table["count"] - 1).astype(float)
    table["t_x"] = (table["last"] - table["first"]).dt.days.astype(float)
    table["T"] = (days["day"].max() - table["first"]).dt.days.astype(float)
    kept: pd.DataFrame = table[table["T"] > 0]
    return kept


def _orders(folder: Path) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(pd.read_parquet(folder / "orders.parquet"))


SIDES: dict[str, Callable[[Path], Clock]] = {"engines": engines, "report": whole_report, "peers": peers}


def measured(side: str, folder: Path) -> dict[str, Any]:
    """Run one side in a process of its own with one thread: its CPU seconds and its peak memory."""
    command = [sys.executable, "-m", "benchmarks.retention", "--side", side, str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **ONE_THREAD})
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


def measure(customers: int) -> tuple[list[Row], dict[str, float]]:
    """Measure every side at one size; return the rows, and our CPU seconds by step."""
    import pyarrow.parquet as pq

    from benchmarks.synthetic_shop import shop

    size = f"{customers // MILLION}M" if customers >= MILLION else f"{customers // 1000}k"
    with tempfile.TemporaryDirectory(prefix="cyberpunk-benchmark-") as folder:
        pq.write_table(shop(customers), Path(folder) / "orders.parquet")
        ours, report_, theirs = (measured(side, Path(folder)) for side in ("engines", "report", "peers"))
    rows, cpu = [], {**ours["cpu"], **report_["cpu"]}
    for name, seconds in cpu.items():
        must, stretch = TARGETS.get(name, (None, None)) if customers >= MILLION else (None, None)
        peer = theirs["cpu"].get(name)
        by = "" if peer is None else "lifetimes" if name.endswith("fit") else "pandas"
        rows.append(judged(f"{size} customers: {name}", "CPU s", seconds, peer=peer, peer_name=by, must=must, stretch=stretch))
    must = PEAK_GB if customers >= MILLION else None
    for name, seen in {"each engine in turn": ours, "whole report": report_}.items():
        peak = judged(
            f"{size} customers: peak memory, {name}",
            "GB",
            seen["peak_gb"],
            peer=theirs["peak_gb"],
            peer_name="pandas, lifetimes",
            must=must,
        )
        rows.append(peak)
    return rows, cpu


def growth(before: dict[str, float], after: dict[str, float], times: float) -> list[Row]:
    """Return how the time per customer grows with the number of customers: 1 is linear."""
    return [
        judged(f"{name}: time per customer, 1M to 100k", "ratio", after[name] / before[name] / times, must=LINEAR, stretch=WELL_LINEAR)
        for name in after
        if before.get(name, 0.0) > 0.0
    ]


def _peak_gb() -> float:
    """Peak memory of this process, from /proc: that of getrusage starts with the memory of the process that started this one."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e9 for line in lines if line.startswith("VmHWM:"))


def main() -> int:
    if sys.argv[1:2] == ["--side"]:
        clock = SIDES[sys.argv[2]](Path(sys.argv[3]))
        print(json.dumps({"cpu": clock.cpu, "peak_gb": _peak_gb()}))
        return 0
    options = arguments("Customer analytics: ours beside pandas and lifetimes, CPU seconds and memory.")
    rows, cpu = [], {}
    for customers in (1000, 100_000) if options.quick else (1000, 100_000, MILLION):
        found, cpu[customers] = measure(customers)
        rows += found
    if MILLION in cpu:
        rows += growth(cpu[100_000], cpu[MILLION], MILLION / 100_000)
    return 0 if report(rows, options.json) else 1


if __name__ == "__main__":
    raise SystemExit(main())
