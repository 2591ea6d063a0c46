"""Eight typical questions of a business on order lines, embedded, beside pandas and DuckDB on the same Parquet files in the same run.

`python -m benchmarks.query [--quick] [--json FILE]`: 1M lines, and 10M without `--quick`. Everybody gets the same cores and hands over a
pandas frame. pandas holds the columns it needs in memory already, which is its best case; DuckDB reads the files as we do. We and DuckDB
take turns, so that what else the machine does falls on both. `--quick` asks fewer times, and pandas once.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.rows import Row, arguments, judged, median_seconds, report
from cyberpunk_ai.data_fabric.semantic import expressions

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK = 1_000_000
START_US = 1_640_995_200_000_000  # 2022-01-01
YEARS_US = 3 * 365 * 86_400_000_000
TIMES_DUCKDB = 2.0
FLOOR_S = 0.010
"""Below this nobody waits: a question answered within it is not judged by its ratio."""


@dataclass(frozen=True)
class Question:
    """A question, and how each of the three is asked it."""

    name: str
    ours: str
    duckdb: str
    pandas: Callable[[pd.DataFrame], Any]


SINCE = pd.Timestamp("2024-12-01")
# Counted as the semantic layer counts what a metric declares as uniqExact(customer_id).
CUSTOMERS = expressions.bound("uniqExact(customer_id)", "orders", ["customer_id"]).sql(dialect=expressions.DIALECT)
QUESTIONS = (
    Question(
        "revenue by month",
        "SELECT toStartOfMonth(ordered_at) AS month, sum(amount) AS revenue FROM orders GROUP BY month ORDER BY month",
        "SELECT date_trunc('month', ordered_at) AS month, sum(amount) AS revenue FROM orders GROUP BY month ORDER BY month",
        lambda orders: orders.groupby(orders["ordered_at"].to_numpy().astype("datetime64[M]"))["amount"].sum(),
    ),
    Question(
        "revenue and customers by region and channel",
        f"SELECT region, channel, sum(amount) AS revenue, {CUSTOMERS} AS customers FROM orders GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT region, channel, sum(amount) AS revenue, count(DISTINCT customer_id) AS customers FROM orders GROUP BY ALL ORDER BY 1, 2",
        lambda orders: orders.groupby(["region", "channel"], observed=True).agg(
            revenue=("amount", "sum"), customers=("customer_id", "nunique")
        ),
    ),
    Question(
        "last 30 days by category",
        "SELECT category, sum(amount), sum(quantity) FROM orders WHERE ordered_at >= {since:DateTime64(6)} GROUP BY 1 ORDER BY 1",
        f"SELECT category, sum(amount), sum(quantity) FROM orders WHERE ordered_at >= TIMESTAMP '{SINCE}' GROUP BY 1 ORDER BY 1",
        lambda orders: orders[orders["ordered_at"] >= SINCE].groupby("category", observed=True)[["amount", "quantity"]].sum(),
    ),
    Question(
        "hundred best customers",
        "SELECT customer_id, sum(amount) AS revenue FROM orders GROUP BY customer_id ORDER BY revenue DESC, customer_id LIMIT 100",
        "SELECT customer_id, sum(amount) AS revenue FROM orders GROUP BY customer_id ORDER BY revenue DESC, customer_id LIMIT 100",
        lambda orders: orders.groupby("customer_id", observed=True)["amount"].sum().nlargest(100),
    ),
    Question(
        "refund rate by product in one region",
        "SELECT product, countIf(is_refund) / count() AS rate FROM orders WHERE region = {region:String} GROUP BY 1 ORDER BY 1",
        "SELECT product, count(*) FILTER (is_refund) / count(*) AS rate FROM orders WHERE region = 'region 3' GROUP BY 1 ORDER BY 1",
        lambda orders: orders[orders["region"] == "region 3"].groupby("product", observed=True)["is_refund"].mean(),
    ),
    Question(
        "margin by category and quarter",
        "SELECT toStartOfQuarter(ordered_at) AS start, category, 1 - sum(cost) / sum(amount) FROM orders GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT date_trunc('quarter', ordered_at) AS start, category, 1 - sum(cost) / sum(amount) FROM orders GROUP BY 1, 2 ORDER BY 1, 2",
        lambda orders: orders.groupby([orders["ordered_at"].dt.to_period("Q"), "category"], observed=True)[["cost", "amount"]].sum(),
    ),
    Question(
        "median order value by channel",
        "SELECT channel, quantileExact(0.5)(amount) AS middle FROM orders GROUP BY channel ORDER BY channel",
        "SELECT channel, quantile_disc(amount, 0.5) AS middle FROM orders GROUP BY channel ORDER BY channel",
        lambda orders: orders.groupby("channel", observed=True)["amount"].median(),
    ),
    Question(
        "one order",
        "SELECT order_id, ordered_at, product, amount FROM orders WHERE order_id = {order:String}",
        "SELECT order_id, ordered_at, product, amount FROM orders WHERE order_id = 'o000777777'",
        lambda orders: orders[orders["order_id"] == "o000777777"][["order_id", "ordered_at", "product", "amount"]],
    ),
)
BINDS = {"since": SINCE, "region": "region 3", "order": "o000777777"}
COLUMNS = [
    "order_id", "ordered_at", "customer_id", "product", "category", "channel", "region", "quantity", "amount", "cost", "is_refund",
]  # fmt: skip


def order_lines(first: int, count: int, of: int) -> pa.Table:
    """Return synthetic order lines, spread over three years in order of time; the same for the same arguments."""
    random = np.random.default_rng(first)
    quantity = random.integers(1, 9, count).astype(float)
    price = np.round(random.gamma(2.0, 15.0, count) + 1, 2)
    is_refund = random.random(count) < 0.03
    sign = np.where(is_refund, -1.0, 1.0)
    amount = sign * quantity * price
    ordered_at = START_US + ((first + np.sort(random.random(count)) * count) * (YEARS_US / of)).astype("int64")

    def names(stem: str, kinds: int) -> pa.Array:
        picked = pa.array(np.minimum(random.integers(0, kinds, count), random.integers(0, kinds, count)).astype("int32"))
        return pa.DictionaryArray.from_arrays(picked, pa.array([f"{stem} {kind}" for kind in range(kinds)])).cast(pa.string())

    return pa.table(
        {
            "order_id": pa.array([f"o{number:09d}" for number in range(first, first + count)]),
            "line_id": pa.array(["1"] * count),
            "ordered_at": pa.array(ordered_at).cast(pa.timestamp("us")),
            "customer_id": names("customer", 100_000),
            "product": names("product", 200),
            "category": names("category", 8),
            "channel": names("channel", 4),
            "country": names("country", 20),
            "region": names("region", 12),
            "quantity": sign * quantity,
            "unit_price": price,
            "amount": amount,
            "cost": amount * 0.6,
            "is_refund": is_refund,
            "currency": pa.array(["EUR"] * count),
            "source": pa.array(["benchmark"] * count),
            "updated_at": pa.array(ordered_at).cast(pa.timestamp("us")),
        }
    )


def write_lines(root: Path, lines: int) -> float:
    """Write the lines through the warehouse and return the seconds that the warehouse took."""
    from cyberpunk_ai.data_fabric.stores.delta_warehouse import DeltaWarehouse

    warehouse, seconds = DeltaWarehouse(root), 0.0
    for first in range(0, lines, BLOCK):
        block = order_lines(first, min(BLOCK, lines - first), lines)
        started = time.perf_counter()
        warehouse.append("orders", block)
        seconds += time.perf_counter() - started
    warehouse.close()
    return seconds


def measure(root: Path, lines: int, *, quick: bool = False) -> list[Row]:
    """Ask everybody everything."""
    import duckdb

    from cyberpunk_ai.data_fabric.stores.delta_warehouse import DeltaWarehouse

    size = f"{lines // 1_000_000}M lines"
    rows = [judged(f"{size}: write", "s", write_lines(root, lines))]
    files = sorted(str(path) for path in (root / "orders").glob("*.parquet"))
    warehouse = DeltaWarehouse(root)
    duck = duckdb.connect()
    duck.execute(f"SET threads = {len(os.sched_getaffinity(0))}")
    duck.execute(f"CREATE VIEW orders AS SELECT * FROM read_parquet({files})")
    orders = pd.concat([pd.read_parquet(file, columns=COLUMNS) for file in files], ignore_index=True)
    for name in ("customer_id", "product", "category", "channel", "region"):
        orders[name] = orders[name].astype("category")
    for question in QUESTIONS:
        binds = {name: value for name, value in BINDS.items() if f"{{{name}:" in question.ours}
        agree(question, warehouse.query(question.ours, binds), duck.execute(question.duckdb).df())
        ours, theirs = in_turn(
            partial(warehouse.query, question.ours, binds), partial(_fetched, duck, question.duckdb), repeats=3 if quick else 7
        )
        held = partial(question.pandas, orders)
        pandas = in_turn(held, repeats=1)[0] if quick else median_seconds(held, repeats=3)
        limit = max(TIMES_DUCKDB * theirs, FLOOR_S)
        rows.append(judged(f"{size}: {question.name}", "s", ours, peer=theirs, peer_name="duckdb", must=limit, stretch=theirs))
        rows.append(judged(f"{size}: {question.name}", "s", ours, peer=pandas, peer_name="pandas"))
    warehouse.close()
    return [*rows, reader_memory(root, size)]


def in_turn(*works: Callable[[], object], repeats: int) -> list[float]:
    """Return the median seconds of each call, made in turn. They have been made once before, when the answers were compared."""
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for work, mine in zip(works, seconds, strict=True):
            started = time.perf_counter()
            work()
            mine.append(time.perf_counter() - started)
    return [statistics.median(mine) for mine in seconds]


def _fetched(duck: Any, sql: str) -> pd.DataFrame:
    frame: pd.DataFrame = duck.execute(sql).df()
    return frame


def agree(question: Question, ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    """Fail when the two do not answer the same."""
    if len(ours) != len(theirs):
        raise SystemExit(f"{question.name}: {len(ours)} rows, DuckDB has {len(theirs)}")
    for mine, other in zip(ours.columns, theirs.columns, strict=True):
        if ours[mine].dtype.kind in "fiu" and not np.allclose(ours[mine].astype(float), theirs[other].astype(float), rtol=1e-9):
            raise SystemExit(f"{question.name}: column {mine} differs from DuckDB's")


def reader_memory(root: Path, size: str) -> Row:
    """Return the memory of a fresh process that asks all questions once."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.query", "--reader", str(root)], capture_output=True, text=True, check=True)
    seen = json.loads(done.stdout)
    return judged(f"{size}: memory of a reader (peak RSS; PSS {seen['pss_mib']:.0f})", "MiB", seen["peak_mib"])


