"""Forecasts of a tree add up, with the least change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument
from cyberpunk_ai.forecasting.hierarchy import build_tree, forecast_hierarchy, reconcile


def stores(count: int = 60, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for region, store, level in (("north", "a", 50), ("north", "b", 80), ("south", "c", 120)):
        values = level + 0.4 * np.arange(count) + 0.2 * level * np.sin(2 * np.pi * np.arange(count) / 12) + rng.normal(0, 4, count)
        rows.append(
            pd.DataFrame({"ds": pd.date_range("2018-01-01", periods=count, freq="MS"), "y": values, "region": region, "store": store})
        )
    return pd.concat(rows, ignore_index=True)


def test_two_parts_and_their_sum_by_hand():
    # Base 10 + 20 against 36: without weights every node gives a third of the gap of 6.
    sums = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    base = np.array([[36.0], [10.0], [20.0]])
    assert reconcile(base, sums, np.eye(3)).ravel() == pytest.approx([34, 12, 22])
    # Parts that are known exactly do not move.
    assert reconcile(base, sums, np.diag([1.0, 1e-9, 1e-9])).ravel() == pytest.approx([30, 10, 20])


@given(st.integers(2, 6), st.integers(0, 10_000))
def test_reconciled_forecasts_add_up_and_stay_if_they_did(parts, seed):
    rng = np.random.default_rng(seed)
    sums = np.vstack([np.ones(parts), np.eye(parts)])
    square = rng.normal(size=(parts + 1, parts + 1))
    weights = square @ square.T + np.eye(parts + 1)
    joint = reconcile(rng.normal(10, 5, (parts + 1, 3)), sums, weights)
    assert np.allclose(joint[0], joint[1:].sum(axis=0))
    assert np.allclose(reconcile(joint, sums, weights), joint)


def test_the_tree_holds_every_beginning_of_its_keys():
    tree = build_tree(stores(), ["region", "store"])
    assert tree.nodes["unique_id"].tolist() == ["total", "north", "south", "north / a", "north / b", "south / c"]
    assert tree.nodes["level"].tolist() == ["total", "region", "region", *["region/store"] * 3]
    assert tree.sums[1].tolist() == [1, 1, 0]
    crossed = build_tree(stores().assign(kind=["x", "y"] * 90), ["region", "kind"], [["region"], ["kind"]])
    assert crossed.nodes["level"].value_counts().to_dict() == {"region/kind": 4, "region": 2, "kind": 2, "total": 1}


@pytest.mark.parametrize("method", ["auto", "mint", "wls", "ols", "bottom_up"])
def test_every_method_adds_up_with_ordered_intervals(method):
    answer = forecast_hierarchy(stores(), by=["region", "store"], horizon=6, method=method, models=("theta", "ets"))
    wide = answer.forecast.pivot(index="ds", columns="unique_id", values="mean")
    assert np.allclose(wide["total"], wide["north"] + wide["south"])
    assert np.allclose(wide["north"], wide["north / a"] + wide["north / b"])
    ordered = answer.forecast[["lo-95", "lo-80", "mean", "hi-80", "hi-95"]].to_numpy()
    assert np.isfinite(ordered).all()
    assert (np.diff(ordered, axis=1) >= 0).all()
    assert answer.gains["level"].tolist() == ["total", "region", "region/store"]
    if method == "auto":
        assert any(f"reconciled by {answer.method}" in note for note in answer.notes)
    if method == "bottom_up":
        bottom = answer.base.pivot(index="ds", columns="unique_id", values="mean")
        assert np.allclose(wide["north / a"], bottom["north / a"])


def test_a_missing_row_is_no_demand_and_nothing_falls_below_zero():
    rows = stores()
    rows = rows[~((rows["store"] == "a") & (rows["ds"] < "2021-01-01"))]
    answer = forecast_hierarchy(rows, by=["region", "store"], horizon=3, models=("theta",))
    history = answer.history.set_index(["unique_id", "ds"])["y"]
    assert history["north / a"].loc["2020-12-01"] == 0
    assert (answer.forecast[["mean", "lo-95"]] >= 0).all().all()


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"by": ["country"]}, ContractBroken, "'country' is missing"),
        ({"by": []}, InvalidArgument, "at least one"),
        ({"by": ["region"], "method": "best"}, InvalidArgument, "method must be one of auto"),
        ({"by": ["region"], "groups": [["colour"]]}, InvalidArgument, "groups"),
    ],
)
def test_illegal_trees_are_refused(asked, error, words):
    with pytest.raises(error, match=words):
        forecast_hierarchy(stores(), horizon=3, **asked)
    with pytest.raises(ContractBroken, match="no key"):
        build_tree(stores().assign(region=None), ["region"])
