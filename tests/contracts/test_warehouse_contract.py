"""Every warehouse keeps the same promises: the embedded one and the server."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument, NotFound, PermissionDenied, StoreFailed
from cyberpunk_ai.data_fabric.stores.warehouse import BatchToken, Warehouse
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = pd.Timestamp("2026-01-01 12:00")


@pytest.fixture(params=["delta", "clickhouse"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    if request.param == "delta":
        from cyberpunk_ai.data_fabric.stores.delta_warehouse import DeltaWarehouse

        opened: Warehouse = DeltaWarehouse(tmp_path / "warehouse")
    else:
        from cyberpunk_ai.data_fabric.stores.clickhouse_warehouse import ClickHouseWarehouse

        opened = ClickHouseWarehouse(request.getfixturevalue("clickhouse_database"))
    yield opened
    opened.close()


def orders(numbers: range | list[int], *, amount: float = 10.0, updated_at: pd.Timestamp = NOON, source: str = "shop") -> pd.DataFrame:
    count = len(numbers)
    return pd.DataFrame(
        {
            "order_id": [f"o{number:05d}" for number in numbers],
            "line_id": "1",
            "ordered_at": pd.date_range("2025-01-01", periods=count, freq="h").astype("datetime64[us]"),
            "quantity": 1.0,
            "unit_price": amount,
            "amount": amount,
            "is_refund": False,
            "source": source,
            "updated_at": updated_at,
        }
    )


def total(warehouse: Warehouse) -> tuple[int, float]:
    row = warehouse.query("SELECT count() AS n, sum(amount) AS amount FROM orders").iloc[0]
    return int(row["n"]), float(row["amount"])


def test_it_is_a_warehouse(warehouse: Warehouse) -> None:
    assert isinstance(warehouse, Warehouse)
    assert warehouse.kind in {"delta+chdb", "clickhouse"}
    assert warehouse.ping() > 0


def test_a_table_that_was_never_written_is_empty(warehouse: Warehouse) -> None:
    assert total(warehouse) == (0, 0.0)
    assert warehouse.row_count("orders") == 0
    assert warehouse.delete("orders", where={"source": "shop"}) == 0
    warehouse.optimize()


def test_an_empty_answer_keeps_its_columns_and_types(warehouse: Warehouse) -> None:
    empty = warehouse.query("SELECT order_id, ordered_at, amount, customer_id FROM orders WHERE amount > {floor:Float64}", {"floor": 1.0})
    assert list(empty.columns) == ["order_id", "ordered_at", "amount", "customer_id"]
    assert [str(dtype) for dtype in empty.dtypes] == ["object", "datetime64[us]", "float64", "object"]


def test_appended_rows_come_back_as_they_were(warehouse: Warehouse) -> None:
    rows = orders(range(3)).assign(customer_id=["c1", None, "c3"], cost=[1.5, np.nan, 2.5])
    rows.loc[0, "ordered_at"] = pd.Timestamp("2025-01-01 10:11:12.345678")
    assert warehouse.append("orders", rows) == 3
    back = warehouse.query("SELECT order_id, ordered_at, customer_id, cost, is_refund, currency FROM orders ORDER BY order_id")
    assert back["order_id"].tolist() == rows["order_id"].tolist()
    assert back["ordered_at"].tolist() == rows["ordered_at"].tolist()
    assert back["customer_id"].tolist() == ["c1", None, "c3"]
    assert back["cost"].isna().tolist() == [False, True, False]
    assert back["is_refund"].tolist() == [False] * 3
    assert back["currency"].isna().all()


def test_times_are_utc_wherever_the_host_stands(warehouse: Warehouse) -> None:
    rows = orders(range(1)).assign(ordered_at=pd.Timestamp("2025-01-31 23:30", tz="America/New_York"))
    warehouse.append("orders", rows)
    back = warehouse.query(
        "SELECT ordered_at, toStartOfMonth(ordered_at) AS month, toStartOfHour(ordered_at) AS hour FROM orders "
        "WHERE ordered_at >= {since:DateTime64(6)}",
        {"since": pd.Timestamp("2025-02-01 04:30")},
    )
    assert back.iloc[0].tolist() == [pd.Timestamp("2025-02-01 04:30"), pd.Timestamp("2025-02-01"), pd.Timestamp("2025-02-01 04:00")]
    assert {str(dtype) for dtype in back.dtypes} == {"datetime64[us]"}


def test_a_batch_with_an_applied_token_changes_nothing(warehouse: Warehouse) -> None:
    assert warehouse.append("orders", orders(range(5)), token=BatchToken("shop", 1)) == 5
    assert warehouse.append("orders", orders(range(5)), token=BatchToken("shop", 1)) == 0
    assert warehouse.append("orders", orders(range(5, 8)), token=BatchToken("other", 1)) == 3
    assert warehouse.upsert("orders", orders(range(5), amount=1.0), token=BatchToken("shop", 2)) == 5
    assert warehouse.upsert("orders", orders(range(5), amount=7.0), token=BatchToken("shop", 2)) == 0
    assert total(warehouse) == (8, 35.0)


def test_an_empty_batch_consumes_its_token(warehouse: Warehouse) -> None:
    assert warehouse.append("orders", orders(range(0)), token=BatchToken("shop", 1)) == 0
    assert warehouse.append("orders", orders(range(2)), token=BatchToken("shop", 1)) == 0
    assert warehouse.row_count("orders") == 0


def test_upsert_inserts_new_keys_and_replaces_old_ones(warehouse: Warehouse) -> None:
    assert warehouse.upsert("orders", orders(range(10))) == 10
    assert warehouse.upsert("orders", orders(range(5, 15), amount=20.0)) == 10
    assert total(warehouse) == (15, 250.0)
    assert warehouse.upsert("orders", orders(range(100, 103))) == 3
    assert total(warehouse) == (18, 280.0)
    assert warehouse.row_count("orders") == 18


def test_an_older_row_never_replaces_a_newer_one(warehouse: Warehouse) -> None:
    warehouse.upsert("orders", orders(range(3)))
    warehouse.upsert("orders", orders(range(3), amount=1.0, updated_at=NOON - pd.Timedelta("1s")))
    assert total(warehouse) == (3, 30.0)
    warehouse.upsert("orders", orders(range(3), amount=2.0))
    assert total(warehouse) == (3, 6.0)


def test_within_a_batch_the_newest_row_of_a_key_wins(warehouse: Warehouse) -> None:
    newer = orders([1], amount=3.0, updated_at=NOON + pd.Timedelta("1h"))
    assert warehouse.upsert("orders", pd.concat([newer, orders([1], amount=5.0), orders([2])])) == 2
    assert total(warehouse) == (2, 13.0)


def test_upsert_by_a_key_of_several_columns(warehouse: Warehouse) -> None:
    demand = pd.DataFrame(
        {
            "ds": pd.to_datetime(["2025-01-01", "2025-01-01", "2025-02-01"]),
            "product": ["a", "b", "a"],
            "region": "",
            "channel": "",
            "units": [1.0, 2.0, 3.0],
            "holiday_days": [1, None, 2],
            "source": "shop",
            "updated_at": NOON,
        }
    )
    warehouse.upsert("demand", demand)
    warehouse.upsert("demand", demand[demand["product"] == "a"].assign(units=10.0, holiday_days=None))
    back = warehouse.query("SELECT ds, product, units, holiday_days FROM demand ORDER BY ds, product")
    assert back["units"].tolist() == [10.0, 2.0, 10.0]
    assert back["holiday_days"].isna().all()


def test_delete_removes_the_rows_of_a_source_only(warehouse: Warehouse) -> None:
    warehouse.append("orders", orders(range(4), source="it's"))
    warehouse.append("orders", orders(range(10, 13), source="csv"))
    assert warehouse.delete("orders", where={"source": "' OR 1=1 --"}) == 0
    assert warehouse.delete("orders", where={"source": "it's"}) == 4
    assert total(warehouse) == (3, 30.0)
    assert warehouse.row_count("orders") == 3


def test_a_deleted_row_can_be_written_again(warehouse: Warehouse) -> None:
    warehouse.upsert("orders", orders(range(4)))
    warehouse.delete("orders", where={"source": "shop"})
    warehouse.upsert("orders", orders(range(4), updated_at=NOON - pd.Timedelta("1d")))
    assert total(warehouse) == (4, 40.0)


@pytest.mark.parametrize("where", [{}, {"amount": "1"}, {"nothing": "x"}, {"source = 'x' OR 1": "1"}])
def test_delete_refuses_other_conditions(warehouse: Warehouse, where: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument):
        warehouse.delete("orders", where=where)


def test_the_version_changes_with_every_commit_and_only_then(warehouse: Warehouse) -> None:
    seen = [warehouse.version("orders")]
    for number in range(3):
        warehouse.append("orders", orders([number]))
        seen.append(warehouse.version("orders"))
        assert warehouse.version("orders") == seen[-1]
    warehouse.upsert("orders", orders([0], amount=1.0))
    seen.append(warehouse.version("orders"))
    warehouse.delete("orders", where={"source": "shop"})
    seen.append(warehouse.version("orders"))
    assert len(set(seen)) == len(seen)
    assert warehouse.version("customers") == warehouse.version("customers")


def test_optimize_changes_no_answer(warehouse: Warehouse) -> None:
    for number in range(12):
        warehouse.append("orders", orders([number]))
    warehouse.upsert("orders", orders(range(3), amount=1.0))
    before = total(warehouse)
    warehouse.optimize()
    assert total(warehouse) == before == (12, 93.0)


def test_broken_rows_are_refused_with_every_problem(warehouse: Warehouse) -> None:
    with pytest.raises(ContractBroken, match="'colour' is unknown"):
        warehouse.append("orders", orders(range(2)).assign(colour="red"))
    with pytest.raises(ContractBroken, match="'amount' is missing"):
        warehouse.append("orders", orders(range(2)).drop(columns="amount"))
    with pytest.raises(ContractBroken, match=r"order_id: missing in 1 rows; .*amount: not a float"):
        warehouse.append("orders", orders(range(2)).assign(order_id=["a", None], amount=["1", "many"]))
    with pytest.raises(NotFound):
        warehouse.append("orderz", orders(range(2)))
    assert warehouse.row_count("orders") == 0


def test_values_are_bound_never_pasted(warehouse: Warehouse) -> None:
    warehouse.append("orders", orders(range(3), source="'; DROP TABLE orders --"))
    sql = "SELECT count() AS n FROM orders WHERE source = {source:String} AND order_id IN {ids:Array(String)} AND amount < {top:Float64}"
    assert warehouse.query(sql, {"source": "'; DROP TABLE orders --", "ids": ["o00000", "o'1"], "top": 50})["n"].tolist() == [1]


@pytest.fixture(scope="module", params=["delta", "clickhouse"])
def untouched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A warehouse of two orders that nothing may change."""
    if request.param == "delta":
        from cyberpunk_ai.data_fabric.stores.delta_warehouse import DeltaWarehouse

        opened: Warehouse = DeltaWarehouse(tmp_path_factory.mktemp("warehouse"))
    else:
        from cyberpunk_ai.data_fabric.stores.clickhouse_warehouse import ClickHouseWarehouse

        opened = ClickHouseWarehouse(f"{request.getfixturevalue('clickhouse_url')}/untouched")
    opened.append("orders", orders(range(2)))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM file('/etc/passwd', LineAsString)",
        "SELECT file('/etc/passwd')",
        "SELECT `\\x66ile`('/etc/passwd')",
        "SELECT * FROM (SELECT * FROM url('http://127.0.0.1:1/x', CSV))",
        "WITH x AS (SELECT * FROM sqlite('/tmp/x.db', 't')) SELECT * FROM x",
        "SELECT count() FROM orders WHERE order_id IN (SELECT line FROM s3('http://127.0.0.1:1/b/k', 'LineAsString'))",
        "SELECT * FROM remote('127.0.0.1:1', system.one)",
        "SELECT * FROM executable('id', TSV, 'a String')",
        "SELECT * FROM iceberg('/tmp')",
        "SELECT * FROM loop(system.processes)",
        "SELECT * FROM merge('system', '.*')",
        "SELECT * FROM system.tables",
        "SELECT * FROM `/etc/passwd`",
        "SELECT 1 INTO OUTFILE '/tmp/never.txt'",
        "INSERT INTO orders SELECT * FROM orders",
        "INSERT INTO FUNCTION file('/tmp/never.csv') SELECT 1",
        "DROP TABLE orders",
        "CREATE TABLE x (a Int64) ENGINE = Memory",
        "ALTER TABLE orders DELETE WHERE 1",
        "TRUNCATE TABLE orders",
        "SET readonly = 0",
        "SYSTEM SHUTDOWN",
        "USE default",
        "SELECT 1; DROP TABLE orders",
        "SELECT count() FROM orders SETTINGS readonly = 0",
        "SELECT getServerSetting('path')",
        "SELECT sleep(3)",
    ],
)
def test_a_query_can_only_read_the_canonical_tables(untouched: Warehouse, sql: str) -> None:
    with pytest.raises(PermissionDenied):
        untouched.query(sql)
    assert total(untouched) == (2, 20.0)


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT nothing FROM orders", "SELECT count( FROM orders", "SELECT {missing:Int64}"])
def test_a_wrong_query_says_so(untouched: Warehouse, sql: str) -> None:
    with pytest.raises((InvalidArgument, PermissionDenied)):
        untouched.query(sql)


def test_an_ordinary_query_passes_the_gate(warehouse: Warehouse) -> None:
    warehouse.append("orders", orders(range(48)).assign(region=["north", "south"] * 24))
    answer = warehouse.query(
        """
        WITH daily AS (
            SELECT toDate(ordered_at) AS day, region, sum(amount) AS revenue, uniqExact(order_id) AS lines, countIf(is_refund) AS refunds,
                   quantile(0.5)(amount) AS middle, argMax(order_id, ordered_at) AS last
            FROM orders WHERE ordered_at BETWEEN {since:DateTime64(6)} AND {until:DateTime64(6)} GROUP BY day, region
        )
        SELECT day, region, revenue, sum(revenue) OVER (PARTITION BY region ORDER BY day) AS running, last
        FROM daily LEFT JOIN (SELECT number FROM numbers(1)) AS one ON 1 = 1 ORDER BY day, region LIMIT 10
        """,
        {"since": pd.Timestamp("2025-01-01"), "until": pd.Timestamp("2025-02-01")},
    )
    assert answer["running"].tolist() == [120.0, 120.0, 240.0, 240.0]


@pytest.mark.parametrize("segment", ["SMB", None])
def test_a_row_without_partner_joins_to_null_whatever_the_data(warehouse: Warehouse, segment: str | None) -> None:
    warehouse.append("orders", orders(range(2)).assign(customer_id=["known", "stranger"]))
    customers = pd.DataFrame({"customer_id": ["known", "other"], "segment": ["SMB", segment], "source": "crm", "updated_at": NOON})
    warehouse.append("customers", customers)
    sql = "SELECT segment, sum(amount) AS revenue FROM orders LEFT JOIN customers USING (customer_id) GROUP BY segment ORDER BY segment"
    assert warehouse.query(sql)["segment"].tolist() == ["SMB", None]


def test_threads_query_side_by_side_while_rows_arrive(warehouse: Warehouse) -> None:
    warehouse.append("orders", orders(range(10)))
    done, errors, counts = threading.Event(), [], []

    def read() -> None:
        last = 0
        try:
            while not done.is_set():
                number = total(warehouse)[0]
                assert number >= last
                last = number
                counts.append(number)
        except Exception as error:
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(6)]
    for reader in readers:
        reader.start()
    until(lambda: len(counts) >= len(readers), "the readers read", give_up=lambda: str(errors[0]) if errors else None)
    for number in range(20, 30):
        warehouse.append("orders", orders([number]))
    done.set()
    for reader in readers:
        reader.join()
    assert not errors
    assert total(warehouse)[0] == 20


def test_a_closed_warehouse_says_so(warehouse: Warehouse) -> None:
    total(warehouse)
    warehouse.close()
    with pytest.raises(StoreFailed):
        warehouse.query("SELECT count() FROM orders")
