"""The same numbers, worked out a second time in pandas on 20,000 random order lines."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.data_fabric.semantic import extracts
from cyberpunk_ai.data_fabric.semantic.model import load_model
from cyberpunk_ai.data_fabric.semantic.query import SemanticLayer

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberpunk_ai.data_fabric.stores.delta_warehouse import DeltaWarehouse

LINES, CUSTOMERS = 20_000, 700
PERIOD = ("2023-03-01", "2024-03-01")
SEGMENTS = ["Enterprise", "SMB", "Consumer", None]


def random_lines(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    orders = rng.integers(0, 9_000, LINES)
    moment = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 900 * 86_400, 9_000), unit="s")
    region = rng.choice(np.array(["EMEA", "APAC", "LATAM", None], dtype=object), 9_000)
    amount = np.round(rng.gamma(2.0, 40.0, LINES), 2)
    is_refund = rng.random(LINES) < 0.08
    rows = pd.DataFrame(
        {
            "order_id": [f"o{number}" for number in orders],
            "line_id": [str(number) for number in range(LINES)],
            "ordered_at": moment[orders],
            "customer_id": np.where(orders % 11 == 0, None, np.char.add("c", ((orders * 7919) % CUSTOMERS).astype(str))),
            "category": rng.choice(np.array(["Furniture", "Apparel", None], dtype=object), LINES),
            "channel": np.array(["Web", "Retail", "Mobile"], dtype=object)[orders % 3],
            "region": region[orders],
            "quantity": np.where(is_refund, -1.0, 1.0),
            "unit_price": amount,
            "amount": np.where(is_refund, -amount, amount),
            "cost": np.where(rng.random(LINES) < 0.2, np.nan, np.where(is_refund, -amount, amount) * 0.6),
            "is_refund": is_refund,
        }
    )
    return rows.astype({"ordered_at": "datetime64[us]"})


@pytest.fixture(scope="module")
def lines_() -> pd.DataFrame:
    return random_lines(7)


@pytest.fixture(scope="module")
def big(lines_: pd.DataFrame, make_warehouse: Callable[[], DeltaWarehouse]) -> SemanticLayer:
    store = make_warehouse()
    provenance = {"source": "random", "updated_at": pd.Timestamp("2024-12-01")}
    store.append("orders", lines_.assign(**provenance))
    people = pd.DataFrame({"customer_id": [f"c{number}" for number in range(CUSTOMERS)]})
    store.append("customers", people.assign(segment=[SEGMENTS[number % 4] for number in range(CUSTOMERS)], **provenance))
    return SemanticLayer(store, load_model(), today=lambda: date(2025, 1, 1))


def within(lines: pd.DataFrame, start: str, end: str) -> pd.DataFrame:
    return lines[(lines["ordered_at"] >= start) & (lines["ordered_at"] < end)]


def reference(lines: pd.DataFrame, metric: str) -> float:
    sold, back = lines[~lines["is_refund"]], lines[lines["is_refund"]]
    known = lines[lines["cost"].notna()]
    orders = sold["order_id"].nunique()
    return {
        "revenue": lines["amount"].sum(),
        "orders": orders,
        "units_sold": lines["quantity"].sum(),
        "avg_order_value": lines["amount"].sum() / orders if orders else np.nan,
        "gross_margin": 1 - known["cost"].sum() / known["amount"].sum() if len(known) else np.nan,
        "refund_rate": -back["amount"].sum() / sold["amount"].sum() if len(sold) else np.nan,
        "active_customers": sold["customer_id"].nunique(),
    }[metric]


METRICS = ["revenue", "orders", "units_sold", "avg_order_value", "gross_margin", "refund_rate", "active_customers"]


def test_plain_metrics_by_two_dimensions_and_month(big: SemanticLayer, lines_: pd.DataFrame) -> None:
    answer = big.query(METRICS, by=["region", "category"], grain="month", period=PERIOD)
    part = within(lines_, *PERIOD).fillna({"region": "(none)", "category": "(none)"})
    part = part.assign(period=part["ordered_at"].dt.to_period("M").dt.start_time.astype("datetime64[us]"))
    groups = part.groupby(["period", "region", "category"])
    expected = pd.DataFrame({metric: groups.apply(reference, metric, include_groups=False) for metric in METRICS}).reset_index()
    keys = ["period", "region", "category"]
    pd.testing.assert_frame_equal(
        answer.frame.sort_values(keys, ignore_index=True), expected.sort_values(keys, ignore_index=True), check_dtype=False
    )
    for metric in METRICS:
        assert answer.totals[metric] == pytest.approx(reference(part, metric))


def test_weeks_begin_on_monday(big: SemanticLayer, lines_: pd.DataFrame) -> None:
    answer = big.query("revenue", grain="week", period=PERIOD)
    part = within(lines_, *PERIOD)
    monday = (part["ordered_at"].dt.normalize() - pd.to_timedelta(part["ordered_at"].dt.dayofweek, unit="D")).rename("period")
    expected = part.groupby(monday)["amount"].sum()
    assert answer.frame.set_index("period")["revenue"].to_dict() == pytest.approx(expected.to_dict())


def test_segments_come_from_customers(big: SemanticLayer, lines_: pd.DataFrame) -> None:
    segment = lines_["customer_id"].map({f"c{number}": SEGMENTS[number % 4] for number in range(CUSTOMERS)}).fillna("(none)")
    expected = lines_.groupby(segment)["amount"].sum().to_dict()
    assert big.query("revenue", by="segment").frame.set_index("segment")["revenue"].to_dict() == pytest.approx(expected)


def first_sales(lines: pd.DataFrame) -> pd.DataFrame:
    sold = lines[~lines["is_refund"] & lines["customer_id"].notna()]
    return sold.sort_values(["ordered_at", "order_id", "line_id"]).groupby("customer_id", as_index=False).first()


def test_new_customers(big: SemanticLayer, lines_: pd.DataFrame) -> None:
    firsts = first_sales(lines_).assign(one=1)
    assert big.query("new_customers").value == len(firsts)
    part = within(firsts, "2022-01-01", "2022-03-01")
    assert big.query("new_customers", period="2022-01..2022-02").value == len(part)
    by_channel = big.query("new_customers", by="channel", period="2022-01..2022-02").frame.set_index("channel")["new_customers"]
    assert by_channel.to_dict() == part.groupby("channel")["one"].sum().to_dict()


def test_retention_by_month_and_region(big: SemanticLayer, lines_: pd.DataFrame) -> None:
    answer = big.query("retention_rate", by="region", grain="month", period=PERIOD)
    sold = lines_[~lines_["is_refund"] & lines_["customer_id"].notna()].fillna({"region": "(none)"})
    month = sold["ordered_at"].dt.to_period("M")
    active = {key: set(part) for key, part in sold.groupby([month, "region"])["customer_id"]}
    assert len(answer.frame) == 12 * 4
    for period, region, rate in answer.frame.itertuples(index=False):
        now = pd.Period(period, "M")
        before = active[now - 1, region]
        assert rate == pytest.approx(len(before & active[now, region]) / len(before))


def test_churn_over_a_year(big: SemanticLayer, lines_: pd.DataFrame) -> None:
    sold = lines_[~lines_["is_refund"]]
    now, before = (
        set(within(sold, *span)["customer_id"].dropna()) for span in (("2023-01-01", "2024-01-01"), ("2022-01-01", "2023-01-01"))
    )
    answer = big.query("churn_rate", period="2023", compare="2023")
    assert answer.value == pytest.approx(1 - len(before & now) / len(before))
    assert answer.change == 0.0


def test_historic_value_by_month(big: SemanticLayer, lines_: pd.DataFrame) -> None:
    answer = big.query("clv", by="channel", grain="month", period=PERIOD)
    known = lines_[lines_["customer_id"].notna()]
    assert len(answer.frame) == 12 * 3
    for period, channel, value in answer.frame.itertuples(index=False):
        so_far = known[(known["ordered_at"] < period + pd.offsets.MonthBegin(1)) & (known["channel"] == channel)]
        assert value == pytest.approx(so_far["amount"].sum() / so_far.loc[~so_far["is_refund"], "customer_id"].nunique())


def test_transactions(big: SemanticLayer, lines_: pd.DataFrame) -> None:
    purchases = extracts.transactions(big)
    known = lines_[lines_["customer_id"].notna()]
    first_sale = known[~known["is_refund"]].groupby("order_id")["ordered_at"].min()
    first_line = known.groupby("order_id")["ordered_at"].min()
    sold = first_sale.reindex(first_line.index).fillna(first_line)
    expected = known.groupby("order_id")["amount"].sum()
    found = purchases.set_index("order_id")
    assert found["amount"].to_dict() == pytest.approx(expected.to_dict())
    assert found["ordered_at"].to_dict() == sold.to_dict()
