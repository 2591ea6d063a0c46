"""Value and its interval: choice of models, what is learnt, calibration, and shops that break other tools."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.customer_analytics.lifetime_value.base import histories_of
from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import BgNbd
from cyberpunk_ai.customer_analytics.lifetime_value.choice import choose_purchases, held_out_error
from cyberpunk_ai.customer_analytics.lifetime_value.intervals import TAIL, _wanted_tail, value_intervals
from cyberpunk_ai.customer_analytics.lifetime_value.learnt_value import learn_value, tried, tweedie_deviance, value_features
from cyberpunk_ai.customer_analytics.lifetime_value.origins import look_ahead, past_origins, sampled
from cyberpunk_ai.customer_analytics.lifetime_value.value import value_customers
from cyberpunk_ai.customer_analytics.reading.frames import read_transactions
from cyberpunk_ai.customer_analytics.reading.ledger import Ledger
from tests.unit.customer_analytics.builders import ledger_of, orders, shop


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return read_transactions(shop(800))[0]


def test_the_error_of_a_choice_is_that_of_each_customer_and_of_the_total() -> None:
    # Misses of 1 and 1 on a total of 4, and a total foreseen exactly.
    assert held_out_error(np.array([3.0, 1.0]), np.array([2.0, 2.0])) == pytest.approx(0.5)
    assert held_out_error(np.array([3.0, 1.0]), np.array([2.0, 1.0])) == pytest.approx(0.25 + 0.25)


def test_a_model_is_chosen_by_what_it_foresaw(ledger: Ledger) -> None:
    choice = choose_purchases(ledger, 60)
    assert choice.model.name == min(choice.errors, key=lambda name: choice.errors[name])
    assert choice.model.name in choice.reason


def test_too_little_history_keeps_the_usual_model_and_says_so() -> None:
    few = choose_purchases(ledger_of(("a", "2024-01-01", 5), ("a", "2024-02-01", 5), ("b", "2024-01-01", 5)), 30)
    assert few.model.name == "NBD"
    assert "too few" in few.reason


def test_nothing_after_a_past_day_changes_what_was_expected_then(ledger: Ledger) -> None:
    model = BgNbd.fit(*histories_of(ledger))
    origin = past_origins(ledger, model, 60)[0]
    known = ledger.until(origin.day)
    alone = look_ahead(known, BgNbd.fit(*histories_of(known)), 60)
    assert np.array_equal(value_features(origin.outlook, 60, 10.0), value_features(alone, 60, 10.0))
    assert origin.purchases.tolist() == ledger.purchases_between(origin.day, origin.day + 60)[ledger.first_day <= origin.day].tolist()


def test_a_learnt_value_keeps_the_total_it_learnt_from(ledger: Ledger) -> None:
    origins = past_origins(ledger, BgNbd.fit(*histories_of(ledger)), 60)
    learnt = learn_value(origins)
    assert learnt is not None
    said = sum(float(learnt.predict(origin.outlook, 60).sum()) for origin in origins)
    assert said == pytest.approx(sum(float(origin.revenue.sum()) for origin in origins), rel=1e-6)
    assert (learnt.predict(origins[0].outlook, 60) >= 0).all()


def test_a_learnt_value_wins_where_pace_changes_and_the_closed_form_cannot_see_it() -> None:
    # Everybody buys weekly; half of them spend ten times as much since a while, which a mean over all of history smooths away.
    rng, rows = np.random.default_rng(0), []
    for number in range(500):
        grows, start = number % 2 == 0, int(rng.integers(0, 60))
        opening = pd.Timestamp("2023-01-01")
        rows += [
            (f"c{number:03d}", opening + pd.Timedelta(days=day), 100.0 if grows and day > 120 else 10.0) for day in range(start, 400, 14)
        ]
        if not grows:
            rows.append((f"c{number:03d}", opening + pd.Timedelta(days=start), 3000.0))
    ledger, _, _ = read_transactions(pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"]))
    model = BgNbd.fit(*histories_of(ledger))
    trial = tried(past_origins(ledger, model, 40))
    assert trial.is_better
    assert value_customers(ledger, model, 40).source == "learnt"


def test_the_deviance_judges_shape_alone() -> None:
    actual = np.array([0.0, 1.0, 5.0])
    assert tweedie_deviance(actual, 7 * actual) == pytest.approx(tweedie_deviance(actual, actual))
    assert tweedie_deviance(actual, actual) < tweedie_deviance(actual, np.ones(3)) < tweedie_deviance(actual, actual[::-1])


def test_intervals_hold_their_share_of_what_then_came() -> None:
    rows = shop(1500)
    later = read_transactions(rows)[0]
    cut = later.as_of_day - 60
    ledger = later.until(cut)
    came = later.revenue_between(cut, cut + 60)[later.first_day <= cut]
    value = value_customers(ledger, None, 60)
    assert 0.78 <= ((came >= value.lo - 0.005) & (came <= value.hi + 0.005)).mean() <= 0.95


def test_the_tail_moves_only_when_finished_periods_speak_against_it() -> None:
    assert _wanted_tail(np.array([0.95, 0.93, 0.88, 0.84, 0.8, 0.75, 0.7, 0.65])) == TAIL
    assert _wanted_tail(np.array([0.99, 0.98, 0.96, 0.95, 0.9, 0.86, 0.84, 0.8])) > TAIL
    assert _wanted_tail(np.array([0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.55, 0.5])) == pytest.approx(0.075)


def test_many_customers_share_the_draws_of_those_like_them(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    outlook = look_ahead(ledger, BgNbd.fit(*histories_of(ledger)), 60)
    assert outlook.spend is not None
    own = value_intervals(outlook, outlook.spend, outlook.value, 60)
    monkeypatch.setattr("cyberpunk_ai.customer_analytics.lifetime_value.intervals.DRAWN_CUSTOMERS", 400)
    shared = value_intervals(outlook, outlook.spend, outlook.value, 60)
    assert np.corrcoef(own[1], shared[1])[0, 1] > 0.95
    assert shared[1].mean() == pytest.approx(own[1].mean(), rel=0.05)


def test_every_kth_customer_keeps_its_history(ledger: Ledger) -> None:
    part = sampled(ledger, 100)
    assert part.size == 100
    assert part.customer_ids.tolist() == ledger.customer_ids[::8].tolist()
    assert part.revenue.tolist() == ledger.revenue[::8].tolist()


def test_the_same_seed_gives_the_same_value(ledger: Ledger) -> None:
    one, two = value_customers(ledger, None, 60, seed=3), value_customers(ledger, None, 60, seed=3)
    assert np.array_equal(one.value, two.value)
    assert np.array_equal(one.hi, two.hi)


def test_without_amounts_purchases_are_expected_and_value_is_missing() -> None:
    ledger, _, _ = read_transactions(shop(100).drop(columns="amount"))
    value = value_customers(ledger, None, 30)
    assert np.isfinite(value.expected_purchases).all()
    assert np.isnan(value.value).all()
    assert value.source == "none"


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 400), st.sampled_from([0.0, -500.0, -1.0, 0.01, 12.5, 1e7])), min_size=1, max_size=80
    ),
    horizon=st.sampled_from([1, 30, 365]),
)
def test_any_legal_shop_has_finite_value_inside_sane_ends(rows: list[tuple[int, int, float]], horizon: int) -> None:
    first = ("0", "2023-01-01", 5.0)  # at least one purchase
    made = [(str(who), str(np.datetime64("2023-01-01") + day), amount) for who, day, amount in rows]
    ledger, _, _ = read_transactions(orders(first, *made))
    value = value_customers(ledger, None, horizon)
    for numbers in (value.expected_purchases, value.value, value.lo, value.hi):
        assert np.isfinite(numbers).all()
    assert (value.lo <= value.hi).all()
    assert (value.value >= 0).all()


def test_a_shop_of_identical_customers_is_no_trouble() -> None:
    made = orders(*[(f"c{number}", day, 10.0) for number in range(2_000) for day in ("2024-01-01", "2024-02-01", "2024-03-01")])
    ledger, _, _ = read_transactions(made)
    value = value_customers(ledger, None, 20)
    assert np.isfinite(value.value).all()
    assert np.ptp(value.value) < 1e-6
