"""Fitted models as plain JSON: back to the same bits, and nothing but data."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cyberpunk_ai.core.errors import InvalidArgument, StoreFailed
from cyberpunk_ai.customer_analytics.churn import scorers
from cyberpunk_ai.customer_analytics.churn.features import NAMES
from cyberpunk_ai.customer_analytics.churn.scorers.hinge_logistic import HingeLogistic
from cyberpunk_ai.customer_analytics.evidence.plain_state import from_plain, to_plain
from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import fit_purchases


def every_scorer() -> list[type]:
    """Whoever writes a new scorer finds it tested here."""
    modules = [importlib.import_module(f"{scorers.__name__}.{each.name}") for each in pkgutil.iter_modules(scorers.__path__)]
    return [
        found
        for module in modules
        for found in vars(module).values()
        if isinstance(found, type) and found.__module__ == module.__name__ and hasattr(found, "log_odds") and found.__name__ != "Scorer"
    ]


def through_json(value: object) -> object:
    return from_plain(json.loads(json.dumps(to_plain(value), allow_nan=False)))


@given(arrays.arrays(np.float64, arrays.array_shapes(max_dims=2, max_side=6)))
def test_arrays_come_back_to_the_bit(array):
    again = through_json(array)
    assert again.dtype == array.dtype
    assert np.array_equal(again, array, equal_nan=True)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, 0.1, "text", [1, [2]], (1, "a"), frozenset({"b", "a"}), {"a": 1, 2: (3,)}, np.array([True, False]),
        np.array(["x", "yy"]), np.array(["a", "b"], dtype=object), np.arange(4, dtype=np.int64).reshape(2, 2), float("inf"),
        pd.Timestamp("2024-03-01 12:00"),
    ],
)  # fmt: skip
def test_values_come_back_as_they_were(value):
    again = through_json(value)
    if isinstance(value, np.ndarray):
        assert again.dtype == value.dtype
        assert again.tolist() == value.tolist()
    else:
        assert again == value
        assert type(again) is type(value)


@pytest.mark.parametrize("make", every_scorer())
def test_scorers_give_the_same_log_odds_and_parts(make):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, len(NAMES)))
    left = (rng.random(300) < 1 / (1 + np.exp(-features[:, 0]))).astype(float)
    takes_scorers = "scorers" in inspect.signature(make).parameters
    scorer = (make([HingeLogistic(), HingeLogistic(0.1)], np.array([0.4, 0.6])) if takes_scorers else make()).fit(features, left)
    again = through_json(scorer)
    assert np.array_equal(again.log_odds(features), scorer.log_odds(features))
    assert np.array_equal(again.contributions(features), scorer.contributions(features))


def test_purchase_models_give_the_same_expectations():
    rng = np.random.default_rng(1)
    x = rng.poisson(2.0, 200).astype(float)
    age = rng.uniform(50, 300, 200)
    t_x = np.where(x > 0, age * rng.uniform(0, 1, 200), 0.0)
    model = fit_purchases(x, t_x, age)
    assert np.array_equal(through_json(model).expected_purchases(x, t_x, age, 30.0), model.expected_purchases(x, t_x, age, 30.0))


@pytest.mark.parametrize("value", [print, lambda: 1, object(), np.array([object()]), pd.DataFrame(), HingeLogistic])
def test_what_is_no_data_is_refused(value):
    with pytest.raises(InvalidArgument):
        to_plain(value)


@pytest.mark.parametrize(
    "plain",
    [
        {"kind": "object", "class": "os:system", "state": {}},
        {"kind": "object", "class": "churn.churn_model:learn", "state": {}},
        {"kind": "object", "class": "churn.churn_model:np", "state": {}},
        {"kind": "object", "class": "churn.gone:Gone", "state": {}},
        {"kind": "object", "class": "churn.scorers.boosted_trees:Trees"},
        {"kind": "array", "dtype": "object", "shape": [3], "values": ["a"]},
        {"kind": "array", "dtype": "V8", "shape": [1], "values": [0]},
        {"kind": "xgboost", "model": "no model"},
        {"kind": "something else"},
        {"no": "kind"},
    ],
)
def test_what_was_tampered_with_is_refused(plain):
    with pytest.raises(StoreFailed):
        from_plain(plain)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists, max_leaves=10))
def test_json_values_come_back(value):
    assert through_json(value) == value
