"""What-ifs under contract: other terms, other fees, and what cannot be changed."""

from __future__ import annotations

import numpy as np
import pytest

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from tests.unit.customer_analytics.builders import contracts


def active(report) -> list[str]:
    return report.customers.loc[~report.customers["churned"].eq(True), "customer_id"].tolist()


def test_a_longer_contract_lowers_the_chance_and_a_higher_fee_raises_it(contract_report):
    rows = contract_report.evidence.members.fields
    short = rows.index[(rows["Contract=Month-to-month"] == 1) & ~contract_report.customers["churned"].eq(True).to_numpy()][0]
    customer = contract_report.customers["customer_id"].iloc[short]
    longer = contract_report.what_if(customer, Contract="Two year")
    assert longer.probability_after < longer.probability_before
    assert longer.value_after > longer.value_before
    assert longer.moved["words_after"].str.contains("Contract is Two year").any()
    fee = contract_report.what_if(customer, {"monthly charges": 119.0})
    assert fee.probability_after > contract_report.what_if(customer, MonthlyCharges=21).probability_after
    assert "association" in fee.sentence
    assert "at random" in fee.caveat


def test_a_change_back_to_what_is_gives_the_same_chance(contract_report):
    customer = active(contract_report)[0]
    place = contract_report.customers.index[contract_report.customers["customer_id"] == customer][0]
    fee = contract_report.evidence.members.fields.loc[place, "MonthlyCharges"]
    found = contract_report.what_if(customer, MonthlyCharges=float(fee))
    assert found.probability_after == pytest.approx(found.probability_before, abs=1e-12)


def test_a_value_never_seen_is_answered_with_a_note(contract_report):
    assert "beyond the highest seen" in contract_report.what_if(active(contract_report)[0], MonthlyCharges=900).notes[0]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"gender": "Male"}, "gender cannot be changed"),
        ({"tenure": 5}, "tenure cannot be changed"),
        ({"Colour": "red"}, "Colour is no field"),
        ({"Contract": "Ten year"}, "Contract is 'Ten year'"),
        ({"MonthlyCharges": "much"}, "no number"),
    ],
)
def test_impossible_changes_of_a_contract_are_refused_with_what_is_possible(contract_report, changes, told):
    with pytest.raises(InvalidArgument, match=told) as caught:
        contract_report.what_if(active(contract_report)[0], changes)
    assert "'Two year'" in caught.value.hint or "a number" in caught.value.hint


def test_who_has_left_cannot_be_changed(contract_report):
    gone = contract_report.customers.loc[contract_report.customers["churned"].eq(True), "customer_id"].iloc[0]
    with pytest.raises(InvalidArgument, match="has left already"):
        contract_report.what_if(gone, MonthlyCharges=20)


def test_values_that_nobody_has_together_are_told():
    rows = contracts()
    rows["Internet"] = np.where(np.arange(len(rows)) % 3 == 0, "No", "Yes")
    rows["Streaming"] = np.where(rows["Internet"] == "No", "No internet", np.where(np.arange(len(rows)) % 2 == 0, "Yes", "No"))
    report = RetentionAnalyzer().analyze_customer_retention(rows, None)
    online = rows.loc[(rows["Internet"] == "Yes") & (rows["Streaming"] == "Yes") & (rows["Churn"] == "No"), "customerID"].iloc[0]
    assert report.what_if(online, Internet="No").notes == ("nobody with Internet=No has Streaming=Yes: change that too",)
    assert report.what_if(online, Internet="No", Streaming="no internet").notes == ()


def test_what_grows_with_tenure_cannot_be_changed():
    rows = contracts()
    rows["TotalCharges"] = rows["tenure"] * rows["MonthlyCharges"]
    report = RetentionAnalyzer().analyze_customer_retention(rows, None)
    with pytest.raises(InvalidArgument, match="TotalCharges cannot be changed: it is tenure times MonthlyCharges") as caught:
        report.what_if(active(report)[0], TotalCharges=5)
    assert "TotalCharges" not in caught.value.hint
