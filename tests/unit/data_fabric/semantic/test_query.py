"""Questions about the tiny company, every number worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from cyberpunk_ai.data_fabric.semantic.query import SemanticLayer


def records(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    return [tuple(None if value is None or value != value else value for value in row) for row in frame.itertuples(index=False)]


def test_revenue_by_region_with_refunds_and_missing_regions(layer: SemanticLayer) -> None:
    answer = layer.query("revenue", by="region")
    assert records(answer.frame) == [("EMEA", 350.0), ("APAC", 220.0), ("(none)", 80.0), ("LATAM", 10.0)]
    assert answer.total == 660.0
    assert (answer.period.start, answer.period.end) == (date(2024, 1, 5), date(2024, 4, 10))


def test_revenue_and_orders_by_region_in_february_compared_with_january(layer: SemanticLayer) -> None:
    answer = layer.query(["revenue", "orders"], by=["region"], period="2024-02", compare="previous_period")
    assert list(answer.frame) == ["region", "revenue", "revenue_previous", "revenue_change", "orders", "orders_previous", "orders_change"]
    assert records(answer.frame) == [
        ("EMEA", 200.0, 150.0, pytest.approx(1 / 3), 1.0, 1.0, 0.0),
        ("APAC", 0.0, 200.0, -1.0, 0.0, 1.0, -1.0),
    ]
    assert (answer.total, answer.previous, answer.change) == (200.0, 350.0, pytest.approx(-150 / 350))
    assert (answer.comparison.start, answer.comparison.end) == (date(2024, 1, 1), date(2024, 2, 1))


def test_revenue_by_month(layer: SemanticLayer) -> None:
    answer = layer.query("revenue", grain="month", period="2024")
    assert records(answer.frame) == [
        (pd.Timestamp("2024-01-01"), 350.0), (pd.Timestamp("2024-02-01"), 200.0),
        (pd.Timestamp("2024-03-01"), 100.0), (pd.Timestamp("2024-04-01"), 10.0),
    ]  # fmt: skip
    assert answer.total == 660.0
