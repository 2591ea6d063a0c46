"""Frames for the engines, worked out by hand on the tiny company."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from cyberpunk_ai.core.errors import InvalidArgument, NotFound, PermissionDenied
from cyberpunk_ai.data_fabric.semantic import extracts

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberpunk_ai.data_fabric.semantic.query import SemanticLayer


def records(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    return [tuple(None if value is None or value != value else value for value in row) for row in frame.itertuples(index=False)]


def test_transactions_are_net_orders_of_known_customers(layer: SemanticLayer) -> None:
    purchases = extracts.transactions(layer)
    assert records(purchases) == [
        ("ada", "o1", pd.Timestamp("2024-01-05"), 150.0),
        ("bob", "o2", pd.Timestamp("2024-01-31"), 200.0),
        ("ada", "o3", pd.Timestamp("2024-02-10"), 200.0),
        ("cat", "o4", pd.Timestamp("2024-03-01"), 80.0),
        ("bob", "o5", pd.Timestamp("2024-03-15"), 20.0),
    ]
    assert purchases["ordered_at"].dtype == "datetime64[us]"


def test_transactions_can_be_narrowed(layer: SemanticLayer) -> None:
    assert list(extracts.transactions(layer, where={"segment": "Enterprise"})["order_id"]) == ["o2", "o5"]
    assert list(extracts.transactions(layer, since=date(2024, 2, 1), until=date(2024, 3, 1))["order_id"]) == ["o3"]
    assert list(extracts.transactions(layer, row_filter={"region": ["EMEA"]})["order_id"]) == ["o1", "o3"]
    assert extracts.transactions(layer, since=date(2030, 1, 1)).empty


def test_a_mere_refund_comes_with_its_negative_amount(make_layer: Callable[..., SemanticLayer]) -> None:
    own = make_layer([("r1", "1", "2024-01-05", "ada", "Desk", "Furniture", "Web", "EMEA", -5.0, None, True)])
    purchases = extracts.transactions(own)
    assert purchases[["customer_id", "order_id", "amount"]].values.tolist() == [["ada", "r1", -5.0]]
    assert list(purchases.dtypes.astype(str)) == ["object", "object", "datetime64[us]", "float64"]


def test_customers_come_without_personal_columns_unless_asked(layer: SemanticLayer) -> None:
    people = extracts.customers(layer)
    assert not {"name", "email", "phone"} & set(people)
    assert list(people["customer_id"]) == ["ada", "bob"]
    assert list(extracts.customers(layer, where={"segment": "SMB"}, with_personal=True)["email"]) == ["ada@example.com"]
    with pytest.raises(InvalidArgument, match="channel"):
        extracts.customers(layer, where={"channel": "Web"})
    with pytest.raises(PermissionDenied):
        extracts.customers(layer, row_filter={"site": "Hamburg"})


def test_only_customers_of_a_source(layer: SemanticLayer) -> None:
    purchases = extracts.transactions(layer)
    assert len(extracts.only_from(layer.warehouse, purchases, "shop")) == 5
    with pytest.raises(NotFound):
        extracts.only_from(layer.warehouse, purchases, "shop' OR 1=1 --")


def test_series_leave_out_the_unfinished_month_and_say_so(layer: SemanticLayer) -> None:
    found = extracts.metric_series(layer, "revenue", grain="month")
    assert records(found.frame) == [
        ("all", pd.Timestamp("2024-01-01"), 350.0), ("all", pd.Timestamp("2024-02-01"), 200.0), ("all", pd.Timestamp("2024-03-01"), 100.0),
    ]  # fmt: skip
    assert found.dropped == date(2024, 4, 1)
    assert "not over yet" in found.notes[0]


def test_a_month_that_ended_with_the_data_is_kept(make_layer: Callable[..., SemanticLayer]) -> None:
    own = make_layer([("o1", "1", "2024-01-31 23:59:59", "ada", "Desk", "Furniture", "Web", "EMEA", 5.0, None, False)])
    found = extracts.metric_series(own, "revenue", grain="month")
    assert records(found.frame) == [("all", pd.Timestamp("2024-01-01"), 5.0)]
    assert found.dropped is None
    assert found.notes == ()


def test_gaps_are_nought_for_sums_and_missing_for_means(layer: SemanticLayer) -> None:
    by_region = extracts.series(layer, "revenue", grain="month", by="region")
    assert records(by_region[by_region["unique_id"] == "APAC"]) == [
        ("APAC", pd.Timestamp("2024-01-01"), 200.0), ("APAC", pd.Timestamp("2024-02-01"), 0.0), ("APAC", pd.Timestamp("2024-03-01"), 20.0),
    ]  # fmt: skip
    assert any("count as 0" in note for note in by_region.attrs["notes"])
    basket = extracts.series(layer, "avg_order_value", grain="month", by="region")
    assert records(basket[basket["unique_id"] == "APAC"])[1] == ("APAC", pd.Timestamp("2024-02-01"), None)


def test_series_are_evenly_spaced_by_week(layer: SemanticLayer) -> None:
    weekly = extracts.series(layer, "orders", grain="week")
    assert set(weekly["ds"].diff().dropna()) == {pd.Timedelta(days=7)}
    assert set(weekly["ds"].dt.dayofweek) == {0}
    assert weekly["y"].sum() == 5.0  # the sixth lies in the week that is not over


def test_series_of_nothing_are_empty(make_layer: Callable[..., SemanticLayer], layer: SemanticLayer) -> None:
    assert extracts.series(make_layer([]), "revenue", grain="week").empty
    with pytest.raises(InvalidArgument, match="fortnight"):
        extracts.series(layer, "revenue", grain="fortnight")


def test_a_row_that_stands_for_a_month_reaches_to_its_end(layer: SemanticLayer) -> None:
    found = extracts.metric_series(layer, "demand", grain="month")
    assert records(found.frame) == [("all", pd.Timestamp("2024-01-01"), 5.0), ("all", pd.Timestamp("2024-02-01"), 7.0)]
    assert (found.dropped, found.as_of) == (None, date(2024, 3, 1))
