"""Survival by a field of the customers: the same curve as of the rows alone, quarters of numbers, and plain refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import InvalidArgument, TooLittleData
from cyberpunk_ai.customer_analytics.results import RetentionReport
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from cyberpunk_ai.customer_analytics.survival.kaplan_meier import kaplan_meier
from tests.unit.customer_analytics.builders import contracts, shop


@pytest.fixture(scope="module")
def of_contracts() -> RetentionReport:
    return RetentionAnalyzer().analyze_customer_retention(contracts(500), None)


def test_each_group_has_the_curve_of_its_own_customers(of_contracts: RetentionReport) -> None:
    members = of_contracts.evidence.members  # type: ignore[union-attr]
    found = of_contracts.survival_by("Contract")
    assert found.to_frame() is found.curves
    for group, rows in found.curves.groupby("group"):
        own = (members.raw["Contract"] == group).to_numpy()
        alone = kaplan_meier(members.tenure_days[own], np.asarray(members.has_left)[own])
        pd.testing.assert_frame_equal(rows.drop(columns="group").reset_index(drop=True), alone)


def test_a_number_of_many_values_is_parted_into_quarters() -> None:
    told = contracts(400).assign(age=np.arange(400))
    curves = RetentionAnalyzer().analyze_customer_retention(told, None).survival_by("age").curves
    assert set(curves["group"]) == {"0 to 99.75", "above 99.75 to 199.5", "above 199.5 to 299.25", "above 299.25 to 399"}


def test_an_unknown_field_is_answered_with_those_there_are(of_contracts: RetentionReport) -> None:
    with pytest.raises(InvalidArgument, match="no field 'colour'") as caught:
        of_contracts.survival_by("colour")
    assert "Contract" in caught.value.hint


def test_customers_without_contract_have_no_groups() -> None:
    report = RetentionAnalyzer().analyze_customer_retention(None, shop(customers=60))
    with pytest.raises(TooLittleData, match="under contract"):
        report.survival_by("Contract")
