"""What must hold for any data: slices add up, filters and splits agree, a comparison with itself changes nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberpunk_ai.data_fabric.semantic.query import SemanticLayer

ADDITIVE = ["revenue", "units_sold", "new_customers"]
SPLITS = ["region", "country", "segment", "channel", "campaign"]
LINE = st.tuples(
    st.integers(0, 6),
    st.integers(0, 400),
    st.sampled_from(["ada", "bob", "cat", None, ""]),
    st.sampled_from(["Desk", "O'Brien's \\ lamp", "日本", None]),
    st.sampled_from(["Furniture", "Apparel", "", None]),
    st.sampled_from(["Web", "Retail", None]),
    st.sampled_from(["EMEA", "APAC", "", None]),
    st.integers(1, 10_000),
    st.booleans(),
)


def shop(drawn: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    found = []
    for number, (order, day, customer, product, category, channel, region, cents, is_refund) in enumerate(drawn):
        amount = (-1 if is_refund else 1) * cents / 100
        moment = date(2023, 1, 1) + timedelta(days=day)
        found.append((f"o{order}", str(number), str(moment), customer, product, category, channel, region, amount, None, is_refund))
    return found


@examples(12, 96, suppress=(HealthCheck.function_scoped_fixture,))
@given(drawn=st.lists(LINE, min_size=1, max_size=25), grain=st.sampled_from(["day", "week", "month", "quarter", "year"]))
def test_additive_metrics_add_up_over_every_split(
    make_layer: Callable[..., SemanticLayer], drawn: list[tuple[object, ...]], grain: str
) -> None:
    layer = make_layer(shop(drawn))
    whole = layer.query(ADDITIVE)
    for by in [*([name] for name in SPLITS), ["region", "channel"], []]:
        answer = layer.query(ADDITIVE, by=by, grain=grain)
        for metric in ADDITIVE:
            assert answer.frame[metric].sum() == pytest.approx(whole.totals[metric], abs=1e-6)
            assert answer.totals[metric] == pytest.approx(whole.totals[metric], abs=1e-6)


@examples(8, 64, suppress=(HealthCheck.function_scoped_fixture,))
@given(drawn=st.lists(LINE, min_size=1, max_size=25), by=st.sampled_from(["region", "channel", "product"]))
def test_filtering_by_a_value_gives_its_slice(make_layer: Callable[..., SemanticLayer], drawn: list[tuple[object, ...]], by: str) -> None:
    layer = make_layer(shop(drawn))
    metrics = ["revenue", "orders", "avg_order_value", "active_customers"]
    answer = layer.query(metrics, by=by)
    assert set(answer.frame[by]) == set(layer.values(by))
    for row in answer.frame.to_dict("records"):
        alone = layer.query(metrics, where={by: row[by]})
        for metric in metrics:
            assert (alone.totals[metric] is None) == (row[metric] != row[metric])
            assert alone.totals[metric] is None or alone.totals[metric] == pytest.approx(row[metric])
        others = layer.query("revenue", where={by: {"not": row[by]}})
        assert others.value + row["revenue"] == pytest.approx(answer.total, abs=1e-6)
