"""The semantic layer gives the same numbers on a ClickHouse server as on the embedded warehouse."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from cyberpunk_ai.data_fabric.semantic import extracts
from cyberpunk_ai.data_fabric.semantic.calendar import start_of
from cyberpunk_ai.data_fabric.semantic.model import load_model
from cyberpunk_ai.data_fabric.semantic.query import SemanticLayer
from cyberpunk_ai.data_fabric.stores.clickhouse_warehouse import ClickHouseWarehouse
from cyberpunk_ai.data_fabric.stores.delta_warehouse import DeltaWarehouse

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.servers
COMMON = {"source": "shop", "updated_at": pd.Timestamp("2024-04-10"), "unit_price": 1.0}


def lines() -> pd.DataFrame:
    head = ["order_id", "line_id", "ordered_at", "customer_id", "category", "channel", "region"]
    columns = [*head, "quantity", "amount", "cost", "is_refund"]
    rows = [
        ("o1", "1", "2023-12-31 23:30", "ada", "Desk", "Web", "EMEA", 1.0, 100.0, 60.0, False),
        ("o2", "1", "2024-01-31 00:30", "bob", "Lamp", "Retail", None, 1.0, 200.0, None, False),
        ("o3", "1", "2024-02-10 12:00", "ada", "Desk", "Web", "EMEA", 2.0, 300.0, 150.0, False),
        ("o3", "2", "2024-02-20 12:00", "ada", "Desk", "Web", "EMEA", -1.0, -100.0, -50.0, True),
        ("o4", "1", "2024-03-01 00:00", None, "Lamp", "Web", "APAC", 1.0, 80.0, 40.0, False),
    ]
    return pd.DataFrame(rows, columns=columns).assign(**COMMON).astype({"ordered_at": "datetime64[us]"})


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
def test_far_days_are_reported_in_their_own_periods(clickhouse_database: str, grain: str) -> None:
    store = ClickHouseWarehouse(clickhouse_database)
    far = ["1925-02-03", "2149-06-07", "2226-01-01"]
    store.append("orders", lines().head(3).assign(ordered_at=pd.to_datetime(far).astype("datetime64[us]"), customer_id=["x", "y", "z"]))
    layer = SemanticLayer(store, load_model(), today=lambda: date(2024, 4, 10))
    answer = layer.query(["revenue", "new_customers", "churn_rate"], grain=grain).frame.dropna(subset=["revenue"])
    sold = answer[answer["revenue"] > 0]
    assert list(sold["period"]) == [pd.Timestamp(start_of(grain, date.fromisoformat(day))) for day in far]
    assert sold["revenue"].tolist() == [100.0, 200.0, 300.0]


def test_a_server_gives_the_numbers_of_the_embedded_warehouse(clickhouse_database: str, tmp_path: Path, is_full_tier: bool) -> None:
    """Every metric is asked: for one of four kinds of question in turn, for each of them in the full tier."""
    stores = [DeltaWarehouse(tmp_path), ClickHouseWarehouse(clickhouse_database)]
    people = pd.DataFrame({"customer_id": ["ada", "bob"], "segment": ["SMB", None], "source": "crm", "updated_at": COMMON["updated_at"]})
    for store in stores:
        store.append("orders", lines())
        store.append("customers", people)
    embedded, server = (SemanticLayer(store, load_model(), today=lambda: date(2024, 4, 10)) for store in stores)
    for number, metric in enumerate(embedded.metrics()):
        by = embedded.model.dimensions_of(metric)[:3]
        questions: list[dict[str, Any]] = [
            {},
            {"by": by, "grain": "month"},
            {"by": by[0], "period": "2024-02", "compare": "previous_period"},
            {"grain": "week", "period": "last 3 months"},
        ]
        for question in questions if is_full_tier else [questions[number % 4]]:
            ours, theirs = embedded.query(metric.id, **question), server.query(metric.id, **question)
            assert ours.totals == theirs.totals, (metric.id, question)
            pd.testing.assert_frame_equal(ours.frame, theirs.frame)
    by_segment = {"by": "segment", "where": {"region": {"not": ["APAC"]}, "product": {"not": "' OR 1=1"}}}
    pd.testing.assert_frame_equal(embedded.query("revenue", **by_segment).frame, server.query("revenue", **by_segment).frame)
    pd.testing.assert_frame_equal(extracts.transactions(embedded), extracts.transactions(server))
    pd.testing.assert_frame_equal(extracts.customers(embedded), extracts.customers(server))
    for store in stores:
        store.close()