def read_once(root: Path) -> None:
    """Ask all questions once, then print this process's memory as JSON."""
    from cyberpunk_ai.data_fabric.stores.delta_warehouse import DeltaWarehouse

    warehouse = DeltaWarehouse(root)
    for question in QUESTIONS:
        warehouse.query(question.ours, {name: value for name, value in BINDS.items() if f"{{{name}:" in question.ours})
    # Not getrusage: its peak starts with the memory of the process that started this one.
    seen = {"peak_mib": _kibibytes("status", "VmHWM") / 1024, "pss_mib": _kibibytes("smaps_rollup", "Pss") / 1024}
    print(json.dumps(seen))
    warehouse.close()


def _kibibytes(file: str, field: str) -> int:
    """Return a field of this process's account in /proc; 0 where there is none."""
    path = Path("/proc/self") / file
    lines = path.read_text().splitlines() if path.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{field}:")), 0)


def main() -> int:
    if sys.argv[1:2] == ["--reader"]:
        read_once(Path(sys.argv[2]))
        return 0
    options = arguments("Eight BI questions on order lines: ours beside DuckDB and pandas.")
    rows: list[Row] = []
    for lines in [1_000_000] if options.quick else [1_000_000, 10_000_000]:
        with tempfile.TemporaryDirectory(prefix="cyberpunk-benchmark-") as folder:
            rows += measure(Path(folder) / "warehouse", lines, quick=options.quick)
    return 0 if report(rows, options.json) else 1


if __name__ == "__main__":
    raise SystemExit(main())
