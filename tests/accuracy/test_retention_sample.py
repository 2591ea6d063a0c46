"""A bounded look at accuracy on public customers: what the report claims about later behaviour, against what then happened."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from tests.accuracy import pinned
from tests.accuracy.retention import LEAK, SHOP_TARGETS, analysed, gini, held_out_scores, revenue_rows, sample_rows, scores, value_rows
from tests.accuracy.retention_sets import SHOPS, Shop, bigml, telco

if TYPE_CHECKING:
    from pathlib import Path

    from cyberpunk_ai.customer_analytics.results import RetentionReport


# Written anew by `python -m tests.accuracy.pinned`.
PINNED = json.loads(pinned.FILE.read_text())["retention"]
# Sums of value differ by 2% (those of the lower bounds by 6%) between kinds of processors, although the inputs agree to ten digits: trees
# learn it here, and a customer near a split may fall on its other side. The other figures were the same to twelve digits.
TOLERANCES = {"lifetime_value": 0.05, "lifetime_value_hi": 0.05, "lifetime_value_lo": 0.15}


@pytest.fixture(scope="module", params=["cdnow_few", *(pytest.param(name, marks=pytest.mark.full) for name in ("online_retail", "cdnow"))])
def looked_ahead(request: pytest.FixtureRequest, shared_data: Path) -> tuple[Shop, RetentionReport]:
    """A shop, and the report as of a past day."""
    shop = pinned.small_shop(shared_data) if request.param == "cdnow_few" else SHOPS[request.param](shared_data / "retention")
    return shop, analysed(shop)


def test_a_report_says_what_was_pinned(looked_ahead: tuple[Shop, RetentionReport]) -> None:
    shop, report = looked_ahead
    if len(report.customers) != PINNED["customers"]:
        pytest.skip("a few customers of one shop are pinned")
    found = pinned.figures_of(shop, report)
    assert found.keys() == PINNED.keys()
    for name, value in PINNED.items():
        assert found[name] == pytest.approx(value, rel=TOLERANCES.get(name, 1e-6)), name


def test_the_churn_score_ranks_better_than_recency(looked_ahead: tuple[Shop, RetentionReport]) -> None:
    shop, report = looked_ahead
    customers = report.customers
    left = (shop.purchase_days.reindex(customers["customer_id"], fill_value=0) == 0).to_numpy(dtype=float)
    ours = scores(left, customers["churn_probability"].to_numpy(dtype=float))
    assert ours["auc"] >= SHOP_TARGETS[shop.name]["auc"][0]
    assert ours["auc"] > scores(left, customers["recency_days"].to_numpy(dtype=float) / 1e4)["auc"]
    # A constant chance, even the true one that nobody can know beforehand, is further from what came.
    assert ours["brier"] < left.mean() * (1 - left.mean())
    # Online Retail holds one year only: its Christmas season cannot be known from what came before.
    assert ours["ece"] <= 0.12


def test_expected_purchases_and_value_order_customers_as_the_future_does(looked_ahead: tuple[Shop, RetentionReport]) -> None:
    shop, report = looked_ahead
    customers = report.customers
    days = shop.purchase_days.reindex(customers["customer_id"], fill_value=0)
    revenue = shop.revenue.reindex(customers["customer_id"], fill_value=0.0).to_numpy()
    assert np.corrcoef(customers["expected_purchases"], days)[0, 1] > 0.5
    assert gini(customers["lifetime_value"].to_numpy(), revenue) > 0.75


def test_the_interval_of_value_holds_four_in_five(looked_ahead: tuple[Shop, RetentionReport]) -> None:
    inside = next(row for row in value_rows(*looked_ahead, beside_peers=False) if "interval" in row.what)
    assert 0.78 <= inside.ours <= 0.95


def test_revenue_retention_is_that_of_plain_sums(looked_ahead: tuple[Shop, RetentionReport]) -> None:
    rows = list(revenue_rows(*looked_ahead))
    assert len(rows) == 3
    assert [row.what for row in rows if not row.ok] == []


def test_the_published_sample_gives_the_published_parameters_and_beats_the_naive_pace(shared_data: Path) -> None:
    shop = SHOPS["cdnow_sample"](shared_data / "retention")
    rows = list(sample_rows(shop, analysed(shop)))
    assert [row.what for row in rows if not row.ok] == []
    assert all(row.ours < row.peer for row in rows if row.peer is not None and row.peer_name == "naive pace")


@pytest.mark.full
def test_contracts_are_scored_out_of_fold_better_than_by_tenure_and_not_too_well(shared_data: Path) -> None:
    customers = telco(shared_data / "retention")
    ours = held_out_scores(RetentionAnalyzer().analyze_customer_retention(customers, None))
    left = (customers["Churn"] == "Yes").to_numpy(dtype=float)
    by_tenure = scores(left, 1 / (1 + customers["tenure"].to_numpy(dtype=float)))
    assert by_tenure["auc"] + 0.08 < ours["auc"] <= LEAK
    assert ours["auc"] >= 0.845
    assert ours["brier"] <= 0.136
    assert ours["ece"] <= 0.015
    assert ours["lift"] > by_tenure["lift"]


@pytest.mark.full
def test_a_copy_of_the_outcome_is_named_and_does_not_help(shared_data: Path) -> None:
    customers = bigml(shared_data / "retention").head(800)
    rng = np.random.default_rng(0)
    told = customers.assign(refund_paid=customers["Churn"].astype(float) + rng.normal(0, 0.05, len(customers)))
    report = RetentionAnalyzer().analyze_customer_retention(told, None)
    assert any("refund_paid" in warning for warning in report.warnings)
    assert held_out_scores(report)["auc"] < 0.98


@pytest.mark.full
def test_what_came_later_cannot_be_seen(shared_data: Path) -> None:
    shop = SHOPS["apparel"](shared_data / "retention")
    whole = analysed(shop)
    past = shop.raw[pd.to_datetime(shop.raw["date"]) < pd.Timestamp(shop.as_of) + pd.Timedelta(days=1)]
    only = RetentionAnalyzer().analyze_customer_retention(shop.customers, past, as_of=shop.as_of, horizon_days=shop.horizon_days)
    pd.testing.assert_frame_equal(whole.customers, only.customers)
