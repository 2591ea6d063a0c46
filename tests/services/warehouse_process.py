"""One writer or reader of a warehouse, as a process of its own: `warehouse_process.py write|read CLICKHOUSE_URL_OR_- NAME BATCHES`.

A writer numbers its batches and says each number once it is committed; every fifth batch replaces the amounts of the one before. A reader
looks until it finds the file `NAME`, and prints what it saw as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pandas as pd

from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.stores.warehouse import BatchToken, Warehouse, open_warehouse

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
        if number % 8 == 0:
            warehouse.optimize()
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def read(warehouse: Warehouse, stop: Path) -> None:
    reads, last, problems = 0, 0, []
    while not stop.exists():
        time.sleep(0.02)  # a reader that never rests only starves the writers of this test
        seen = warehouse.query(LOOK).iloc[0]
        reads += 1
        count = int(seen["n"])
        if count < last:
            problems.append(f"{last} rows became {count}")
        if count != int(seen["keys"]):
            problems.append(f"{count} rows have {int(seen['keys'])} keys")
        if count % ROWS:
            problems.append(f"{count} rows are half a batch")
        last = count
        if reads == 1:
            sys.stdout.write("reading\n")
            sys.stdout.flush()
    sys.stdout.write(json.dumps({"reads": reads, "problems": problems, "last": last}) + "\n")


def main() -> None:
    role, url, name, batches = sys.argv[1:]
    warehouse = open_warehouse(Settings.load(clickhouse_url=None if url == "-" else url))
    if role == "write":
        write(warehouse, name, int(batches))
    else:
        read(warehouse, Path(name))
    warehouse.close()


if __name__ == "__main__":
    main()
