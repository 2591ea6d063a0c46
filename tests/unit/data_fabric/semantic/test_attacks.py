"""Hostile text in every place where a caller may write: it is refused with a typed error, or it is a value that nothing equals."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from cyberpunk_ai.core.errors import CyberpunkError, InvalidArgument, NotFound
from tests.examples import examples

if TYPE_CHECKING:
    from cyberpunk_ai.data_fabric.semantic.query import SemanticLayer

ATTACKS = [
    "' OR 1=1 --",
    "x'; DROP TABLE orders; --",
    "x' UNION ALL SELECT email, 1 FROM customers --",
    "{p0:String}",
    "{p0: String}') OR (1=1",
    "\\' OR 1=1 --",
    "\\",
    "'",
    "''",
    "%s %(p0)s",
    "`region`",
    "file('/etc/passwd')",
    "1) OR (1=1",
    "/* */ OR 1=1",
    "/*! OR 1=1 */",
    "\n\t\r",
    "\uff07 OR \uff071\uff07=\uff071",
    "a" * 10_000,
    "\u202e'--",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_values_are_only_values(layer: SemanticLayer, attack: str) -> None:
    assert layer.query("revenue", where={"product": attack}).value == 0.0
    assert layer.query("revenue", where={"product": {"not": [attack, "Desk"]}}).value == 480.0
    assert layer.query("revenue", row_filter={"region": attack}).value == 0.0
    answer = layer.query("revenue", where={"product": attack})
    assert attack not in answer.sql or attack in {"'", "''"}
    with pytest.raises(InvalidArgument):
        layer.query("revenue", where={"region": attack})


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_names_are_refused(layer: SemanticLayer, attack: str) -> None:
    for question in ({"metric": attack}, {"metric": "revenue", "by": attack}, {"metric": "revenue", "where": {attack: "x"}}):
        with pytest.raises(NotFound):
            layer.query(**question)
    for name in ("period", "grain", "compare", "order"):
        if name == "period" and not attack.strip():
            continue  # blank means all data
        with pytest.raises(InvalidArgument):
            layer.query("revenue", **{name: attack}, **({"period": "2024"} if name == "compare" else {}))


@pytest.mark.parametrize(
    "value", [{"or": "x"}, {"not": "x", "like": "y"}, [], [[]], [{}], {"not": []}, object(), "a\x00b", ["x"] * 1001, b"x"]
)
def test_malformed_conditions_are_refused(layer: SemanticLayer, value: object) -> None:
    with pytest.raises(InvalidArgument):
        layer.query("revenue", where={"product": value})


@pytest.mark.parametrize("metric", [[], 7, None, {"revenue"}, ["revenue"] * 13, ["revenue", 7]])
def test_malformed_metrics_are_refused_or_read(layer: SemanticLayer, metric: object) -> None:
    if metric == {"revenue"}:
        assert layer.query(metric).value == 660.0
        return
    with pytest.raises((InvalidArgument, NotFound)):
        layer.query(metric)


@examples(25, 500, suppress=(HealthCheck.function_scoped_fixture,))
@given(value=st.text(max_size=40))
def test_no_text_at_all_gets_out_of_its_place(layer: SemanticLayer, value: str) -> None:
    try:
        inside = layer.query("revenue", where={"product": value}).value
        outside = layer.query("revenue", where={"product": {"not": value}}).value
    except CyberpunkError as error:
        assert isinstance(error, InvalidArgument)
        return
    assert inside + outside == pytest.approx(660.0)


def test_threads_may_share_a_layer(layer: SemanticLayer) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: layer.query("revenue", by="region", grain="month").total, range(24)))
    assert set(answers) == {660.0}
