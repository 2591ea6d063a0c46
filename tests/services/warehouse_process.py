"""One writer or reader of a warehouse, as a process of its own: `warehouse_process.py write|read CLICKHOUSE_URL_OR_- NAME BATCHES`.

A writer numbers its batches and says each number once it is committed; every fifth batch replaces the amounts of the one before. It ends
when its input ends, so that one which is to be killed is still there, however late that comes. A reader looks until it finds the file
`NAME`, once more after that, and prints what it saw as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd

from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.stores.warehouse import BatchToken, Warehouse, open_warehouse
from tests.waiting import until

ROWS = 20
LOOK = "SELECT count() AS n, uniqExact(order_id, line_id) AS keys, sum(amount) AS amount FROM orders"


def batch(writer: str, number: int, amount: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "order_id": [f"{writer}-{number:04d}-{row:02d}" for row in range(ROWS)],
            "line_id": "1",
            "ordered_at": pd.Timestamp("2025-01-01") + pd.Timedelta(number, "h"),
            "quantity": 1.0,
            "unit_price": amount,
            "amount": amount,
            "is_refund": False,
            "source": writer,
            "updated_at": pd.Timestamp("2025-01-01") + pd.Timedelta(number, "h") + pd.Timedelta(amount, "s"),
        }
    )


def write(warehouse: Warehouse, writer: str, batches: int) -> None:
    for number in range(1, batches + 1):
        token = BatchToken(writer, number)
        if number % 5 == 0:
            warehouse.upsert("orders", batch(writer, number - 1, 2.0), token=token)
        else:
            warehouse.append("orders", batch(writer, number, 1.0), token=token)
        if number % 4 == 0:
            warehouse.optimize()
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def read(warehouse: Warehouse, stop: Path) -> None:
    counts, problems = [0], []

    def saw_more_or_the_end() -> bool:
        is_last = stop.exists()
        seen = warehouse.query(LOOK).iloc[0]
        count, before = int(seen["n"]), counts[-1]
        if count < before:
            problems.append(f"{before} rows became {count}")
        if count != int(seen["keys"]):
            problems.append(f"{count} rows have {int(seen['keys'])} keys")
        if count % ROWS:
            problems.append(f"{count} rows are half a batch")
        counts.append(count)
        if len(counts) == 2:
            sys.stdout.write("reading\n")
            sys.stdout.flush()
        return is_last or count != before

    # A reader that never rested would only starve the writers of this test.
    while not stop.exists():
        until(saw_more_or_the_end, "the writers go on, or are done")
    saw_more_or_the_end()
    sys.stdout.write(json.dumps({"problems": problems, "last": counts[-1]}) + "\n")


def main() -> None:
    role, url, name, batches = sys.argv[1:]
    warehouse = open_warehouse(Settings.load(clickhouse_url=None if url == "-" else url))
    if role == "write":
        write(warehouse, name, int(batches))
        sys.stdin.read()
    else:
        read(warehouse, Path(name))
    warehouse.close()


if __name__ == "__main__":
    main()
