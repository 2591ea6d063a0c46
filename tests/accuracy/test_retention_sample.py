"""A bounded look at accuracy on public shops: what the report claims about later behaviour, against what then happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.customer_analytics.churn.scoring import area_under_curve, calibration_error
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer

if TYPE_CHECKING:
    from pathlib import Path

    from cyberpunk_ai.customer_analytics.results import RetentionReport

# File, moment of the analysis, horizon in days, least AUC.
SETS = {
    "online_retail": ("online_retail.parquet", "2011-09-10", 90, 0.725),
    "cdnow": ("cdnow_transactions.parquet", "1998-03-31", 91, 0.835),
}


@pytest.fixture(scope="module", params=SETS)
def looked_ahead(request: pytest.FixtureRequest, shared_data: Path) -> tuple[RetentionReport, pd.Series, pd.Series, float]:
    """The report as of a past moment, and per customer what came within the horizon: days with a purchase, and revenue."""
    file, as_of, horizon, least = SETS[request.param]
    rows = pd.read_parquet(shared_data / "retention" / file)
    report = RetentionAnalyzer().analyze_customer_retention(None, rows, as_of=as_of, horizon_days=horizon)
    if request.param == "online_retail":
        rows = rows[rows["CustomerID"].notna()]
        rows = rows.assign(
            customer_id=rows["CustomerID"].astype(int), date=rows["InvoiceDate"], amount=rows["Quantity"] * rows["UnitPrice"]
        )
    cut = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    later = rows[(rows["date"] >= cut) & (rows["date"] < cut + pd.Timedelta(days=horizon))]
    bought = later[later["amount"] >= 0]
    days = bought["date"].dt.normalize().groupby(bought["customer_id"].astype(str)).nunique()
    revenue = later["amount"].groupby(later["customer_id"].astype(str)).sum()
    ids = report.customers["customer_id"]
    return report, days.reindex(ids, fill_value=0), revenue.reindex(ids, fill_value=0.0), least


def test_the_churn_score_ranks_better_than_recency_and_than_the_closed_form(looked_ahead: tuple) -> None:
    report, days, _, least = looked_ahead
    left = (days == 0).to_numpy(dtype=float)
    ours = area_under_curve(left, report.customers["churn_probability"].to_numpy())
    assert ours >= least
    assert ours > area_under_curve(left, report.customers["recency_days"].to_numpy(dtype=float))


def test_the_churn_score_is_calibrated(looked_ahead: tuple) -> None:
    report, days, _, _ = looked_ahead
    left = (days == 0).to_numpy(dtype=float)
    # Online Retail holds one year only: its Christmas season cannot be known from what came before.
    assert calibration_error(left, report.customers["churn_probability"].to_numpy()) <= 0.12


def test_expected_purchases_and_value_order_customers_as_the_future_does(looked_ahead: tuple) -> None:
    report, days, revenue, _ = looked_ahead
    assert np.corrcoef(report.customers["expected_purchases"], days)[0, 1] > 0.5
    assert _gini(report.customers["lifetime_value"].to_numpy(), revenue.to_numpy()) > 0.7


def test_the_interval_of_value_holds_four_in_five(looked_ahead: tuple) -> None:
    report, _, revenue, _ = looked_ahead
    value, actual = report.customers, revenue.to_numpy()
    inside = (actual >= value["lifetime_value_lo"] - 0.01) & (actual <= value["lifetime_value_hi"] + 0.01)
    assert 0.78 <= inside.mean() <= 0.95


def _gini(predicted: np.ndarray, actual: np.ndarray) -> float:
    """Normalised Gini: 1 when the prediction orders as the actual does."""

    def area(order: np.ndarray) -> float:
        share = np.cumsum(actual[order]) / actual.sum()
        return float(share.sum() / len(actual) - 0.5)

    return area(np.argsort(-predicted, kind="stable")) / area(np.argsort(-actual, kind="stable"))
