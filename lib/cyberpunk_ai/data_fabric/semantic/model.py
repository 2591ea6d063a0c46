"""The declared model: metrics, dimensions, joins and the calendar, read from YAML and checked as a whole. Nothing is queried here."""

from __future__ import annotations

from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cyberpunk_ai.core.errors import SettingsInvalid
from cyberpunk_ai.data_fabric.semantic import expressions
from cyberpunk_ai.data_fabric.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Direction = Literal["up", "down", "none"]
Method = Literal["first_sale", "retention", "churn", "historic_value"]
_SECTIONS = ("metrics", "dimensions", "joins", "calendar")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Metric(_Part):
    """Something the business measures. `expression` or `method` says how, `additive` whether slices add up to the total."""

    id: str
    label: str
    description: str
    synonyms: tuple[str, ...] = ()
    table: str
    expression: str | None = None
    method: Method | None = None
    time: str | None = Field(None, description="Column that periods refer to; the table's own when not given.")
    unit: str
    format: str = ",.2f"
    additive: bool = False
    empty: Literal["zero", "missing"] | None = None
    good_direction: Direction = "none"
    not_by: tuple[str, ...] = ()

    @property
    def time_column(self) -> str:
        """Column that periods refer to."""
        return self.time or TABLES[self.table].time_column or ""

    @property
    def zero_when_empty(self) -> bool:
        """Whether no rows mean nought, and not that the value is unknown."""
        return self.additive if self.empty is None else self.empty == "zero"


class Dimension(_Part):
    """Something to split or filter by. `columns` says where it lives per table; `values` names the usual ones."""

    id: str
    label: str
    description: str = ""
    synonyms: tuple[str, ...] = ()
    columns: dict[str, str]
    values: tuple[str, ...] = ()

    @property
    def is_closed(self) -> bool:
        """Whether a value that is neither declared nor in the data is refused."""
        return bool(self.values)


class Calendar(_Part):
    """The business calendar. Weeks start on Monday."""

    week_start: Literal["monday"] = "monday"
    fiscal_year_start: int = Field(1, ge=1, le=12)


class Model(_Part):
    """A checked model. Build it with `load_model`."""

    version: Literal[1] = 1
    calendar: Calendar = Calendar()
    joins: dict[str, dict[str, str]] = {}
    dimensions: dict[str, Dimension]
    metrics: dict[str, Metric]

    @cached_property
    def personal(self) -> frozenset[str]:
        """Columns that tell who a person is, of any table. They can be neither measured nor split nor filtered by."""
        return frozenset(column.name for table in TABLES.values() for column in table.contract.columns if column.pii)

    def dimensions_of(self, metric: Metric) -> tuple[str, ...]:
        """Return the ids of the dimensions that a metric can be split and filtered by."""
        return tuple(name for name, item in self.dimensions.items() if metric.table in item.columns and name not in metric.not_by)


