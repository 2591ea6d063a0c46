"""Measures of error, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from cyberpunk_ai.forecasting import metrics


def test_scale_is_the_mean_seasonal_change():
    assert metrics.seasonal_scale(np.array([1.0, 3.0, 2.0, 6.0]), 2) == pytest.approx((1 + 3) / 2)
    assert metrics.seasonal_scale(np.array([1.0, 3.0]), 12) == 2.0
    assert np.isnan(metrics.seasonal_scale(np.array([4.0, 4.0]), 1))
    assert np.isnan(metrics.seasonal_scale(np.array([4.0]), 1))


def test_mase_and_smape_by_hand():
    actual, predicted = np.array([10.0, 20.0]), np.array([12.0, 16.0])
    assert metrics.mase(actual, predicted, 2.0) == 1.5
    assert metrics.smape(actual, predicted) == pytest.approx(200 * (2 / 22 + 4 / 36) / 2)
    assert metrics.smape(np.zeros(2), np.zeros(2)) == 0.0


def test_coverage_and_interval_score_by_hand():
    actual, lower, upper = np.array([1.0, 5.0]), np.array([0.0, 0.0]), np.array([2.0, 4.0])
    assert metrics.coverage(actual, lower, upper) == 0.5
    assert metrics.msis(actual, lower, upper, 95, 2.0) == pytest.approx(((2 + 4) / 2 + 40 * 1 / 2) / 2)


def test_owa_of_the_yardstick_is_one():
    assert metrics.owa(model_smape=3, model_mase=2, naive_smape=3, naive_mase=2) == 1.0
