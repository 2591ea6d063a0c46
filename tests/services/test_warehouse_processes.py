"""Several processes at once on one warehouse: writers, one of them killed, and readers that look all the while."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from cyberpunk_ai.core.errors import StoreFailed
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.stores.warehouse import BatchToken, open_warehouse
from tests.fixtures_servers import Server, free_port
from tests.waiting import PATIENCE_S

PROGRAM = Path(__file__).with_name("warehouse_process.py")
ROOT = PROGRAM.parents[2]
ROWS = 20


@pytest.mark.parametrize(
    ("kind", "batches", "writing", "reading"),
    [
        ("delta", 6, 2, 1),
        ("clickhouse", 6, 2, 1),
        pytest.param("delta", 24, 3, 4, marks=pytest.mark.full),
        pytest.param("clickhouse", 10, 3, 4, marks=pytest.mark.full),
    ],
)
def test_nothing_is_lost_or_doubled_when_a_writer_is_killed(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, batches: int, writing: int, reading: int
) -> None:
    url = "-" if kind == "delta" else str(request.getfixturevalue("clickhouse_database"))
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'lib'}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"}
    started: list[subprocess.Popen[str]] = []

    def start(role: str, name: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(PROGRAM), role, url, name, str(batches)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path)
        started.append(process)
        return process

    def next_line(process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        return process.stdout.readline().strip()

    # Made before anybody looks: a reader of an empty folder would see no table, and that is another test.
    open_warehouse(Settings.load(clickhouse_url=None if url == "-" else url)).close()
    stop = tmp_path / "stop"
    try:
        readers = [start("read", str(stop)) for _ in range(reading)]
        assert [next_line(reader) for reader in readers] == ["reading"] * reading
        writers = [start("write", f"writer{number}") for number in range(writing)]
        victim = writers[0]
        while int(next_line(victim)) < batches // 3:
            pass
        victim.kill()  # SIGKILL, wherever in its next batch it stands
        assert victim.wait() == -signal.SIGKILL
        writers[0] = start("write", "writer0")  # from its first batch, with the same tokens
        for writer in writers:
            output, _ = writer.communicate(timeout=PATIENCE_S)
            assert writer.returncode == 0
            assert output.split()[-1] == str(batches)
        stop.touch()
        reports = []
        for reader in readers:
            output, _ = reader.communicate(timeout=PATIENCE_S)
            assert reader.returncode == 0
            reports.append(json.loads(output.splitlines()[-1]))
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    replaced = batches // 5
    rows = (batches - replaced) * ROWS
    assert reports == [{"problems": [], "last": writing * rows}] * reading
    warehouse = open_warehouse(Settings.load(clickhouse_url=None if url == "-" else url))
    found = warehouse.query(
        "SELECT source, count() AS n, uniqExact(order_id) AS keys, sum(amount) AS amount FROM orders GROUP BY source ORDER BY 1"
    )
    warehouse.close()
    assert found["source"].tolist() == [f"writer{number}" for number in range(writing)]
    assert found["n"].tolist() == found["keys"].tolist() == [rows] * writing
    assert found["amount"].tolist() == [rows + replaced * ROWS] * writing


@pytest.mark.full
def test_a_clickhouse_that_dies_is_told_and_its_return_finds_every_row(tmp_path: Path) -> None:
    port = free_port()
    front = [sys.executable, str(ROOT / "tests" / "clickhouse_front.py"), str(port), str(tmp_path)]
    server = Server(front, port, tmp_path / "front.log")
    server.start()
    warehouse = open_warehouse(Settings.load(clickhouse_url=f"http://127.0.0.1:{port}/dies"))
    try:
        token = BatchToken("shop:orders.csv", 1)
        rows = pd.DataFrame(
            {"customer_id": [f"c{number}" for number in range(9)], "source": "shop:orders.csv", "updated_at": pd.Timestamp("2026-01-01")}
        )
        warehouse.append("customers", rows, token=token)
        server.stop()  # SIGKILL
        with pytest.raises(StoreFailed) as unread:
            warehouse.query("SELECT count() AS n FROM customers")
        with pytest.raises(StoreFailed):
            warehouse.append("customers", rows.assign(customer_id="late"), token=BatchToken("shop:orders.csv", 2))
        assert unread.value.hint
        server.start()
        warehouse.append("customers", rows, token=token)  # whoever had no answer sends it again
        assert warehouse.query("SELECT count() AS n, uniqExact(customer_id) AS keys FROM customers").iloc[0].tolist() == [9, 9]
    finally:
        warehouse.close()
        server.stop()
