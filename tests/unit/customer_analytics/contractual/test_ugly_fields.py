"""Fields as they come: blanks, one value, texts, dates; and customers too few, or all alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.unit.customer_analytics.contractual.conftest import analyse, contracts


def test_ugly_fields_change_no_type_and_raise_nothing():
    rows = contracts(400)
    size = len(rows)
    fee = rows["MonthlyCharges"].astype(str)
    rows = rows.assign(
        missing=np.nan,
        nothing=None,
        same="yes",
        flag=np.arange(size) % 2 == 0,
        paid=fee.where(np.arange(size) % 50 > 0, " "),
        seen=pd.Timestamp("2024-01-01"),
        remark=[f"called about {number}" for number in range(size)],
        code=[f"z{number % 150}" for number in range(size)],
    )
    found = analyse(rows)
    names = found.evidence.churn.names
    assert "paid" in names
    assert "flag" in names
    assert not {name.partition("=")[0] for name in names} & {"missing", "nothing", "same", "seen", "remark", "code"}
    assert found.evidence.members.raw["paid"].tolist() == rows["paid"].tolist()
    assert found.customers["churn_probability"].between(0, 1).all()


def test_a_row_of_raw_fields_is_encoded_as_it_was_in_learning(report):
    members, churn = report.evidence.members, report.evidence.churn
    assert np.allclose(churn.encode(members.raw, members.tenure_days), report.evidence.features)
    longer = churn.encode(members.raw.head(1).assign(Contract="Two year"), members.tenure_days[:1])
    assert longer[0, churn.names.index("Contract=Two year")] == 1.0
    assert longer[0, churn.names.index("Contract=Month-to-month")] == 0.0


@pytest.mark.parametrize(("size", "churn"), [(1, "No"), (3, "Yes"), (60, "Yes")])
def test_few_customers_or_all_gone_give_a_report_without_a_model(size, churn):
    found = analyse(contracts(size).assign(Churn=churn), regime="contractual")
    assert found.validation == {}
    assert found.evidence.churn is None
    assert len(found.held_out) == 0
    if churn == "Yes":
        assert found.customers["churn_probability"].tolist() == [1.0] * size


def test_reasons_tell_each_field_once_and_one_fact_once(report):
    again = analyse(contracts().assign(fee_in_cents=lambda rows: rows["MonthlyCharges"] * 100))
    for found in (report, again):
        for reasons in found.customers.loc[~found.customers["churned"].astype(bool), "reasons"]:
            told = [part.split(": ")[1].split(" ")[0] for part in reasons.split("; ")]
            assert len(told) == len(set(told))
            assert not {"MonthlyCharges", "fee_in_cents"} <= set(told)
    assert report.customers["suggested_action"].str.startswith("Rule-based: ").all()
    assert set(report.customers["main_reason"]) <= {"tenure", "Contract", "MonthlyCharges"}
