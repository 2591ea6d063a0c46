"""The report of the workspace reads lean days from the warehouse, and says what the engine says of the order lines as a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai import Caller, Workspace
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from cyberpunk_ai.governance.callers import ALL_PERMISSIONS
from tests.unit.customer_analytics.builders import shop

if TYPE_CHECKING:
    from collections.abc import Iterator

READ = ["customer_id", "order_id", "ordered_at", "amount"]
EMEA = Caller("anna", "Anna", ALL_PERMISSIONS, row_filter={"region": "EMEA"})


def order_lines() -> pd.DataFrame:
    bought = shop(80, 300).assign(line_id="1", is_refund=False)
    bought["order_id"] = [f"o{number}" for number in range(len(bought))]
    bought["region"] = np.where(bought["customer_id"].str[-1].isin(list("02468")), "EMEA", "APAC")
    returned = bought.iloc[::17].assign(line_id="2", is_refund=True)
    returned["amount"] = -0.5 * returned["amount"]
    returned["ordered_at"] = returned["ordered_at"] + pd.Timedelta(days=9)
    rows = pd.concat([bought, returned], ignore_index=True)
    return rows.assign(quantity=1.0, unit_price=1.0, source="test", updated_at=rows["ordered_at"]).astype({"ordered_at": "datetime64[us]"})


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with Workspace.open() as opened:
        opened._stores.warehouse.append("orders", order_lines())
        yield opened


@pytest.mark.parametrize("narrowed", [{}, {"caller": EMEA}])
def test_the_report_is_that_of_the_order_lines(ws: Workspace, narrowed: dict[str, object]) -> None:
    rows = order_lines()
    rows = rows if "caller" not in narrowed else rows[rows["region"] == "EMEA"]
    report = ws.retention(**narrowed)  # type: ignore[arg-type]
    expected = RetentionAnalyzer().analyze_customer_retention(None, rows[READ])
    assert (report.as_of, report.horizon_days, report.regime) == (expected.as_of, expected.horizon_days, expected.regime)
    exact = ["customer_id", "recency_days", "frequency", "segment", "first_purchase", "last_purchase"]
    pd.testing.assert_frame_equal(report.customers[exact], expected.customers[exact])
    close = ["monetary", "churn_probability", "expected_purchases"]
    pd.testing.assert_frame_equal(report.customers[close], expected.customers[close], rtol=1e-6, atol=1e-8)
    pd.testing.assert_frame_equal(report.cohorts, expected.cohorts, rtol=1e-9, atol=1e-9)
