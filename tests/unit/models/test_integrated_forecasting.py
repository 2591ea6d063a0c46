"""Demand moved by the customer base: what is laid where, what the effect is, and when it is applied."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument
from cyberpunk_ai.models import customer_base
from cyberpunk_ai.models.integrated_forecasting import IntegratedForecastingEngine

MONTHS = pd.date_range("2020-01-01", periods=40, freq="MS")
ENGINE = IntegratedForecastingEngine(models=("theta", "ets"))


def company(joining_until: int = 40, seed: int = 7) -> pd.DataFrame:
    """Purchases of a company whose customers buy monthly, half of whom never come again after their first three months."""
    rng = np.random.default_rng(seed)
    rows = []
    for month in range(min(joining_until, 40)):
        for number in range(20):
            loyal = number % 2 == 0
            stays = 18 if loyal else 3
            bought = [later for later in range(month, min(month + stays, 40)) if rng.random() < 0.9]
            rows += [(f"c{month}-{number}", MONTHS[later] + pd.Timedelta(days=int(rng.integers(0, 28))), 10.0) for later in bought]
    return pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])


def demand_of(purchases: pd.DataFrame) -> pd.Series:
    by_month = purchases.groupby(purchases["ordered_at"].dt.to_period("M"))["amount"].sum()
    return pd.Series(by_month.to_numpy(), index=by_month.index.to_timestamp(), name="revenue")


@pytest.fixture(scope="module")
def purchases() -> pd.DataFrame:
    return company()


def test_purchases_are_laid_on_the_periods_by_hand():
    bought = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "a", None, "b"],
            "ordered_at": ["2020-01-31 23:59", "2020-02-01", "2020-02-10", "2020-02-20", "2020-01-02", "2031-01-01"],
            "amount": [1.0, 2.0, 5.0, 3.0, 9.0, 9.0],
        }
    )
    laid = customer_base.lay_on_periods(bought, MONTHS)
    assert list(zip(laid.customer.tolist(), laid.period.tolist(), laid.spend.tolist(), strict=True)) == [
        (0, 0, 1.0),
        (0, 1, 5.0),
        (1, 1, 5.0),
    ]
    assert laid.dropped == 2


def test_month_ends_hold_their_own_last_day():
    ends = pd.date_range("2020-01-31", periods=3, freq="ME")
    bought = pd.DataFrame({"customer_id": ["a"] * 3, "ordered_at": ["2020-01-31 18:00", "2020-02-01", "2020-03-31"]})
    assert customer_base.lay_on_periods(bought, ends).period.tolist() == [0, 1, 2]


def test_steady_base_has_hardly_an_effect(purchases):
    laid = customer_base.lay_on_periods(purchases, MONTHS)
    outlook = customer_base.look_ahead(laid, horizon=4, season_length=12)
    assert np.abs(outlook.effect).max() < 0.12
    assert (outlook.error > 0).all()
    assert (np.diff(outlook.existing_share) < 0).all()


def test_base_that_nobody_joins_any_more_is_worth_less():
    ageing = customer_base.lay_on_periods(company(joining_until=34), MONTHS)
    outlook = customer_base.look_ahead(ageing, horizon=4, season_length=12)
    # More of those who bought lately have already gone quiet than was ever usual.
    assert (outlook.effect < -0.1).all()


def test_only_what_was_known_is_used(purchases):
    laid = customer_base.lay_on_periods(purchases, MONTHS)
    early = customer_base.lay_on_periods(purchases[purchases["ordered_at"] < MONTHS[30]], MONTHS[:30])
    told = customer_base.look_ahead(laid.until(30), horizon=3, season_length=12)
    assert np.allclose(told.effect, customer_base.look_ahead(early, horizon=3, season_length=12).effect)


def test_too_short_a_past_gives_no_outlook():
    laid = customer_base.lay_on_periods(company(), MONTHS).until(8)
    assert customer_base.look_ahead(laid, horizon=6, season_length=12) is None


async def test_forecast_with_retention_says_what_it_did(purchases):
    answer = await ENGINE.forecast_with_retention(demand_of(purchases), purchases, horizon=4)
    assert answer.reason in answer.notes
    assert answer.reason.startswith("the retention effect is applied" if answer.applied else "the retention effect is switched off")
    assert list(answer.backtest.columns) == ["window", "baseline_mae", "combined_mae"]
    assert len(answer.backtest) == 2
    helped = answer.backtest["combined_mae"].mean() < answer.backtest["baseline_mae"].mean()
    assert answer.applied == helped
    assert np.allclose(answer.components["existing"] + answer.components["new"], answer.combined["mean"])
    if not answer.applied:
        pd.testing.assert_frame_equal(answer.combined, answer.baseline)


async def test_applied_effect_moves_the_mean_and_widens_the_intervals(purchases):
    answer = await ENGINE.forecast_with_retention(demand_of(purchases), purchases, horizon=4, apply="always")
    assert np.allclose(answer.combined["mean"], answer.baseline["mean"] + answer.retention_effect["mean"])
    wide = answer.combined["hi-95"] - answer.combined["lo-95"]
    assert (wide > answer.baseline["hi-95"] - answer.baseline["lo-95"]).all()
    for rows in (answer.combined, answer.retention_effect, answer.baseline):
        bounds = rows[["lo-95", "lo-80", "mean", "hi-80", "hi-95"]].to_numpy()
        assert np.isfinite(bounds).all()
        assert (np.diff(bounds, axis=1) >= 0).all()


async def test_each_part_has_its_own_uncertainty(purchases):
    answer = await ENGINE.forecast_with_retention(demand_of(purchases), purchases, horizon=4)
    parts = answer.components
    for name in ("existing", "new"):
        bounds = parts[[f"{name}-lo-95", f"{name}-lo-80", name, f"{name}-hi-80", f"{name}-hi-95"]].to_numpy()
        assert np.isfinite(bounds).all()
        assert (np.diff(bounds, axis=1) >= 0).all()
        assert (bounds >= 0).all()
    # By hand: the first step of the part of others, from the same outlook.
    dates = pd.DatetimeIndex(answer.history["ds"], freq=answer.freq)
    outlook = customer_base.look_ahead(customer_base.lay_on_periods(purchases, dates), horizon=4, season_length=12)
    per_unit = answer.combined["mean"].iloc[0] / (outlook.expected[0] + outlook.joining[0])
    assert parts["new"].iloc[0] == pytest.approx(per_unit * outlook.joining[0])
    assert (parts["new-hi-95"] - parts["new"]).iloc[0] == pytest.approx(1.959964 * per_unit * outlook.joining_error[0])


async def test_parts_are_empty_but_complete_where_nothing_is_known(purchases):
    few = purchases[purchases["ordered_at"] >= MONTHS[36]]
    answer = await ENGINE.forecast_with_retention(demand_of(purchases), few, horizon=4)
    assert answer.components.empty
    assert {"ds", "existing", "existing-lo-80", "new-hi-95"} <= set(answer.components.columns)


async def test_never_is_never(purchases):
    answer = await ENGINE.forecast_with_retention(demand_of(purchases), purchases, horizon=4, apply="never")
    assert not answer.applied
    assert answer.to_dict()["applied"] is False


async def test_churn_probabilities_are_shown_but_need_a_past_to_be_applied(purchases):
    customers = pd.DataFrame({"customer_id": ["a", "b"], "churn_probability": [0.0, 0.75], "monetary": [3.0, 1.0]})
    answer = await ENGINE.forecast_with_retention(demand_of(purchases), customers, horizon=2)
    assert not answer.applied
    assert "cannot be checked on the past" in answer.reason
    # A quarter of the worth stays with probability 0.5 at half of the horizon and 0.25 at its end.
    relative = answer.retention_effect["mean"] / answer.baseline["mean"]
    assert relative.tolist() == pytest.approx([-0.25 * 0.5, -0.25 * 0.75])


async def test_part_of_the_demand_moves_in_part(purchases):
    half = purchases[purchases["customer_id"].str.endswith(("0", "1", "2", "3", "4"))]
    answer = await ENGINE.forecast_with_retention(demand_of(purchases), half, horizon=4)
    assert any("of recent demand" in note for note in answer.notes)


@pytest.mark.parametrize(
    "customers",
    [
        pd.DataFrame({"name": ["a"]}),
        pd.DataFrame({"customer_id": ["a"], "colour": ["red"]}),
        pd.DataFrame({"customer_id": ["a"], "churn_probability": [1.5]}),
        pd.DataFrame({"customer_id": ["a"], "ordered_at": ["soon"]}),
    ],
)
async def test_illegal_customers_are_refused_with_advice(purchases, customers):
    with pytest.raises(ContractBroken) as caught:
        await ENGINE.forecast_with_retention(demand_of(purchases), customers, horizon=3)
    assert caught.value.hint


async def test_impossible_choice_is_refused(purchases):
    with pytest.raises(InvalidArgument):
        await ENGINE.forecast_with_retention(demand_of(purchases), purchases, apply="perhaps")
