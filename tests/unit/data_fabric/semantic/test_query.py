"""Questions about the tiny company, every number worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from cyberpunk_ai.core.errors import InvalidArgument, NotFound, PermissionDenied, StoreFailed
from cyberpunk_ai.data_fabric.semantic.customer_purchases import CustomerPurchases

if TYPE_CHECKING:
    from collections.abc import Callable

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


FAR = ("1925-02-03", "1969-12-31", "2024-05-05", "2149-06-07", "2226-01-01", "2299-12-31")


@pytest.mark.parametrize(
    ("grain", "starts"),
    [
        ("day", FAR),
        ("week", ("1925-02-02", "1969-12-29", "2024-04-29", "2149-06-02", "2225-12-26", "2299-12-25")),
        ("month", ("1925-02-01", "1969-12-01", "2024-05-01", "2149-06-01", "2226-01-01", "2299-12-01")),
        ("quarter", ("1925-01-01", "1969-10-01", "2024-04-01", "2149-04-01", "2226-01-01", "2299-10-01")),
        ("year", ("1925-01-01", "1969-01-01", "2024-01-01", "2149-01-01", "2226-01-01", "2299-01-01")),
    ],
)
def test_far_days_are_reported_in_their_own_periods(far_layer: SemanticLayer, grain: str, starts: tuple[str, ...]) -> None:
    expected = [(pd.Timestamp(start), float(10 + number)) for number, start in enumerate(starts)]
    assert records(far_layer.query("revenue", grain=grain).frame) == expected
    assert records(far_layer.query("new_customers", grain=grain).frame) == [(start, 1.0) for start, _ in expected]
    paid = far_layer.query("clv", grain=grain).frame
    assert list(paid["period"]) == [start for start, _ in expected]
    kept = far_layer.query("churn_rate", grain=grain).frame
    assert kept["churn_rate"].dropna().tolist() == [1.0] * 5, "nobody of one far period buys in the next one"


def test_far_days_bound_the_data_and_can_be_asked_for(far_layer: SemanticLayer) -> None:
    answer = far_layer.query("revenue")
    assert (answer.period.start, answer.period.end) == (date(1925, 2, 3), date(2300, 1, 1))
    assert [far_layer.query("revenue", period=year).total for year in ("1925", "2149", "2226", "2046")] == [10.0, 13.0, 14.0, 0.0]


@pytest.fixture(scope="module")
def far_layer(make_layer: Callable[..., SemanticLayer]) -> SemanticLayer:
    return make_layer([
        (f"o{number}", "1", day, f"c{number}", "Desk", "Furniture", "Web", "EMEA", 10.0 + number, 1.0, False)
        for number, day in enumerate(FAR)
    ])  # fmt: skip


def test_a_sum_beyond_the_largest_number_is_an_error_and_never_nought(make_layer: Callable[..., SemanticLayer]) -> None:
    whole = make_layer([(f"o{n}", "1", "2024-01-05", "ada", "Desk", "F", f"Shop {n}", "EMEA", 1e308, 1.0, False) for n in range(3)])
    for question in ({}, {"grain": "month"}, {"by": "channel"}, {"period": "2024-02", "compare": "2024-01"}):
        with pytest.raises(StoreFailed, match="Revenue: the sum is beyond the largest number"):
            whole.query("revenue", **question)  # type: ignore[arg-type]
    assert whole.query("orders").total == 3.0
    with pytest.raises(StoreFailed, match="beyond the largest number"):
        CustomerPurchases(whole, as_of=pd.Timestamp("2024-03-01")).rfm()


def test_revenue_by_month(layer: SemanticLayer) -> None:
    answer = layer.query("revenue", grain="month", period="2024")
    assert records(answer.frame) == [
        (pd.Timestamp("2024-01-01"), 350.0), (pd.Timestamp("2024-02-01"), 200.0),
        (pd.Timestamp("2024-03-01"), 100.0), (pd.Timestamp("2024-04-01"), 10.0),
    ]  # fmt: skip
    assert answer.total == 660.0


@pytest.mark.parametrize(
    ("metric", "period", "expected"),
    [
        ("revenue", None, 660.0),
        ("orders", None, 6.0),
        ("units_sold", None, 6.0),
        ("avg_order_value", None, 110.0),
        ("gross_margin", None, (610.0 - 360.0) / 610.0),
        ("refund_rate", None, 100 / 760),
        ("demand", None, 12.0),
        ("active_customers", None, 3.0),
        ("active_customers", "2024-02", 1.0),
        ("new_customers", None, 3.0),
        ("new_customers", "2024-01", 2.0),
        ("new_customers", "2024-02", 0.0),
        ("retention_rate", "2024-02", 0.5),
        ("churn_rate", "2024-02", 0.5),
        ("retention_rate", "2024-03", 0.0),
        ("retention_rate", None, None),
        ("clv", None, 650 / 3),
        ("clv", "2024-01", 175.0),
        ("clv", "2024-02", 275.0),
        ("campaign_spend", None, 40.0),
        ("campaign_roi", None, 1.0),
        ("conversions", None, 10.0),
        ("cac", None, 20.0),
        ("cac", "2024-02", None),
        ("sessions", None, 2.0),
        ("conversion_rate", None, 0.5),
        ("bounce_rate", None, 0.5),
        ("downtime_hours", None, 7.0),
        ("failures", None, 2.0),
        ("avg_vibration", None, 3.0),
        ("avg_temperature", None, 60.0),
    ],
)
def test_every_metric_as_one_number(layer: SemanticLayer, metric: str, period: str | None, expected: float | None) -> None:
    answer = layer.query(metric, period=period)
    assert answer.value == (None if expected is None else pytest.approx(expected))
    assert answer.rows == 1


def test_no_metric_is_left_without_a_worked_number(layer: SemanticLayer) -> None:
    marks = test_every_metric_as_one_number.pytestmark[0].args[1]
    assert {case[0] for case in marks} == set(layer.model.metrics)


def test_retention_by_month_compares_each_month_with_the_one_before(layer: SemanticLayer) -> None:
    answer = layer.query(["retention_rate", "churn_rate"], grain="month")
    assert records(answer.frame) == [
        (pd.Timestamp("2024-01-01"), None, None),
        (pd.Timestamp("2024-02-01"), 0.5, 0.5),
        (pd.Timestamp("2024-03-01"), 0.0, 1.0),
        (pd.Timestamp("2024-04-01"), 0.0, 1.0),
    ]


def test_retention_by_segment_joins_customers(layer: SemanticLayer) -> None:
    answer = layer.query("retention_rate", by="segment", period="2024-02")
    assert records(answer.frame) == [("SMB", 1.0), ("Enterprise", 0.0)]


def test_historic_value_by_month_is_to_date(layer: SemanticLayer) -> None:
    answer = layer.query("clv", grain="month")
    assert records(answer.frame) == [
        (pd.Timestamp("2024-01-01"), 175.0),
        (pd.Timestamp("2024-02-01"), 275.0),
        (pd.Timestamp("2024-03-01"), pytest.approx(650 / 3)),
    ]
    later = layer.query("clv", grain="month", period="2024-03")
    assert records(later.frame) == [(pd.Timestamp("2024-03-01"), pytest.approx(650 / 3))]


def test_historic_value_by_region(layer: SemanticLayer) -> None:
    answer = layer.query("clv", by="region", grain="quarter")
    assert {row[1]: row[2] for row in records(answer.frame)} == {"EMEA": 350.0, "APAC": 220.0, "(none)": 80.0}


def test_new_customers_belong_to_their_first_sale(layer: SemanticLayer) -> None:
    assert records(layer.query("new_customers", by="channel").frame) == [("Web", 2.0), ("Retail", 1.0)]
    assert layer.query("new_customers", where={"channel": "Mobile"}).value == 0.0
    assert records(layer.query("new_customers", by="segment", where={"region": "EMEA"}).frame) == [("SMB", 1.0)]
    by_month = layer.query("new_customers", grain="month", by="region")
    assert records(by_month.frame) == [
        (pd.Timestamp("2024-01-01"), "APAC", 1.0), (pd.Timestamp("2024-01-01"), "EMEA", 1.0), (pd.Timestamp("2024-03-01"), "(none)", 1.0),
    ]  # fmt: skip


def test_metrics_of_several_tables_are_joined(layer: SemanticLayer) -> None:
    answer = layer.query(["revenue", "campaign_spend", "sessions", "retention_rate"], grain="month", period="2024-01..2024-02")
    assert records(answer.frame) == [
        (pd.Timestamp("2024-01-01"), 350.0, 10.0, 2.0, None), (pd.Timestamp("2024-02-01"), 200.0, 30.0, 0.0, 0.5),
    ]  # fmt: skip
    assert answer.sql.count("SELECT\n") >= 4


def test_assets_are_split_through_their_join(layer: SemanticLayer) -> None:
    assert records(layer.query(["downtime_hours", "failures"], by="site").frame) == [("Hamburg", 6.0, 1.0), ("Austin", 1.0, 1.0)]
    assert records(layer.query("avg_vibration", by="asset_type").frame) == [("Motor", 5.0), ("Pump", 2.0)]


def test_conditions_take_values_lists_and_negations(layer: SemanticLayer) -> None:
    assert layer.query("revenue", where={"region": "EMEA"}).value == 350.0
    assert layer.query("revenue", where={"region": "emea"}).value == 350.0
    assert layer.query("revenue", where={"region": ["EMEA", "LATAM"], "channel": "Web"}).value == 350.0
    assert layer.query("revenue", where={"region": {"not": "EMEA"}}).value == 310.0
    assert layer.query("revenue", where={"region": {"not": ["EMEA", None]}}).value == 230.0
    assert layer.query("revenue", where={"region": None}).value == 80.0
    assert layer.query("revenue", where={"segment": "Enterprise"}).value == 220.0
    assert layer.query("revenue", where={"product": "Nothing of ours"}).value == 0.0


def test_a_closed_dimension_refuses_values_that_nobody_knows(layer: SemanticLayer) -> None:
    with pytest.raises(InvalidArgument, match="did you mean 'EMEA'") as caught:
        layer.query("revenue", where={"region": "EMEAA"})
    assert {"North America", "EMEA", "APAC", "LATAM"} <= set(caught.value.details["allowed"])


def test_a_closed_dimension_takes_values_that_the_data_hold(layer: SemanticLayer, make_layer: Callable[..., SemanticLayer]) -> None:
    own = make_layer([("o1", "1", "2024-01-05", "ada", "Desk", "Toys", "Kiosk", "Atlantis", 5.0, None, False)])
    assert own.query("revenue", where={"region": "atlantis", "category": "Toys"}).value == 5.0
    assert own.values("channel") == ["Kiosk"]


def test_an_unknown_metric_offers_close_ones(layer: SemanticLayer) -> None:
    with pytest.raises(NotFound, match="did you mean revenue") as caught:
        layer.query("revenu")
    assert "campaign_roi" in caught.value.hint
    with pytest.raises(NotFound, match="did you mean region"):
        layer.query("revenue", by="regoin")


def test_a_metric_says_by_what_it_can_be_split(layer: SemanticLayer) -> None:
    with pytest.raises(InvalidArgument, match="churn_rate cannot be split or filtered by product") as caught:
        layer.query("churn_rate", by="product")
    assert caught.value.details["dimensions"] == ["region", "country", "segment", "channel", "campaign"]


@pytest.mark.parametrize("name", ["email", "name", "phone", "Email", " email "])
def test_personal_columns_stay_closed(layer: SemanticLayer, name: str) -> None:
    with pytest.raises(PermissionDenied):
        layer.query("revenue", by=name)
    with pytest.raises(PermissionDenied):
        layer.query("revenue", where={name: "ada@example.com"})


def test_synonyms_and_labels_are_understood(layer: SemanticLayer) -> None:
    assert layer.query("Sales", by="product category").by == ("category",)
    assert layer.query("Average order value").metric == "avg_order_value"
    assert layer.query("avg-order-value").metric == "avg_order_value"


def test_limit_and_order(layer: SemanticLayer) -> None:
    assert records(layer.query("revenue", by="region", limit=1).frame) == [("EMEA", 350.0)]
    assert layer.query("revenue", by="region", limit=1).total == 660.0
    assert records(layer.query("revenue", by="region", limit=1, order="asc").frame) == [("LATAM", 10.0)]
    assert [row[0] for row in records(layer.query("revenue", by="region", order="region").frame)] == ["(none)", "APAC", "EMEA", "LATAM"]
    changed = layer.query("revenue", by="region", period="2024-02", compare="previous_period", order="revenue_change")
    assert [row[0] for row in records(changed.frame)] == ["APAC", "EMEA"]
    with pytest.raises(InvalidArgument):
        layer.query("revenue", by="region", order="amount")
    for limit in (0, -1, True, "3", 1.5):
        with pytest.raises(InvalidArgument):
            layer.query("revenue", limit=limit)


def test_limit_with_a_grain_keeps_whole_slices(layer: SemanticLayer) -> None:
    answer = layer.query("revenue", by="region", grain="month", limit=1)
    assert records(answer.frame) == [(pd.Timestamp("2024-01-01"), "EMEA", 150.0), (pd.Timestamp("2024-02-01"), "EMEA", 200.0)]


def test_months_are_matched_with_the_year_before_by_position(layer: SemanticLayer) -> None:
    answer = layer.query("revenue", grain="month", period="2025-01..2025-03", compare="previous_year")
    assert records(answer.frame)[1] == (pd.Timestamp("2025-02-01"), 0.0, 200.0, -1.0)
    assert answer.previous == 650.0


def test_units_without_a_partner_are_counted_in_the_total_and_said(layer: SemanticLayer) -> None:
    answer = layer.query("revenue", grain="day", period="2024-02", compare="previous_period")
    assert answer.frame["revenue_previous"].sum() == 150.0
    assert answer.previous == 350.0
    assert any("2 more day(s)" in note for note in answer.notes)


def test_relative_periods_are_counted_from_the_newest_data(make_layer: Callable[..., SemanticLayer]) -> None:
    old = make_layer([("o1", "1", "2011-12-09 12:50", "ada", "Desk", "Furniture", "Web", "EMEA", 5.0, None, False)])
    answer = old.query("revenue", period="last 12 months", grain="month")
    assert (answer.period.start, answer.period.end, answer.period.as_of) == (date(2010, 12, 10), date(2011, 12, 10), date(2011, 12, 10))
    assert answer.total == 5.0
    assert any("2011-12-09" in note for note in answer.notes)
    assert any("not over yet" in note for note in answer.notes)


def test_new_rows_move_the_anchor(make_layer: Callable[..., SemanticLayer], lines: Callable[..., pd.DataFrame]) -> None:
    layer = make_layer([("o1", "1", "2024-01-09", "ada", "Desk", "Furniture", "Web", "EMEA", 5.0, None, False)])
    assert layer.query("revenue", period="yesterday").period.start == date(2024, 1, 9)
    layer.warehouse.append("orders", lines([("o2", "1", "2024-02-09", "ada", "Desk", "Furniture", "Web", "EMEA", 7.0, None, False)]))
    assert layer.query("revenue", period="yesterday").value == 7.0


def test_no_data_is_an_answer(make_layer: Callable[..., SemanticLayer]) -> None:
    empty = make_layer([])
    assert empty.query("revenue").value == 0.0
    assert empty.query("avg_order_value").value is None
    for grain in (None, "month"):
        for metric in empty.model.metrics:
            answer = empty.query(
                metric, by=empty.model.dimensions_of(empty.model.metrics[metric])[0], grain=grain, period="ytd", compare="previous_year"
            )
            assert answer.rows == 0, metric
    assert empty.query(["revenue", "clv", "sessions"], grain="month").rows == 0


def test_comparing_all_data_is_refused(layer: SemanticLayer) -> None:
    with pytest.raises(InvalidArgument, match="all data"):
        layer.query("revenue", compare="previous_period")


def test_a_row_filter_narrows_rows_totals_and_values(layer: SemanticLayer) -> None:
    rule = {"region": ["EMEA"]}
    answer = layer.query(["revenue", "new_customers", "clv"], by="region", row_filter=rule)
    assert [row[0] for row in records(answer.frame)] == ["EMEA"]
    assert answer.totals["revenue"] == 350.0
    assert layer.query("revenue", where={"region": "APAC"}, row_filter=rule).value == 0.0
    assert layer.values("region", row_filter=rule) == ["EMEA"]
    assert layer.query("revenue", row_filter={"region": []}).value == 0.0
    assert layer.query("revenue", row_filter={"region": "Nowhere"}).value == 0.0
    with pytest.raises(PermissionDenied, match="limited by region"):
        layer.query("campaign_spend", row_filter=rule)


def test_a_result_becomes_json(layer: SemanticLayer) -> None:
    answer = layer.query("revenue", by="region", period="2024-02", compare="previous_period").to_dict()
    assert answer["period"]["start"] == "2024-02-01"
    assert answer["frame"][0]["region"] == "EMEA"


def test_the_catalogue_lists_everything(layer: SemanticLayer) -> None:
    catalogue = layer.catalogue()
    assert len(catalogue.metrics) == len(layer.metrics())
    assert len(catalogue.dimensions) == len(layer.dimensions())