def load_model(extension: Path | None = None) -> Model:
    """Return the packaged model, with an own file merged over it.

    Args:
        extension: YAML of the same shape; its entries win field by field, and `null` removes an entry.

    Raises:
        SettingsInvalid: The file cannot be read, or the merged model is wrong; every problem is listed with its path in the file.
    """
    ours = yaml.safe_load(resources.files(__package__).joinpath("model.yml").read_text(encoding="utf-8"))
    if extension is None:
        return build_model(ours, source="model.yml")
    try:
        theirs = yaml.safe_load(extension.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsInvalid(f"the semantic file {extension} cannot be read: {error}", hint="check CYBERPUNK_SEMANTIC_FILE") from error
    if not isinstance(theirs, dict):
        raise SettingsInvalid(
            f"the semantic file {extension} must hold sections: {', '.join(_SECTIONS)}", hint="see docs/reference/metrics.md"
        )
    return build_model(_merged(ours, theirs), source=str(extension))


def build_model(raw: Mapping[str, Any], *, source: str = "model") -> Model:
    """Check a model given as plain data.

    Raises:
        SettingsInvalid: As for `load_model`.
    """
    with_ids = dict(raw)
    for section in ("metrics", "dimensions"):
        entries = raw.get(section)
        if isinstance(entries, dict):
            with_ids[section] = {name: {**item, "id": name} if isinstance(item, dict) else item for name, item in entries.items()}
    try:
        model = Model.model_validate(with_ids)
        found = _problems(model)
    except ValidationError as error:
        found = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
    if found:
        raise SettingsInvalid(
            f"{source}: {len(found)} problem{'s' * (len(found) > 1)}: " + "; ".join(found),
            hint="correct the file that CYBERPUNK_SEMANTIC_FILE names; docs/reference/metrics.md shows the model in use",
            problems=found,
        )
    return model


def _merged(ours: Any, theirs: Any) -> Any:
    if not (isinstance(ours, dict) and isinstance(theirs, dict)):
        return theirs
    merged = {name: item for name, item in ours.items() if name not in theirs or theirs[name] is not None}
    for name, item in theirs.items():
        if item is not None:
            merged[name] = _merged(ours.get(name), item)
    return merged


def _problems(model: Model) -> list[str]:
    found = _join_problems(model)
    for dimension in model.dimensions.values():
        found += _dimension_problems(model, dimension)
    for metric in model.metrics.values():
        found += _metric_problems(model, metric)
    for section, entries in (("metrics", model.metrics), ("dimensions", model.dimensions)):
        owners: dict[str, str] = {name: name for name in entries}
        for name, entry in entries.items():
            for word in entry.synonyms:
                owner = owners.setdefault(word.casefold(), name)
                if owner != name:
                    found.append(f"{section}.{name}.synonyms: {word!r} already means {owner}")
    return found


def _join_problems(model: Model) -> list[str]:
    found = []
    for left, rights in model.joins.items():
        for right, key in rights.items():
            path = f"joins.{left}.{right}"
            unknown = [name for name in (left, right) if name not in TABLES]
            if unknown:
                found.append(f"{path}: no table {unknown[0]!r}")
            elif key not in TABLES[left].contract.names:
                found.append(f"{path}: {left} has no column {key!r}")
            elif TABLES[right].key != (key,):
                found.append(f"{path}: {key!r} is not the key of {right}, rows would be counted more than once")
    return found


def _dimension_problems(model: Model, dimension: Dimension) -> list[str]:
    found = []
    if not dimension.id.isidentifier():
        found.append(f"dimensions.{dimension.id}: ids are letters, digits and underscores")
    for table, reference in dimension.columns.items():
        path = f"dimensions.{dimension.id}.columns.{table}"
        owner, _, column = reference.rpartition(".")
        owner = owner or table
        if table not in TABLES:
            found.append(f"{path}: no table {table!r}")
        elif owner != table and owner not in model.joins.get(table, {}):
            found.append(f"{path}: no join from {table} to {owner!r} is declared")
        elif column not in TABLES[owner].contract.names:
            found.append(f"{path}: {owner} has no column {column!r}")
        elif TABLES[owner].contract[column].pii:
            found.append(f"{path}: {column!r} is personal and cannot be a dimension")
        elif TABLES[owner].contract[column].kind != "string":
            found.append(f"{path}: {column!r} is no text column")
    return found


def _metric_problems(model: Model, metric: Metric) -> list[str]:
    path = f"metrics.{metric.id}"
    found = [] if metric.id.isidentifier() else [f"{path}: ids are letters, digits and underscores"]
    if (metric.expression is None) == (metric.method is None):
        found.append(f"{path}: needs either an expression or a method")
    if metric.table not in TABLES:
        return [*found, f"{path}.table: no table {metric.table!r}; tables: {', '.join(TABLES)}"]
    contract = TABLES[metric.table].contract
    if metric.method is not None and metric.table != "orders":
        found.append(f"{path}.table: {metric.method} is worked out from orders")
    if metric.time_column not in contract.names or contract[metric.time_column].kind != "timestamp":
        found.append(f"{path}.time: {metric.table} has no timestamp {metric.time_column!r}")
    if metric.expression is not None:
        personal = [column.name for column in contract.columns if column.pii]
        found += [f"{path}.expression: {text}" for text in expressions.problems(metric.expression, contract.names, personal)]
        if metric.additive and not found and not expressions.adds_up(metric.expression):
            found.append(f"{path}.additive: slices of {metric.expression!r} do not add up")
    found += [f"{path}.not_by: no dimension {name!r}" for name in metric.not_by if name not in model.dimensions]
    try:
        format(1.0, metric.format)
    except ValueError as error:
        found.append(f"{path}.format: {error}")
    return found
