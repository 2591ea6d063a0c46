from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from cyberpunk_ai.data_fabric.imports import guess_mapping
from tests.data_online_retail import export_messy_csv, plain_truth

if TYPE_CHECKING:
    from pathlib import Path

    from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector


@pytest.mark.parametrize("rows", [pytest.param(20_000, id="head"), pytest.param(None, id="all", marks=pytest.mark.full)])
def test_messy_export_arrives_complete(fabric: UnifiedDataConnector, shared_data: Path, tmp_path: Path, rows: int | None) -> None:
    export = export_messy_csv(shared_data, tmp_path / "Online Retail.csv", rows=rows)
    truth = plain_truth(export.lines)
    plan = guess_mapping(export.path)
    assert plan.table == "orders"
    assert plan.confidence > 0.9

    name = fabric.add_import(plan)
    report = asyncio.run(fabric.sync_all_sources([name]))

    assert report.ok, report.sources
    assert (report.rows, report.quarantined) == (truth.lines, export.broken)
    sums = fabric.warehouse.query(
        "SELECT count() AS lines, sum(amount) AS revenue, uniqExact(order_id) AS invoices, uniqExactIf(order_id, NOT is_refund) AS orders, "
        "countIf(is_refund) AS refund_lines, uniqExact(customer_id) AS customers, uniqExact(line_id) AS identities FROM orders"
    ).iloc[0]
    assert sums["revenue"] == pytest.approx(truth.revenue, rel=1e-9)
    assert (sums["lines"], sums["invoices"], sums["orders"]) == (truth.lines, truth.invoices, truth.orders)
    assert (sums["refund_lines"], sums["customers"], sums["identities"]) == (truth.refund_lines, truth.customers, truth.lines)
    weeks = fabric.warehouse.query("SELECT toMonday(ordered_at) AS week, sum(amount) AS revenue FROM orders GROUP BY week ORDER BY week")
    assert weeks["revenue"].to_numpy() == pytest.approx(truth.weekly_revenue.to_numpy(), rel=1e-9)
    top = fabric.warehouse.query("SELECT product, sum(amount) AS revenue FROM orders GROUP BY product ORDER BY revenue DESC LIMIT 10")
    assert list(top["product"]) == list(truth.top_products.index)
    known = fabric.warehouse.query("SELECT customer_id, signed_up_at FROM customers").set_index("customer_id")["signed_up_at"]
    pd.testing.assert_series_equal(
        known.sort_index().astype("datetime64[ns]"),
        truth.first_order.sort_index().astype("datetime64[ns]"),
        check_names=False,
        check_index_type=False,
    )
    reasons = list(fabric.quarantine(name).rows["reason"])
    if rows is None or rows > 2500:
        assert any('quantity: "abc" is not a number' in reason for reason in reasons)
        assert any('ordered_at: "31.02.2011 10:00" is not a date' in reason for reason in reasons)
        assert any('unit_price: "n/a" is not a number' in reason for reason in reasons)
        assert any("row has 4 fields, the header 8" in reason for reason in reasons)


def test_parquet_of_the_same_lines_is_understood(shared_data: Path) -> None:
    plan = guess_mapping(shared_data / "retention" / "online_retail.parquet")
    assert plan.mapping["ordered_at"] == "InvoiceDate"
    assert plan.stream_mapping.columns["customer_id"].rule == "identifier"
    assert plan.is_complete
