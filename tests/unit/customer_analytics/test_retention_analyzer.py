"""The one door: both regimes, hostile data, and the promises of the report."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument, TooLittleData
from cyberpunk_ai.customer_analytics.results import RetentionReport
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from cyberpunk_ai.customer_analytics.segments.rules import SEGMENTS
from tests.unit.customer_analytics.builders import orders, shop, subscriptions

COLUMNS = {
    "customer_id", "recency_days", "frequency", "monetary", "segment", "churn_probability", "risk", "reasons", "suggested_action",
    "expected_purchases", "lifetime_value", "lifetime_value_lo", "lifetime_value_hi",
}  # fmt: skip
ONCE = [(f"c{number:03d}", f"2024-{1 + number % 6:02d}-03", 10.0 + number % 7) for number in range(120)]
HOSTILE = {
    "one customer": orders(("a", "2024-01-01", 5)),
    "one customer who repeats": orders(("a", "2024-01-01", 5), ("a", "2024-02-01", 5), ("a", "2024-03-01", 6)),
    "no repeats at all": orders(*ONCE),
    "all on one day": orders(*[(f"c{number}", "2024-01-01", 5.0) for number in range(100)]),
    "zero spend": orders(*[(who, day, 0.0) for who, day, _ in ONCE]),
    "refunds larger than sales": pd.concat([orders(*ONCE), orders(*[(who, "2024-06-20", -500.0) for who, _, _ in ONCE])]),
    "no amounts": orders(*ONCE).drop(columns="amount"),
    "duplicated rows": pd.concat([orders(*ONCE)] * 2),
    "future dates": pd.concat([orders(*ONCE), orders(("c000", "2200-01-01", 5.0))]),
    "identical customers": orders(
        *[(f"c{number}", day, 5.0) for number in range(200) for day in ("2024-01-01", "2024-02-01", "2024-03-01")]
    ),
}


def analyse(transactions: pd.DataFrame | None, customers: pd.DataFrame | None = None, **options: object) -> RetentionReport:
    return RetentionAnalyzer().analyze_customer_retention(customers, transactions, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def report() -> RetentionReport:
    return analyse(shop(customers=700), horizon_days=60)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_but_legal_data_never_raises(name: str) -> None:
    found = analyse(HOSTILE[name])
    customers = found.customers
    assert customers["customer_id"].is_unique
    assert customers["segment"].isin(SEGMENTS).all()
    assert customers["churn_probability"].between(0, 1).all()
    assert np.isfinite(customers["expected_purchases"]).all()
    if name == "no amounts":
        assert customers["lifetime_value"].isna().all()
    else:
        assert (customers["lifetime_value"] >= 0).all()
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_report_has_its_columns_and_adds_up(report: RetentionReport) -> None:
    customers, summary = report.customers, report.summary
    assert set(customers.columns) >= COLUMNS
    assert customers["customer_id"].is_monotonic_increasing
    assert report.to_frame() is customers
    assert report.segments["customers"].sum() == summary["customers"] == len(customers)
    assert summary["expected_value"] == pytest.approx(customers["lifetime_value"].sum())
    assert summary["revenue"] == pytest.approx(customers["monetary"].sum())
    assert summary["high_risk"] == (customers["risk"] == "high").sum() >= summary["at_risk"]
    assert (customers["lifetime_value_lo"] <= customers["lifetime_value_hi"]).all()
    assert report.regime == "non_contractual"
    assert (np.diff(report.survival["survival"]) <= 0).all()


def test_reasons_are_in_words_with_a_direction_and_actions_are_labelled(report: RetentionReport) -> None:
    customers = report.customers
    assert customers["reasons"].str.match(r"(raises|lowers) risk: |as likely").all()
    assert (customers["reasons"].str.count(";") <= 2).all()
    assert customers["suggested_action"].str.startswith("Rule-based: ").all()


def test_a_one_time_buyer_hears_of_its_only_purchase_once(report: RetentionReport) -> None:
    once = report.customers.loc[report.customers["frequency"] == 1, "reasons"]
    assert not once.str.contains("customer for").any()
    assert once.str.contains("the only one so far").mean() > 0.5


def test_a_result_cannot_be_changed(report: RetentionReport) -> None:
    with pytest.raises(FrozenInstanceError):
        report.horizon_days = 1  # type: ignore[misc]


def test_order_of_rows_changes_nothing(report: RetentionReport) -> None:
    shuffled = analyse(shop(customers=700).sample(frac=1.0, random_state=1), horizon_days=60)
    pd.testing.assert_frame_equal(shuffled.customers, report.customers)


def test_as_of_looks_from_the_past() -> None:
    rows = shop(customers=200)
    past = analyse(rows, as_of="2020-09-30", horizon_days=30)
    only = analyse(rows[rows["ordered_at"] < "2020-10-01"], as_of="2020-09-30", horizon_days=30)
    pd.testing.assert_frame_equal(past.customers, only.customers)
    assert any("later than 2020-09-30" in note for note in past.warnings)


def test_steady_payments_make_it_contractual() -> None:
    found = analyse(subscriptions())
    assert found.regime == "contractual"
    assert found.regime_reason == "purchases recur every 30 days for most customers"
    customers = found.customers
    left = customers["churned"].astype(bool)
    assert (customers.loc[left, "churn_probability"] == 1).all()
    assert (customers.loc[left, "lifetime_value"] == 0).all()
    assert (customers.loc[left, "suggested_action"] == "Rule-based: ask why they left").all()
    # One in twelve stops after each payment: over three payments that is 22%.
    assert customers.loc[~left, "churn_probability"].mean() == pytest.approx(1 - 0.92**3, abs=0.06)
    assert customers.loc[~left, "lifetime_value"].between(0, 60).all()
    assert customers["segment"].isin(SEGMENTS).all()
    assert analyse(subscriptions(), regime="non_contractual").regime == "non_contractual"


def test_churn_dates_make_it_contractual_and_the_survival_is_theirs() -> None:
    rng = np.random.default_rng(0)
    start = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 600, 500), unit="D")
    life = rng.exponential(np.where(np.arange(500) % 2, 200, 900))
    end = pd.Series(start + pd.to_timedelta(np.ceil(life), unit="D")).where(lambda day: day <= "2024-01-01")
    customers = pd.DataFrame(
        {"customer_id": range(500), "signed_up_at": start, "churn_date": end, "plan": np.where(np.arange(500) % 2, "short", "long")}
    )
    found = analyse(None, customers, as_of="2024-01-01")
    assert found.regime_reason == "the customers have a churn date"
    active = found.customers[~found.customers["churned"].astype(bool)]
    is_short = active["customer_id"].astype(int) % 2 == 1
    assert active.loc[is_short, "churn_probability"].mean() > active.loc[~is_short, "churn_probability"].mean() + 0.1
    assert active["churn_probability"].mean() == pytest.approx(found.summary["churn_rate"], abs=0.12)
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_field_that_knows_the_outcome_is_not_used_and_named() -> None:
    rng = np.random.default_rng(1)
    age = rng.integers(18, 80, 600)
    left = rng.random(600) < np.where(age < 40, 0.5, 0.2)
    customers = pd.DataFrame(
        {
            "id": range(600),
            "churn": np.where(left, "Yes", "No"),
            "tenure": rng.integers(1, 60, 600),
            "exit_survey": np.where(left, "sent", "none"),
            "age": age,
        }
    )
    found = analyse(None, customers)
    assert 0.55 < found.validation["auc"] < 0.8
    stays = found.customers[~found.customers["churned"].astype(bool)]
    assert stays["reasons"].str.contains(r"(?:raises|lowers) risk: age \d+").all()
    assert any("'exit_survey=sent' knows the outcome" in note for note in found.warnings)


def test_fields_that_say_nothing_leave_tenure_to_speak() -> None:
    rng = np.random.default_rng(2)
    customers = pd.DataFrame(
        {"id": range(400), "churned": rng.random(400) < 0.3, "tenure_days": rng.integers(1, 900, 400), "shoe_size": rng.random(400)}
    )
    found = analyse(None, customers)
    assert found.validation == {}
    assert any("say nothing" in note for note in found.warnings)


def test_a_mapping_applies_to_the_frame_that_has_the_column() -> None:
    rows = orders(*ONCE).rename(columns={"customer_id": "kunde", "ordered_at": "tag"})
    found = analyse(rows, mapping={"customer_id": "kunde", "ordered_at": "tag"})
    assert found.summary["customers"] == 120
    with pytest.raises(ContractBroken, match="neither frame: nirgends"):
        analyse(rows, mapping={"customer_id": "nirgends"})


def test_customers_without_purchases_are_counted() -> None:
    found = analyse(orders(*ONCE), pd.DataFrame({"customer_id": ["c000", "nobody"]}))
    assert any("1 customers have no purchase yet" in note for note in found.warnings)


@pytest.mark.parametrize(
    ("transactions", "customers"), [(None, None), (pd.DataFrame(), pd.DataFrame()), (None, pd.DataFrame({"customer_id": ["a"]}))]
)
def test_nothing_to_analyse_is_a_typed_error(transactions: pd.DataFrame | None, customers: pd.DataFrame | None) -> None:
    with pytest.raises(TooLittleData):
        analyse(transactions, customers)


@pytest.mark.parametrize("options", [{"regime": "barter"}, {"horizon_days": 0}, {"as_of": "soon"}])
def test_wrong_arguments_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(InvalidArgument):
        analyse(orders(*ONCE), **options)


def test_payments_and_fields_of_customers_are_joined_even_where_a_payer_is_not_listed() -> None:
    payments = subscriptions(200)
    ids = sorted(payments["customer_id"].unique())
    plan = ["basic" if place % 3 else "gold" for place in range(len(ids) - 5)]
    people = pd.DataFrame({"customer_id": ids[5:], "plan": plan, "seats": 2.0})
    found = RetentionAnalyzer().analyze_customer_retention(people, payments, regime="contractual")
    assert len(found.customers) == len(ids)
    assert len(found.revenue_retention)
    assert len(found.return_curves)
