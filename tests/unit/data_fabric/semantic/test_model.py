"""The model as shipped, and the user's own file over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from cyberpunk_ai.core.errors import SettingsInvalid
from cyberpunk_ai.data_fabric.semantic.model import load_model

if TYPE_CHECKING:
    from pathlib import Path


def test_ids_and_values_are_those_of_the_shared_vocabulary(shared_data: Path) -> None:
    vocabulary = yaml.safe_load((shared_data / "chat" / "semantic.yml").read_text(encoding="utf-8"))
    model = load_model()
    assert set(model.metrics) == {name for group in vocabulary["metrics"].values() for name in group}
    assert set(model.dimensions) == set(vocabulary["dimensions"])
    for name, values in vocabulary["dimensions"].items():
        assert list(model.dimensions[name].values) == ([] if values == "open" else values)


def test_every_metric_says_what_it_means() -> None:
    model = load_model()
    for metric in model.metrics.values():
        assert metric.description.endswith("."), metric.id
        assert metric.synonyms, metric.id
        assert model.dimensions_of(metric), metric.id


def test_an_own_file_adds_changes_and_removes(tmp_path: Path) -> None:
    own = tmp_path / "own.yml"
    own.write_text(
        "calendar: {fiscal_year_start: 4}\n"
        "dimensions:\n  region: {values: [North, South]}\n"
        "metrics:\n"
        "  clv: null\n"
        "  revenue: {label: Umsatz}\n"
        "  web_revenue: {label: Web revenue, description: Web., table: orders, unit: currency,\n"
        "    expression: \"sumIf(amount, channel = 'Web')\"}\n",
        encoding="utf-8",
    )
    model = load_model(own)
    assert "clv" not in model.metrics
    assert (model.metrics["revenue"].label, model.metrics["revenue"].expression) == ("Umsatz", "sum(amount)")
    assert model.dimensions["region"].values == ("North", "South")
    assert model.calendar.fiscal_year_start == 4
    assert model.metrics["web_revenue"].expression == "sumIf(amount, channel = 'Web')"


def test_all_problems_are_listed_at_once_with_their_paths(tmp_path: Path) -> None:
    own = tmp_path / "own.yml"
    own.write_text(
        "joins:\n  orders: {assets: customer_id}\n"
        "dimensions:\n"
        "  mail: {label: Mail, columns: {customers: email}}\n"
        "  colour: {label: Colour, columns: {orders: colour, nowhere: x, demand: assets.site}}\n"
        "metrics:\n"
        "  bad: {label: Bad, description: Bad., table: orders, unit: count, expression: \"sum(file('/etc/passwd'))\"}\n"
        "  lost: {label: Lost, description: Lost., table: nowhere, unit: count, expression: count()}\n"
        "  none: {label: None, description: None., table: orders, unit: count}\n"
        "  orders: {synonyms: [sales], additive: true}\n",
        encoding="utf-8",
    )
    with pytest.raises(SettingsInvalid) as caught:
        load_model(own)
    problems = caught.value.details["problems"]
    for path in (
        "joins.orders.assets", "dimensions.mail.columns.customers", "dimensions.colour.columns.orders", "dimensions.colour.columns.nowhere",
        "dimensions.colour.columns.demand", "metrics.bad.expression", "metrics.lost.table", "metrics.none", "metrics.orders.synonyms",
        "metrics.orders.additive",
    ):  # fmt: skip
        assert any(problem.startswith(path) for problem in problems), path


def test_wrong_shapes_are_listed_with_their_paths(tmp_path: Path) -> None:
    own = tmp_path / "own.yml"
    own.write_text(
        "calendar: {week_start: sunday}\nmetrics:\n  revenue: {good_direction: sideways, sql: drop}\n  odd: 7\n", encoding="utf-8"
    )
    with pytest.raises(SettingsInvalid) as caught:
        load_model(own)
    paths = {problem.split(":")[0] for problem in caught.value.details["problems"]}
    assert {"calendar.week_start", "metrics.revenue.good_direction", "metrics.revenue.sql", "metrics.odd"} <= paths


@pytest.mark.parametrize("text", ["- a list", "just words", "metrics: [1", "metrics: 3", "\x00"])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, text: str) -> None:
    own = tmp_path / "own.yml"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsInvalid):
        load_model(own)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match=r"absent\.yml"):
        load_model(tmp_path / "absent.yml")


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    own = tmp_path / "own.yml"
    own.write_text("", encoding="utf-8")
    assert load_model(own) == load_model()
