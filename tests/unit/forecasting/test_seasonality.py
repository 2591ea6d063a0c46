"""The seasonal test, the adjustment and its way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.forecasting.seasonality import adjust, adjust_alike, adjust_beyond, has_season, is_seasonal, naive2, unadjusted


def test_clear_season_is_found_and_noise_is_not():
    quarters = np.arange(40)
    assert is_seasonal(100 + 20 * np.cos(np.pi * quarters / 2), 4)
    assert not is_seasonal(np.random.default_rng(0).normal(0, 1, 40), 4)
    assert not is_seasonal(np.full(40, 3.0), 4)
    assert not is_seasonal(np.array([1.0, 2, 3, 4] * 2), 4)


def test_multiplicative_figure_by_hand():
    adjusted = adjust(np.array([50.0, 150.0] * 6), 2)
    assert adjusted.kind == "multiplicative"
    assert adjusted.figure.tolist() == pytest.approx([0.5, 1.5])
    assert adjusted.values.tolist() == pytest.approx([100.0] * 12)
    assert adjusted.restore(np.full(3, 100.0)).tolist() == pytest.approx([50, 150, 50])


def test_additive_figure_where_values_are_not_positive():
    adjusted = adjust(np.array([-5.0, 5.0] * 6), 2)
    assert adjusted.kind == "additive"
    assert adjusted.figure.tolist() == pytest.approx([-5, 5])


def test_naive2_by_hand():
    assert naive2(np.array([50.0, 150.0] * 6), 4, 2).tolist() == pytest.approx([50, 150, 50, 150])
    assert naive2(np.array([1.0, 5.0, 2.0]), 2, 1).tolist() == [2.0, 2.0]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.integers(1, 13))
def test_restoring_undoes_the_adjustment(values, season):
    series = np.array(values)
    adjusted = adjust(series, season)
    assert np.isfinite(adjusted.values).all()
    turned = np.roll(adjusted.figure, len(series) % len(adjusted.figure))
    again = type(adjusted)(adjusted.values, turned, adjusted.kind).restore(adjusted.values)
    assert np.allclose(again, series, rtol=1e-6, atol=1e-6 * max(1.0, np.abs(series).max()))


def test_agrees_with_statsmodels():
    from statsmodels.tsa.seasonal import seasonal_decompose

    months = np.arange(60)
    values = (100 + months) * (1 + 0.3 * np.sin(2 * np.pi * months / 12))
    reference = seasonal_decompose(values, model="multiplicative", period=12).seasonal[:12]
    assert np.allclose(adjust(values, 12).figure, reference)


def test_a_strong_trend_does_not_hide_a_season():
    months = np.arange(48)
    values = 100.0 * 1.04**months * (1 + 0.2 * np.sin(2 * np.pi * months / 12))
    assert not is_seasonal(values, 12)
    assert has_season(values, 12)
    assert adjust(values, 12).kind == "multiplicative"
    # The yardstick stays what the competition made it.
    assert adjust(values, 12, as_in_m4=True).kind == "none"
    assert naive2(values, 3, 12).tolist() == [values[-1]] * 3


def test_a_trend_alone_is_no_season():
    rng = np.random.default_rng(0)
    found = [has_season(100 + 2.0 * np.arange(72) + rng.normal(0, 5, 72), 12) for _ in range(200)]
    assert np.mean(found) < 0.02


@pytest.mark.parametrize(("longest", "kind", "left"), [(1, "multiplicative", 1), (2, "none", 2)])
def test_a_season_beyond_what_a_model_can_carry_is_taken_out(longest, kind, left):
    adjusted, season = adjust_beyond(np.array([50.0, 150.0] * 6), 2, longest)
    assert (adjusted.kind, season) == (kind, left)


def test_less_than_two_seasons_are_none():
    adjusted, season = adjust_beyond(np.arange(23.0), 12, 4)
    assert (adjusted.kind, season) == ("none", 1)


def test_a_longer_history_is_adjusted_as_the_shorter_was():
    values = np.array([50.0, 150.0] * 8)
    assert adjust_alike(values, 2, adjust(values[:12], 2)).kind == "multiplicative"
    as_it_is = adjust_alike(values, 2, unadjusted(values[:12]))
    assert as_it_is.kind == "none"
    assert as_it_is.values is values
