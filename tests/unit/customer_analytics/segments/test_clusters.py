"""Clusters: everybody is in exactly one, planted groups are found, names say how they differ."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from cyberpunk_ai.core.errors import InvalidArgument, TooLittleData
from cyberpunk_ai.customer_analytics.segments.clusters import cluster_customers
from tests.examples import examples


def planted(count: int = 300) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    kind = np.repeat([0, 1], count // 2)
    return pd.DataFrame(
        {
            "recency_days": np.where(kind, 5, 300) * rng.lognormal(0, 0.1, count),
            "frequency": np.where(kind, 40, 2) * rng.lognormal(0, 0.1, count),
            "monetary": np.where(kind, 5_000, 30) * rng.lognormal(0, 0.1, count),
            "churn_probability": np.where(kind, 0.1, 0.9),
        }
    ), kind


def test_planted_groups_are_found_and_named_by_how_they_differ() -> None:
    customers, kind = planted()
    names, table = cluster_customers(customers)
    assert adjusted_rand_score(kind, names) == 1
    assert len(table) == 2
    good = names[kind == 1][0]
    assert {"recent", "frequent", "high value"} == set(good.split(", "))
    assert table.set_index("cluster").loc[good, "churn_probability"] == pytest.approx(0.1)


@examples(15, 120)
@given(st.integers(1, 60), st.integers(2, 8), st.integers(0, 99))
def test_everybody_is_in_exactly_one_cluster(count: int, clusters: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    customers = pd.DataFrame(
        {"recency_days": rng.integers(0, 9, count), "frequency": rng.integers(1, 4, count), "monetary": rng.normal(size=count)}
    )
    names, table = cluster_customers(customers, clusters=clusters, seed=seed)
    assert len(names) == count
    assert set(names) <= set(table["cluster"])
    assert table["cluster"].is_unique
    assert table["customers"].sum() == count
    assert table["share"].sum() == pytest.approx(1)


def test_the_same_seed_gives_the_same_groups() -> None:
    customers, _ = planted()
    one, other = cluster_customers(customers, clusters=4, seed=2)[0], cluster_customers(customers, clusters=4, seed=2)[0]
    assert (one == other).all()


def test_identical_customers_are_one_group() -> None:
    customers = pd.DataFrame({"recency_days": [3] * 50, "frequency": [1] * 50, "monetary": [9.0] * 50})
    names, table = cluster_customers(customers)
    assert set(names) == {"typical"}
    assert len(table) == 1


@pytest.mark.parametrize("asked", [0, 1, 51, False])
def test_an_impossible_number_is_refused(asked: int) -> None:
    with pytest.raises(InvalidArgument):
        cluster_customers(planted()[0], clusters=asked)


def test_customers_without_purchases_cannot_be_grouped() -> None:
    with pytest.raises(TooLittleData):
        cluster_customers(pd.DataFrame({"recency_days": [np.nan], "frequency": [np.nan], "monetary": [np.nan]}))
