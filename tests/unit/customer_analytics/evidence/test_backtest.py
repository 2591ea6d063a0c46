"""The report on past days: it knew nothing later, its outcomes are counted right, and its errors are those of its own rows."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from cyberpunk_ai.core.errors import InvalidArgument, TooLittleData
from cyberpunk_ai.customer_analytics.evidence.backtest import ChurnBacktest
from cyberpunk_ai.customer_analytics.evidence.past_reports import members_at, past_report
from cyberpunk_ai.customer_analytics.evidence.some_customers import of_customers
from cyberpunk_ai.customer_analytics.reading.members import read_members
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from tests.unit.customer_analytics.builders import contracts, ledger_of, shop, subscriptions


@pytest.fixture(scope="module")
def found(shop_report) -> ChurnBacktest:
    return shop_report.backtest(origins=3)


def test_days_lie_one_horizon_apart_and_end_one_before_the_report(found, shop_report):
    origins = found.origins["origin"]
    assert len(origins) == 3
    assert origins.diff().dropna().dt.days.tolist() == [60, 60]
    assert (shop_report.as_of.normalize() - origins.iloc[-1]).days == 60


def test_outcomes_are_those_of_the_transactions(found):
    rows = shop(customers=700)
    row = found.origins.iloc[0]
    day = rows["ordered_at"].dt.normalize()
    window = rows[(day > row["origin"]) & (day <= row["until"])]
    known = rows.loc[day <= row["origin"], "customer_id"].unique()
    bought = window[window["customer_id"].isin(known)]
    assert row["customers"] == len(known)
    assert row["leavers"] == len(known) - bought["customer_id"].nunique()
    assert row["purchases"] == len(bought.assign(day=day).drop_duplicates(["customer_id", "day"]))
    assert row["revenue"] == pytest.approx(bought["amount"].sum())


def test_figures_are_those_of_the_single_predictions(found):
    for row in found.origins.to_dict("records"):
        rows = found.predictions[found.predictions["origin"] == row["origin"]]
        assert row["auc"] == pytest.approx(roc_auc_score(rows["left"], rows["probability"]))
        assert row["purchases_error"] == pytest.approx(rows["expected_purchases"].sum() / rows["purchases"].sum() - 1)


def test_newest_day_is_the_one_the_report_was_validated_on(found, shop_report):
    assert found.origins["auc"].iloc[-1] == pytest.approx(shop_report.validation["auc"], abs=0.02)


def test_nothing_after_a_past_day_changes_what_was_said_on_it(shop_report):
    evidence = shop_report.evidence
    day = evidence.ledger.as_of_day - 60
    later = evidence.ledger.day > day
    rng = np.random.default_rng(0)
    changed = replace(evidence.ledger, amount=np.where(later, rng.uniform(1, 500, len(later)), evidence.ledger.amount))
    same = past_report(shop_report, day)
    other = past_report(replace(shop_report, evidence=replace(evidence, ledger=changed)), day)
    for name in ("probability", "expected_purchases", "lifetime_value"):
        assert np.array_equal(same.rows[name], other.rows[name])
    assert same.rows["revenue"].sum() != other.rows["revenue"].sum()


def test_short_history_gives_fewer_days_and_says_so(shop_report):
    short = RetentionAnalyzer().analyze_customer_retention(None, shop(customers=150, days=200), horizon_days=60)
    found = short.backtest(origins=6)
    assert 0 < len(found.origins) < 6
    assert any("only" in note for note in found.notes)


def test_no_past_day_and_silly_counts_are_typed_errors(untested_report, shop_report):
    with pytest.raises(TooLittleData, match="no past day"):
        replace(untested_report, horizon_days=90).backtest()
    with pytest.raises(TooLittleData, match="no history"):
        replace(shop_report, evidence=None).backtest()
    for origins in (0, 100):
        with pytest.raises(InvalidArgument):
            shop_report.backtest(origins=origins)


def test_answer_becomes_json_without_single_customers(found):
    told = found.to_dict()
    json.dumps(told, allow_nan=False)
    assert "predictions" not in told
    assert "AUC" in found.sentence
    assert len(found.to_frame()) == 3


def test_some_customers_keep_their_purchases_and_refunds():
    ledger = ledger_of(("a", "2024-01-01", 5.0), ("b", "2024-01-02", 7.0), ("b", "2024-01-05", -2.0), ("c", "2024-01-03", 9.0))
    some = of_customers(ledger, np.array([1, 2]))
    assert some.customer_ids.tolist() == ["b", "c"]
    assert some.revenue.tolist() == [5.0, 9.0]
    assert some.day.tolist() == ledger.day[1:].tolist()


def test_customers_stood_on_a_past_day_as_the_frame_of_that_day_says():
    frame = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c", "d"],
            "signed_up_at": pd.to_datetime(["2024-01-01", "2024-01-10", "2024-02-01", "2024-04-01"]),
            "churned_at": pd.to_datetime(["2024-02-15", None, "2024-05-01", None]),
            "plan": ["x", "y", "x", "y"],
        }
    )
    today = read_members(frame, None, "2024-06-01")
    past = members_at(today, int(np.datetime64("2024-03-01", "D").astype(int)))
    assert past.customer_ids.tolist() == ["a", "b", "c"]
    assert past.has_left.tolist() == [True, False, False]
    assert np.round(past.tenure_days).tolist() == [45, 52, 30]
    assert np.round(past.gone_days).tolist() == [16, 0, 0]


def test_contracts_with_dates_are_tested_on_past_days():
    rng = np.random.default_rng(2)
    size = 400
    joined = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 700, size), unit="D")
    term = rng.choice(["month", "year"], size)
    stays = rng.exponential(np.where(term == "month", 150, 900), size)
    ended = joined + pd.to_timedelta(stays.round(), unit="D")
    frame = pd.DataFrame({"customer_id": [f"k{n:03d}" for n in range(size)], "signed_up_at": joined, "churned_at": ended, "term": term})
    frame["churned_at"] = frame["churned_at"].where(frame["churned_at"] <= pd.Timestamp("2024-06-30"))
    report = RetentionAnalyzer().analyze_customer_retention(frame, None, as_of="2024-06-30", horizon_days=90)
    found = report.backtest(origins=2)
    assert len(found.origins) == 2
    assert found.origins["auc"].mean() > 0.6
    assert (found.origins["auc"] > 0.5).all()
    newest = found.origins.iloc[-1]
    until = newest["origin"] + pd.Timedelta(days=1)
    there = frame[(frame["signed_up_at"] < until) & ~(frame["churned_at"] < until)]
    assert newest["customers"] == len(there)
    assert newest["leavers"] == (there["churned_at"] < until + pd.Timedelta(days=90)).sum()


def test_payments_that_stop_are_tested_on_past_days():
    report = RetentionAnalyzer().analyze_customer_retention(None, subscriptions())
    found = report.backtest(origins=2)
    assert found.origins["customers"].min() > 50
    assert found.origins["churn_rate"].between(0.05, 0.6).all()


def test_a_flag_without_dates_has_no_past_days():
    report = RetentionAnalyzer().analyze_customer_retention(contracts(80), None)
    with pytest.raises(TooLittleData, match="without its date"):
        report.backtest()
