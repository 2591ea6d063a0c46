"""Why a customer scores as it does: the parts add up, the words are true, and a wrong id gets help."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import logit

from cyberpunk_ai.core.errors import NotFound
from cyberpunk_ai.customer_analytics.churn.features import NAMES
from cyberpunk_ai.customer_analytics.evidence.customer import nearest_ids
from cyberpunk_ai.customer_analytics.evidence.words import words_for


@pytest.mark.parametrize("kind", ["shop_report", "contract_report"])
def test_parts_add_up_from_the_typical_customer_to_this_one(kind, request):
    report = request.getfixturevalue(kind)
    active = report.customers[~report.customers["churned"].eq(True)]
    typical = []
    for customer in active["customer_id"].head(12):
        found = report.explain(customer)
        assert logit(found.typical_probability) + found.contributions["contribution"].sum() == pytest.approx(logit(found.probability))
        assert (np.diff(found.contributions["contribution"].abs()) <= 1e-12).all()
        typical.append(found.typical_probability)
    assert np.ptp(typical) < 1e-3  # one typical customer for all


def test_explanation_repeats_what_the_report_says(shop_report):
    row = shop_report.customers.iloc[5]
    found = shop_report.explain(row["customer_id"])
    assert found.probability == row["churn_probability"]
    assert found.segment == row["segment"]
    assert "; ".join(found.reasons) == row["reasons"]
    assert len(found.reasons) <= 3
    assert found.suggested_action.startswith("Rule-based: ")
    assert found.lifetime_value_lo <= found.lifetime_value_hi
    assert row["customer_id"] in found.sentence
    json.dumps(found.to_dict(), allow_nan=False)


def test_all_features_are_told(shop_report):
    found = shop_report.explain("c0001")
    assert set(found.to_frame()["feature"]) >= set(shop_report.evidence.churn.names)
    assert found.to_frame()["words"].str.len().min() > 3


def test_who_has_left_is_not_explained_away(contract_report):
    gone = contract_report.customers.loc[contract_report.customers["churned"].eq(True), "customer_id"].iloc[0]
    found = contract_report.explain(gone)
    assert found.sentence == f"{gone} has left."
    assert found.contributions.empty


def test_without_a_model_the_row_still_answers(untested_report):
    found = untested_report.explain("a")
    assert 0 <= found.probability <= 1
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_wrong_id_names_those_that_look_like_it(shop_report):
    with pytest.raises(NotFound, match="'C0012'") as caught:
        shop_report.explain("C0012")
    assert caught.value.details["near"][0] == "c0012"
    assert "did you mean c0012" in caught.value.hint


def test_near_ids_by_hand():
    assert nearest_ids(["1001", "1002", "2001"], "1003", 2)[:2] == ["1001", "1002"]
    assert nearest_ids([], "x", 0) == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("recency_days", np.log1p(34), "last purchase 34 days ago"),
        ("recency_days", 0.0, "last purchase today"),
        ("recency_over_pace", np.log(2.5), "silent for 2.5 times the average gap"),
        ("frequency", np.log1p(1), "came back once"),
        ("recent", 2.0, "2 purchases in the last 60 days"),
        ("revenue", -np.log1p(12.5), "brought -12.50 net in all"),
        ("Contract=Two year", 0.0, "Contract is not Two year"),
        ("Contract=Two year", 1.0, "Contract is Two year"),
        ("MonthlyCharges", 70.35, "MonthlyCharges is 70.35"),
    ],
)
def test_words_of_a_feature(name, value, words):
    assert words_for(name, value, 60) == words


@pytest.mark.parametrize("name", NAMES)
def test_every_feature_of_purchases_has_words_of_its_own(name):
    assert name.replace("_", " ") not in words_for(name, 0.5, 60)
