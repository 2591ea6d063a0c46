"""What-ifs: nothing changed changes nothing, carried-on ledgers equal real ones, and impossible changes are refused with a list."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.core.errors import InvalidArgument, NotFound, TooLittleData
from cyberpunk_ai.customer_analytics.churn.features import feature_table
from cyberpunk_ai.customer_analytics.evidence.changed_purchases import alone, with_purchase
from cyberpunk_ai.customer_analytics.evidence.rhythm import rhythm_of
from cyberpunk_ai.customer_analytics.evidence.some_customers import of_customers
from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import fit_purchases, histories_of
from tests.unit.customer_analytics.builders import ledger_of


def active(report) -> list[str]:
    return report.customers.loc[~report.customers["churned"].eq(True), "customer_id"].tolist()


@pytest.mark.parametrize("kind", ["shop_report", "contract_report"])
def test_nothing_changed_gives_the_same_numbers(kind, request):
    report = request.getfixturevalue(kind)
    for customer in active(report)[:20]:
        found = report.what_if(customer)
        assert found.probability_after == found.probability_before
        assert found.value_after == found.value_before or np.isnan(found.value_before)
        assert found.moved.empty


def test_zero_changes_are_no_changes(shop_report):
    found = shop_report.what_if("c0005", purchases_today=0, extra_days_of_silence=0)
    assert found.probability_after == found.probability_before
    assert found.seen_on == shop_report.as_of


def test_an_added_purchase_is_read_as_if_it_had_happened():
    rows = [("a", "2024-01-01", 5.0), ("a", "2024-02-10", 7.0), ("b", "2024-01-20", 3.0), ("b", "2024-03-01", 4.0)]
    ledger = ledger_of(*rows, as_of="2024-03-10")
    model = fit_purchases(*histories_of(ledger))
    real = ledger_of(*rows, ("a", "2024-03-20", 9.0), as_of="2024-03-20")
    thought = with_purchase(alone(ledger, 0), int(np.datetime64("2024-03-20", "D").astype(int)), 9.0)
    assert feature_table(thought, 30, model)[0] == pytest.approx(feature_table(real, 30, model)[0])


def test_a_second_purchase_on_one_day_adds_to_its_amount():
    ledger = with_purchase(ledger_of(("a", "2024-01-01", 5.0)), int(np.datetime64("2024-01-01", "D").astype(int)), 4.0)
    assert ledger.amount.tolist() == [9.0]


def test_one_customer_alone_has_the_features_it_had_among_all(shop_report):
    evidence = shop_report.evidence
    rhythm = rhythm_of(evidence, shop_report.horizon_days)
    for place in (0, 7, 300):
        own = feature_table(alone(evidence.ledger, place), shop_report.horizon_days, rhythm)
        assert own[0] == pytest.approx(evidence.features[place][: own.shape[1]])


def test_the_model_behind_the_features_is_found_also_when_value_uses_another(shop_report):
    evidence = shop_report.evidence
    other = fit_purchases(*histories_of(of_customers(evidence.ledger, np.arange(100))))
    swapped = replace(shop_report, evidence=replace(evidence, purchases=other))
    told, again = (report.what_if("c0005", extra_days_of_silence=20).probability_after for report in (shop_report, swapped))
    assert again == pytest.approx(told, abs=1e-9)


def test_buying_today_raises_expected_purchases_and_silence_lowers_them(shop_report):
    quiet = shop_report.customers.sort_values("recency_days")["customer_id"].iloc[len(shop_report.customers) // 2]
    buys, waits = shop_report.what_if(quiet, purchases_today=1), shop_report.what_if(quiet, extra_days_of_silence=60)
    assert buys.expected_purchases_after > buys.expected_purchases_before > waits.expected_purchases_after
    assert waits.seen_on == shop_report.as_of + pd.Timedelta(days=60)
    assert "the customer's average" in buys.notes[0]


def test_a_larger_amount_raises_the_value(shop_report):
    small, large = (shop_report.what_if("c0005", days_until_next_purchase=5, amount=amount) for amount in (1, 1000))
    assert large.value_after > small.value_after
    assert large.probability_before == small.probability_before


@pytest.mark.parametrize(
    "changes",
    [
        {"purchases_today": 2}, {"purchases_today": "x"}, {"extra_days_of_silence": -1}, {"extra_days_of_silence": 1.5},
        {"days_until_next_purchase": 99_999}, {"amount": 5}, {"amount": -5, "purchases_today": 1}, {"recency_days": 3},
    ],
)  # fmt: skip
def test_impossible_futures_are_refused_with_what_is_possible(shop_report, changes):
    with pytest.raises(InvalidArgument) as caught:
        shop_report.what_if("c0001", changes)
    assert "purchases_today" in caught.value.hint


def test_unknown_customers_and_missing_models_are_typed_errors(shop_report):
    with pytest.raises(NotFound):
        shop_report.what_if("nobody", purchases_today=1)
    with pytest.raises(TooLittleData):
        replace(shop_report, evidence=None).what_if("c0001", purchases_today=1)


@given(st.integers(0, 699), st.integers(0, 1), st.none() | st.integers(0, 400), st.integers(0, 400))
def test_every_possible_future_has_an_answer(shop_report, place, today, following, silence):
    customer = shop_report.customers["customer_id"].iloc[place]
    found = shop_report.what_if(customer, purchases_today=today, days_until_next_purchase=following, extra_days_of_silence=silence)
    assert 0 <= found.probability_after <= 1
    assert np.isfinite(found.to_frame()["after"]).all()
    json.dumps(found.to_dict(), allow_nan=False)
