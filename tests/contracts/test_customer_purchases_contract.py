"""Customers counted in a warehouse are the customers counted from its order lines as a frame, embedded and on a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import InvalidArgument, TooLittleData
from cyberpunk_ai.customer_analytics.cohorts.monthly import cohort_table
from cyberpunk_ai.customer_analytics.reading.frames import read_transactions
from cyberpunk_ai.customer_analytics.segments.rfm import rfm_table
from cyberpunk_ai.customer_analytics.segments.rules import SEGMENTS, segment_of
from cyberpunk_ai.data_fabric.semantic.model import load_model
from cyberpunk_ai.data_fabric.semantic.query import SemanticLayer
from cyberpunk_ai.models.customer_warehouse import cohort_counts, ledger_of, purchases_of, segment_counts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cyberpunk_ai.customer_analytics.reading.ledger import Ledger
    from cyberpunk_ai.data_fabric.stores.warehouse import Warehouse

READ = ["customer_id", "order_id", "ordered_at", "amount"]


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


def ugly(customers: int = 40, lines: int = 400, seed: int = 1) -> pd.DataFrame:
    """Order lines with several lines an order, orders over two days, partial, full, early and nameless refunds, zeros and ties."""
    rng = np.random.default_rng(seed)
    order = rng.integers(0, lines // 2, lines)
    day = (order * 7919 + rng.integers(0, 2, lines)) % 240 + rng.integers(0, 60, lines) * (rng.random(lines) < 0.1)
    amount = rng.choice([0.1, 0.2, -0.3, 10.0, 10.0, 25.0, -10.0, -25.0, 0.0, 99.99], lines)
    who = np.array([f"c{number:03d}" for number in (order * 31) % customers], dtype=object)
    who[rng.random(lines) < 0.05] = None
    who[rng.random(lines) < 0.02] = ""
    seconds = rng.integers(0, 86_400, lines)
    return lines_of(
        who, [f"o{number}" for number in order], pd.Timestamp("2023-03-05") + pd.to_timedelta(day * 86_400 + seconds, "s"), amount
    )


def lines_of(who: object, order: object, when: object, amount: object) -> pd.DataFrame:
    rows = pd.DataFrame({"customer_id": who, "order_id": order, "ordered_at": when, "amount": amount})
    rows["ordered_at"] = pd.to_datetime(rows["ordered_at"], format="ISO8601").astype("datetime64[us]")
    number = [str(index) for index in range(len(rows))]
    region = np.where(np.arange(len(rows)) % 3 == 0, "EMEA", "APAC")
    return rows.assign(line_id=number, region=region, quantity=1.0, unit_price=1.0, source="shop", updated_at=pd.Timestamp("2024-04-10"),
                       is_refund=rows["amount"] < 0)  # fmt: skip


SHOPS = {
    "ugly": ugly(),
    "ugly again": ugly(customers=7, lines=120, seed=2),
    "one customer": lines_of(["a", "a"], ["1", "2"], ["2024-01-01", "2024-01-01 18:00"], [5.0, 7.0]),
    "no repeats": lines_of(list("abcdefg"), list("1234567"), pd.date_range("2024-01-01", periods=7, freq="13D"), [1.0, 2, 3, 3, 5, 5, 9]),
    "midnight and before 1970": lines_of(
        ["a", "a", "b"], ["1", "2", "3"], ["1969-12-31 23:59:59.999999", "1970-01-01", "1970-02-28 23:59:59"], [1.0, 2.0, 3.0]
    ),
    "refunds larger than sales": lines_of(
        ["a", "a", "b", "c"], ["1", "1", "2", "3"], ["2024-01-01", "2024-03-01", "2024-02-01", "2024-02-02"], [5.0, -50.0, -1.0, 2.0]
    ),
}


def from_frame(rows: pd.DataFrame, as_of: str | None) -> Ledger:
    return read_transactions(rows[READ], as_of=as_of)[0]


@pytest.mark.parametrize("as_of", [None, pytest.param("2023-09-30", marks=pytest.mark.full), "2023-08-15T12:00:00"])
def test_an_ugly_shop_counts_the_same(warehouse: Warehouse, as_of: str | None) -> None:
    rows = SHOPS["ugly"]
    warehouse.append("orders", rows)
    equal_everywhere(SemanticLayer(warehouse, load_model()), rows, as_of)


# The two engines speak one dialect; what differs between them shows in the ugly shop, which both count in either tier.
@pytest.mark.parametrize("warehouse", ["delta", pytest.param("clickhouse", marks=pytest.mark.full)], indirect=True)
@pytest.mark.parametrize("shop", [name for name in SHOPS if name != "ugly"])
def test_odd_shops_count_the_same(warehouse: Warehouse, shop: str) -> None:
    warehouse.append("orders", SHOPS[shop])
    equal_everywhere(SemanticLayer(warehouse, load_model()), SHOPS[shop], None, in_shares=(3,))


def equal_everywhere(layer: SemanticLayer, rows: pd.DataFrame, as_of: str | None, in_shares: tuple[int, ...] = (1, 3)) -> None:
    ledger, purchases = from_frame(rows, as_of), purchases_of(layer, as_of=as_of)
    for shares in in_shares:
        same_ledger(ledger_of(purchases, shares=shares)[0], ledger)
    same_scores(purchases.rfm(), ledger)
    same_segments(segment_counts(purchases).segments, ledger)
    pd.testing.assert_frame_equal(cohort_counts(purchases).cohorts, cohort_table(ledger), rtol=1e-9, atol=1e-9)
    now = ledger.as_of_day
    windows = [(now - 30, now), (now - 60, now - 30), (now - 240, now - 60)]
    told = pd.concat(list(purchases.features(windows, shares=3))).sort_values("customer_id").reset_index(drop=True)
    same_features(told, ledger, windows)
    if 1 in in_shares:
        same_features(next(purchases.features(windows, shares=1)), ledger, windows)


def same_ledger(told: Ledger, ledger: Ledger) -> None:
    assert told.customer_ids.tolist() == ledger.customer_ids.tolist()
    assert (told.as_of_day, told.has_amounts) == (ledger.as_of_day, ledger.has_amounts)
    for name in ("buyer", "day"):
        assert getattr(told, name).tolist() == getattr(ledger, name).tolist(), name
        assert getattr(told, name).dtype == getattr(ledger, name).dtype, name
    assert told.amount == pytest.approx(ledger.amount, rel=1e-9, abs=1e-9)
    refunds = [
        sorted(zip(each.refunded, each.refund_day, each.refund_target, each.refund_amount.round(9), strict=True)) for each in (told, ledger)
    ]
    assert refunds[0] == refunds[1]


def same_scores(told: pd.DataFrame, ledger: Ledger) -> None:
    table = rfm_table(ledger)
    assert told["customer_id"].tolist() == table["customer_id"].tolist()
    assert (ledger.as_of_day - told["last_day"]).tolist() == table["recency_days"].tolist()
    assert told["monetary"].to_numpy() == pytest.approx(table["monetary"].to_numpy(), rel=1e-9, abs=1e-6)
    for name in ("frequency", "r", "f", "m"):
        assert told[name].tolist() == table[name].tolist(), name


def same_segments(told: pd.DataFrame, ledger: Ledger) -> None:
    table = rfm_table(ledger)
    groups = table.assign(segment=segment_of(table["r"].to_numpy(), table["fm"].to_numpy())).groupby("segment")
    assert told["segment"].tolist() == list(SEGMENTS)
    expected = groups.agg(customers=("customer_id", "size"), revenue=("monetary", "sum"), average_recency_days=("recency_days", "mean"))
    seen = told[told["customers"] > 0].set_index("segment").sort_index()
    pd.testing.assert_frame_equal(seen[expected.columns], expected, check_names=False, rtol=1e-9, atol=1e-6)
    assert seen["share"].sum() == pytest.approx(1.0)


def same_features(told: pd.DataFrame, ledger: Ledger, windows: list[tuple[int, int]]) -> None:
    gaps = np.nan_to_num(ledger.gaps)
    expected = {
        "purchases": ledger.purchases, "first_day": ledger.first_day, "last_day": ledger.last_day, "revenue": ledger.revenue,
        "gross": np.bincount(ledger.buyer, weights=ledger.amount), "last_gap": gaps[ledger.last_row],
        "gap_squares": np.bincount(ledger.buyer, weights=gaps**2),
    }  # fmt: skip
    for number, window in enumerate(windows):
        expected[f"purchases_{number}"] = ledger.purchases_between(*window)
        expected[f"revenue_{number}"] = ledger.revenue_between(*window)
    assert told["customer_id"].tolist() == ledger.customer_ids.tolist()
    assert set(told.columns) == {"customer_id", *expected}
    for name, values in expected.items():
        assert told[name].to_numpy(np.float64) == pytest.approx(values.astype(np.float64), rel=1e-9, abs=1e-9), name


def test_conditions_and_what_a_caller_may_see_narrow_the_lines(warehouse: Warehouse) -> None:
    rows = SHOPS["ugly"]
    warehouse.append("orders", rows)
    layer = SemanticLayer(warehouse, load_model())
    seen = from_frame(rows[rows["region"] == "EMEA"], None)
    for narrowed in ({"where": {"region": "EMEA"}}, {"row_filter": {"region": "EMEA"}}):
        same_ledger(ledger_of(purchases_of(layer, **narrowed))[0], seen)  # type: ignore[arg-type]
        pd.testing.assert_frame_equal(cohort_counts(purchases_of(layer, **narrowed)).cohorts, cohort_table(seen))  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument):
        purchases_of(layer, where={"region": "') OR 1=1 --"})


def test_what_is_left_out_is_said(warehouse: Warehouse) -> None:
    rows = SHOPS["ugly"]
    warehouse.append("orders", rows)
    notes = ledger_of(purchases_of(SemanticLayer(warehouse, load_model()), as_of="2023-06-01"))[1]
    known = rows[rows["customer_id"].fillna("") != ""]
    assert f"{len(rows) - len(known)} order lines have no customer and are left out" in notes
    assert f"{(known['ordered_at'] >= '2023-06-02').sum()} order lines are later than 2023-06-01 and were not read" in notes


def test_the_future_is_not_read(warehouse: Warehouse) -> None:
    warehouse.append("orders", lines_of(["a", "b"], ["1", "2"], ["2024-01-01", "2190-01-01"], [1.0, 1.0]))
    ledger, notes = ledger_of(purchases_of(SemanticLayer(warehouse, load_model())))
    assert ledger.customer_ids.tolist() == ["a"]
    assert any(note.startswith("1 order lines are later") for note in notes)


def test_no_purchase_is_a_typed_error(warehouse: Warehouse) -> None:
    layer = SemanticLayer(warehouse, load_model())
    with pytest.raises(TooLittleData):
        purchases_of(layer)
    warehouse.append("orders", lines_of(["a"], ["1"], ["2024-01-01"], [-1.0]))
    purchases = purchases_of(layer)
    for count in (segment_counts, cohort_counts, ledger_of):
        with pytest.raises(TooLittleData, match="no purchase by 2024-01-01"):
            count(purchases)
    with pytest.raises(TooLittleData):
        purchases_of(layer, as_of="2020-01-01")
