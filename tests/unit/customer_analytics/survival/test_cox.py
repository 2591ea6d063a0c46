"""Proportional hazards: a case worked by hand, agreement with lifelines, and what always holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines import CoxPHFitter

from cyberpunk_ai.core.errors import ContractBroken, TooLittleData
from cyberpunk_ai.customer_analytics.survival.cox import fit_cox, partial_log_likelihood
from cyberpunk_ai.customer_analytics.survival.with_fields import fit_survival


def made_up(count: int = 400, seed: int = 1) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Customers whose price drives them away and whose age keeps them, with many ties."""
    rng = np.random.default_rng(seed)
    fields = pd.DataFrame({"price": rng.normal(size=count), "age": rng.uniform(20, 70, count)})
    leaving = rng.exponential(20 * np.exp(-0.7 * fields["price"] + 0.02 * (fields["age"] - 45)).to_numpy())
    seen = rng.uniform(5, 40, count)
    return np.ceil(np.minimum(leaving, seen)), leaving <= seen, fields


def test_two_customers_by_hand() -> None:
    # Three customers leave on days 1, 2, 3 with field 1, 0, 1: the partial likelihood e^b/(2e^b+1) * 1/(1+e^b) is largest where
    # 1 - 2e^b/(2e^b+1) - e^b/(1+e^b) = 0, that is where e^b = 1/sqrt(2).
    model = fit_cox(np.array([1.0, 2.0, 3.0]), np.ones(3, dtype=bool), pd.DataFrame({"field": [1.0, 0.0, 1.0]}))
    assert model.coefficients[0] == pytest.approx(-0.5 * np.log(2), abs=1e-6)


def test_coefficients_errors_and_baseline_agree_with_lifelines() -> None:
    tenure, left, fields = made_up()
    ours = fit_cox(tenure, left, fields)
    theirs = CoxPHFitter(baseline_estimation_method="breslow").fit(fields.assign(tenure=tenure, left=left), "tenure", "left")
    np.testing.assert_allclose(ours.coefficients, theirs.params_.to_numpy(), atol=1e-4)
    np.testing.assert_allclose(ours.std_error, theirs.standard_errors_.to_numpy(), atol=1e-4)
    assert ours.log_likelihood == pytest.approx(theirs.log_likelihood_, abs=1e-4)
    days = np.array([1.0, 5.0, 12.0, 30.0])
    expected = theirs.predict_survival_function(fields.iloc[:20], times=days).to_numpy().T
    np.testing.assert_allclose(ours.survival(fields.iloc[:20].to_numpy(), days), expected, atol=2e-3)


def test_predictions_keep_the_order_they_were_asked_in() -> None:
    tenure, left, fields = made_up()
    model = fit_cox(tenure, left, fields)
    turned = fields.iloc[::-1]
    np.testing.assert_array_equal(
        model.survival(turned.to_numpy(), np.array([10.0]))[::-1], model.survival(fields.to_numpy(), np.array([10.0]))
    )


@given(st.integers(0, 10_000), st.floats(0.01, 100), st.floats(-50, 50))
def test_units_and_origin_of_a_field_change_no_prediction(seed: int, scale: float, shift: float) -> None:
    tenure, left, fields = made_up(120, seed)
    other = fields.assign(price=fields["price"] * scale + shift)
    days = np.array([3.0, 10.0, 25.0])
    np.testing.assert_allclose(
        fit_cox(tenure, left, fields).survival(fields.to_numpy(), days),
        fit_cox(tenure, left, other).survival(other.to_numpy(), days),
        atol=1e-5,
    )


def test_survival_never_rises_and_starts_at_one() -> None:
    tenure, left, fields = made_up()
    curve = fit_cox(tenure, left, fields).survival(fields.to_numpy(), np.arange(0.0, 60.0))
    assert (curve[:, 0] == 1).all()
    assert (np.diff(curve, axis=1) <= 0).all()


def test_a_field_that_never_varies_or_repeats_another_breaks_nothing() -> None:
    tenure, left, fields = made_up()
    model = fit_cox(tenure, left, fields.assign(same=3.0, twin=fields["price"] * 2), ridge=1e-4)
    assert np.isfinite(model.coefficients).all()
    assert model.coefficients[2] == 0


def test_illegal_input_is_refused_with_advice() -> None:
    tenure, left, fields = made_up(30)
    with pytest.raises(TooLittleData):
        fit_cox(tenure, np.zeros(30, dtype=bool), fields)
    with pytest.raises(ContractBroken):
        fit_cox(tenure, left, fields.assign(price=np.nan))
    with pytest.raises(ContractBroken):
        fit_cox(-tenure, left, fields)


def test_hazard_ratios_are_named_and_the_strongest_evidence_comes_first() -> None:
    tenure, left, fields = made_up()
    table = fit_cox(tenure, left, fields.assign(noise=np.random.default_rng(0).normal(size=len(fields)))).summary()
    assert table["field"].tolist()[0] == "price"
    assert table["field"].tolist()[-1] == "noise"
    assert (table["lo"] <= table["hazard_ratio"]).all()


def test_the_shape_of_the_fields_is_kept_plain_where_nothing_else_tells_more() -> None:
    tenure, left, fields = made_up(600)
    model = fit_survival(tenure, left, fields)
    assert not model.design.leading
    assert partial_log_likelihood(model.cox, tenure, left, model.design.columns(fields).to_numpy()) == pytest.approx(
        model.cox.log_likelihood, rel=1e-9
    )


def test_an_effect_that_differs_by_a_choice_is_found() -> None:
    rng = np.random.default_rng(4)
    count = 3_000
    monthly, price = rng.random(count) < 0.5, rng.normal(size=count)
    leaving = rng.exponential(20 * np.exp(-1.2 * price * np.where(monthly, 1, -1)))
    seen = rng.uniform(5, 40, count)
    fields = pd.DataFrame({"contract=monthly": monthly.astype(float), "contract=yearly": (~monthly).astype(float), "price": price})
    model = fit_survival(np.minimum(leaving, seen), leaving <= seen, fields)
    assert model.design.leading
