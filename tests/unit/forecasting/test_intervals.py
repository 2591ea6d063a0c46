"""Calibration and bands."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.forecasting import intervals

UNIT = {80: 1.0, 95: 1.0}


def test_band_by_hand():
    found = intervals.bands(np.array([-1.0, 5.0]), np.array([10.0]), np.array([2.0]), {80: 1.5})
    lower, upper = found[80]
    assert lower[0] == pytest.approx(10 - 1.2815515655 * 3)
    assert upper[0] == pytest.approx(10 + 1.2815515655 * 3)


def test_honest_spread_is_left_alone_and_a_shy_one_is_widened():
    rng = np.random.default_rng(1)
    honest = np.abs(rng.normal(0, 1, 20_000))
    assert intervals.calibrate([honest], (80, 95), UNIT)[95] == pytest.approx(1.0, abs=0.03)
    assert intervals.calibrate([1.6 * honest], (80, 95), UNIT)[80] == pytest.approx(1.6, abs=0.03)


def test_few_past_errors_move_the_default_little():
    factor = intervals.calibrate([np.full(6, 10.0)], (95,), {95: 1.0})[95]
    own = 10.0 / intervals.z_of(95)
    assert factor == pytest.approx(min((6 * own + 24) / 30, 2.0))
    assert intervals.calibrate([], (95,), {80: 1.1, 95: 1.3})[95] == 1.3
    assert intervals.calibrate([], (90,), {80: 1.0, 95: 1.3})[90] == pytest.approx(1.2)


def test_steps_without_spread_have_no_score():
    assert intervals.scores(np.array([3.0, 4.0]), np.array([1.0, 1.0]), np.array([1.0, 0.0])).tolist() == [2.0]


def test_intermittent_history_gives_its_own_quantiles():
    history = np.array([0.0, 0, 0, 8] * 10)
    assert intervals.is_intermittent(history)
    lower, upper = intervals.bands(history, np.array([2.0]), np.array([0.1]), UNIT)[95]
    assert (lower[0], upper[0]) == (0.0, 8.0)


@pytest.mark.parametrize("levels", [(), (0,), (100,), (80.5,)])
def test_impossible_levels_are_refused(levels):
    with pytest.raises(InvalidArgument):
        intervals.check_levels(levels)


@given(
    st.lists(st.floats(0, 1e6), min_size=2, max_size=20),
    st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), min_size=1, max_size=8),
    st.dictionaries(st.integers(1, 99), st.floats(1, 2), min_size=1, max_size=4),
)
def test_bands_are_ordered_nested_and_not_negative(history, steps, factors):
    mean, spread = np.array([step[0] for step in steps]), np.array([step[1] for step in steps])
    outer_low = outer_high = mean
    for level in sorted(factors):
        lower, upper = intervals.bands(np.array(history), mean, spread, factors)[level]
        assert (lower <= outer_low).all()
        assert (upper >= outer_high).all()
        assert (lower >= 0).all()
        outer_low, outer_high = lower, upper
