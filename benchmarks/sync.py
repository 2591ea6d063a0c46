"""Syncing order lines into the embedded stores, beside pandas reading and writing the same rows to SQLite in the same run.

`python -m benchmarks.sync [--quick] [--json FILE]`: 100k lines with `--quick`, else 500k; from a CSV file, a SQLite database and a JSON API
in a process of its own. Every sync runs in a fresh process, which measures itself: seconds from the call to the end of the publish, and
memory beyond what the imports took. Ours maps, types, checks, checkpoints and publishes; pandas only parses and inserts.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.rows import Row, arguments, judged, report

if TYPE_CHECKING:
    from collections.abc import Iterator

MUST_ROWS_PER_S = 35_000.0
MUST_MIB = 120.0
PAGE = 2000
KILLS = 5
HEAD = ("id", "at", "customer", "product", "region", "quantity", "price")
COLUMNS = {
    "order_id": "id", "ordered_at": "at", "customer_id": "customer", "product": "product", "region": "region", "quantity": "quantity",
    "unit_price": "price", "line_id": {"value": "1"}, "updated_at": "at",
}  # fmt: skip


def order_line(number: int) -> tuple[str, str, str, str, str, int, float]:
    """Return one synthetic order line, the same for the same number."""
    day = f"2024-{number // 2500 % 12 + 1:02d}-{number // 90 % 28 + 1:02d}T{number % 24:02d}:{number % 60:02d}:00"
    return (
        f"o{number:08d}", day, f"c{number * 7919 % 20_000}", f"product {number % 200}", f"region {number % 12}", number % 8 + 1,
        round(number % 977 * 0.37 + 1, 2),
    )  # fmt: skip


def write_sources(folder: Path, lines: int) -> None:
    """Write the same lines as a CSV file and as a SQLite table."""
    with (folder / "orders.csv").open("w") as file:
        file.write(",".join(HEAD) + "\n")
        file.writelines(",".join(map(str, order_line(number))) + "\n" for number in range(lines))
    with closing(sqlite3.connect(folder / "shop.sqlite3")) as database, database:
        database.execute(
            "CREATE TABLE orders (id TEXT PRIMARY KEY, at TEXT, customer TEXT, product TEXT, region TEXT, quantity INT, price REAL)"
        )
        database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)", map(order_line, range(lines)))


def serve(lines: int) -> None:
    """Serve the lines as pages of JSON on a free port, which is printed, until the process is ended."""

    class Pages(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            start = int(parse_qs(urlsplit(self.path).query).get("after", ["0"])[0])
            end = min(start + PAGE, lines)
            items = [dict(zip(HEAD, order_line(number), strict=True)) for number in range(start, end)]
            body = json.dumps({"items": items, "after": str(end) if end < lines else None}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    print(server.server_address[1], flush=True)
    server.serve_forever()


@contextmanager
def serving(lines: int) -> Iterator[str]:
    """Run the JSON API in its own process and give its URL."""
    command = [sys.executable, "-m", "benchmarks.sync", "--serve", str(lines)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{int(_first_line(process))}"
        finally:
            process.kill()


def configs(folder: Path, url: str) -> dict[str, dict[str, Any]]:
    """Return a config per connector."""
    paging = {"kind": "cursor", "param": "after", "path": "after"}
    stream = {"path": "/orders", "records": "items", "key": ["id"], "paging": paging}
    return {
        "csv_files": {"path": str(folder / "orders.csv")},
        "sql_database": {"url": f"sqlite:///{folder / 'shop.sqlite3'}", "tables": ["orders"]},
        "rest_api": {"base_url": url, "streams": {"orders": stream}},
    }


def sync_once(connector: str, config: dict[str, Any], *, customers: bool) -> None:
    """Sync in this process and print seconds, memory in MiB before and at its peak, and rows.

    With `customers` the orders are then asked for their customers, which starts the query engine.
    """
    from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector

    fabric = UnifiedDataConnector()
    fabric.add_source("shop", connector, config, {"table": "orders", "columns": COLUMNS, "derive_customers": customers})
    import deltalake  # noqa: F401 - the engines' own size is the baseline
    import httpx  # noqa: F401
    import pandas as pd  # noqa: F401

    from cyberpunk_ai.data_fabric.syncing import stream_sync  # noqa: F401

    before = _mebibytes("VmRSS")
    print("ready", flush=True)
    started = time.perf_counter()
    done = asyncio.run(fabric.sync_all_sources(["shop"]))
    seconds = time.perf_counter() - started
    seen = {"seconds": seconds, "before_mib": before, "peak_mib": _mebibytes("VmHWM"), "rows": done.rows}
    if not done.ok:
        raise SystemExit(str(done.sources[0].error))
    print(json.dumps(seen | {"held": fabric.warehouse.row_count("orders"), "landed": fabric.landing.counts("shop")["landed"]}), flush=True)


def pandas_once(folder: Path, home: Path) -> None:
    """Read the CSV and write it to SQLite with pandas, and print seconds and memory."""
    import pandas as pd
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{home / 'peer.sqlite3'}")
    before, started = _mebibytes("VmRSS"), time.perf_counter()
    pd.read_csv(folder / "orders.csv", parse_dates=["at"]).to_sql("orders", engine, index=False)
    print(json.dumps({"seconds": time.perf_counter() - started, "before_mib": before, "peak_mib": _mebibytes("VmHWM")}))


def _first_line(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise RuntimeError("the process was started without a pipe")
    return process.stdout.readline()


def _mebibytes(name: str) -> float:
    """Return a field of this process's account; not getrusage, whose peak starts with the parent's memory. 0 where there is none."""
    path = Path("/proc/self/status")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:")), 0.0)


def _in_process(home: Path, *words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.sync", *words]
    done = subprocess.run(command, env=_environment(home), stdout=subprocess.PIPE, text=True, check=True)
    seen: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return seen


def _environment(home: Path) -> dict[str, str]:
    home.mkdir(parents=True, exist_ok=True)
    stores = {"DATABASE_URL", "REDIS_URL", "CLICKHOUSE_URL", "KAFKA_BOOTSTRAP_SERVERS"}
    return {name: value for name, value in os.environ.items() if name not in stores} | {
        "CYBERPUNK_HOME": str(home),
        "CYBERPUNK_LOG_LEVEL": "ERROR",
    }


def killed(folder: Path, connector: str, config: dict[str, Any], lines: int, seconds: float) -> Row:
    """Kill a sync at spread moments, let it end, and count rows lost or doubled."""
    home, words = folder / f"killed-{connector}", ["--sync", connector, json.dumps(config)]
    for kill in range(KILLS):
        command = [sys.executable, "-m", "benchmarks.sync", *words]
        with subprocess.Popen(command, env=_environment(home), stdout=subprocess.PIPE, text=True) as process:
            _first_line(process)
            time.sleep(seconds * (kill + 1) / (2 * KILLS))
            process.kill()
    seen = _in_process(home, *words)
    wrong = abs(lines - seen["held"]) + abs(lines - seen["landed"])
    return judged(f"{connector}: rows lost or doubled after {KILLS} kills", "rows", float(wrong), must=0.0)


def measure(folder: Path, lines: int) -> list[Row]:
    """Sync from everywhere, and let pandas do its part."""
    write_sources(folder, lines)
    peer = _in_process(folder / "peer", "--pandas", str(folder))
    rows: list[Row] = []
    name = "pandas read_csv + to_sql"
    with serving(lines) as url:
        for connector, config in configs(folder, url).items():
            seen = _in_process(folder / connector, "--sync", connector, json.dumps(config))
            if (seen["held"], seen["landed"]) != (lines, lines):
                raise SystemExit(f"{connector}: {seen}, but there are {lines} lines")
            size, rate = f"{connector}: {lines // 1000}k lines", lines / seen["seconds"]
            rows += [
                judged(f"{size} ({rate:,.0f} rows/s)", "s", seen["seconds"], peer=peer["seconds"], peer_name=name,
                       must=lines / MUST_ROWS_PER_S),
                judged(f"{size}: memory beyond imports ({seen['before_mib']:.0f} MiB)", "MiB", seen["peak_mib"] - seen["before_mib"],
                       peer=peer["peak_mib"] - peer["before_mib"], peer_name=name, must=MUST_MIB),
                judged(f"{size}: whole process at its peak", "MiB", seen["peak_mib"], peer=peer["peak_mib"], peer_name=name),
            ]  # fmt: skip
            plain = _in_process(folder / f"plain-{connector}", "--sync", connector, json.dumps(config), "plain")
            what = f"{size}: memory beyond imports, without looking for customers ({lines / plain['seconds']:,.0f} rows/s)"
            rows.append(judged(what, "MiB", plain["peak_mib"] - plain["before_mib"], must=MUST_MIB))
            if connector == "csv_files":
                rows.append(killed(folder, connector, config, lines, seen["seconds"]))
    return rows


def main() -> int:
    words = sys.argv[1:]
    if words[:1] == ["--serve"]:
        serve(int(words[1]))
        return 0
    if words[:1] == ["--sync"]:
        sync_once(words[1], json.loads(words[2]), customers=words[3:] != ["plain"])
        return 0
    if words[:1] == ["--pandas"]:
        pandas_once(Path(words[1]), Path(os.environ["CYBERPUNK_HOME"]))
        return 0
    options = arguments("Syncs of order lines: ours beside pandas.")
    with tempfile.TemporaryDirectory(prefix="cyberpunk-benchmark-") as folder:
        rows = measure(Path(folder), 100_000 if options.quick else 500_000)
    return 0 if report(rows, options.json) else 1


if __name__ == "__main__":
    raise SystemExit(main())
