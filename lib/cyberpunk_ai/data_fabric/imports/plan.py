"""An import plan: which table a file is, where every column comes from, how sure that is. It can be read, corrected and registered."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - a field of a public dataclass, kept resolvable
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.data_fabric.mapping.declaration import FieldRule, StreamMapping
from cyberpunk_ai.data_fabric.mapping.sorting import with_defaults
from cyberpunk_ai.data_fabric.tables import TABLES
from cyberpunk_ai.data_fabric.tables import table as canonical

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ImportPlan(Result):
    """How a file would be imported.

    Attributes:
        path: The file, or None for a frame.
        table: Canonical table.
        mapping: Canonical column to the source column that it is read from.
        rules: Canonical column to its rule, for those that are more than a copy.
        confidence: From 0 to 1, how sure the guess is.
        unmapped: Source columns that nothing reads.
        missing: Canonical columns that the table needs and nothing fills.
        columns: All source columns.
        sample: First rows as they stand in the file.
        notes: What is worth knowing: notation found, what could be read in two ways.
    """

    path: Path | None
    table: str
    mapping: dict[str, str]
    rules: dict[str, FieldRule]
    confidence: float
    unmapped: tuple[str, ...]
    missing: tuple[str, ...]
    columns: tuple[str, ...]
    sample: pd.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether every column that the table needs is filled."""
        return not self.missing

    @property
    def stream_mapping(self) -> StreamMapping:
        """The plan as a declared mapping."""
        fields = {name: FieldRule(column=column) for name, column in self.mapping.items()} | self.rules
        return StreamMapping(table=self.table, columns=fields)

    def correct(self, *, table: str | None = None, **mapping: str | dict[str, Any] | None) -> ImportPlan:
        """Return a new plan with another table or other columns.

        Args:
            table: Canonical table; the columns are guessed anew for it.
            **mapping: Canonical column to a source column or a rule; None takes a column out.

        Raises:
            InvalidArgument: A table, canonical column, source column or rule does not exist.
        """
        from cyberpunk_ai.data_fabric.imports.guess import columns_for

        if table is not None and table not in TABLES:
            raise InvalidArgument(f"no table is called {table!r}", hint=f"tables: {', '.join(TABLES)}")
        plan = self if table in (None, self.table) else columns_for(str(table), self)
        known = canonical(plan.table).contract.names
        names, rules = dict(plan.mapping), dict(plan.rules)
        for name, given in mapping.items():
            if name not in known:
                raise InvalidArgument(f"{plan.table} has no column {name!r}", hint=f"columns: {', '.join(known)}")
            names.pop(name, None)
            rules.pop(name, None)
            if given is None:
                continue
            field = _field(given)
            unknown = [column for column in field.inputs if column not in self.columns]
            if unknown:
                raise InvalidArgument(f"the file has no column {', '.join(map(repr, unknown))}", hint=f"columns: {', '.join(self.columns)}")
            if field.rule is None and field.column is not None:
                names[name] = field.column
                if name.endswith("_id") and name != "line_id":
                    rules[name] = FieldRule(column=field.column, rule="identifier")
            else:
                rules[name] = field
        # Rules that were derived from columns which are named differently now are derived again.
        return settle(dataclasses.replace(plan, mapping=names, rules=rules, confidence=1.0 if mapping else plan.confidence))

    def source(self, name: str | None = None) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Return the plan as a source to register: its name, the config of `csv_files`, the declared mapping.

        Raises:
            InvalidArgument: The plan is of a frame, or lacks columns that the table needs.
        """
        if self.path is None:
            raise InvalidArgument("a frame has no path to read again", hint="save it as a file and plan that")
        if self.missing:
            raise InvalidArgument(
                f"{self.table}: nothing fills {', '.join(self.missing)}",
                hint=f"plan.correct({self.missing[0]}='…'); columns: {', '.join(self.columns)}",
                missing=list(self.missing),
            )
        plain_name = name or re.sub(r"[^0-9a-z]+", "_", self.path.stem.lower()).strip("_") or "import"
        return plain_name, {"path": str(self.path.absolute())}, self.stream_mapping.model_dump(mode="json", exclude_defaults=True)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per canonical column: where it comes from, and the first values there."""
        import pandas as pd

        fields = with_defaults(self.stream_mapping)
        rows = []
        for column in canonical(self.table).contract.columns:
            if column.name in ("source", "updated_at") and column.name not in fields:
                continue
            field = fields.get(column.name)
            inputs = [name for name in (field.inputs if field else ()) if name in self.sample.columns]
            example = self.sample[inputs[0]].dropna().astype(str).head(2).tolist() if inputs else []
            rows.append(
                {
                    "column": column.name, "needed": not column.nullable, "from": str(field) if field else "",
                    "example": ", ".join(example),
                }
            )  # fmt: skip
        return pd.DataFrame(rows, columns=["column", "needed", "from", "example"])

    def __str__(self) -> str:
        name = self.path.name if self.path else "frame"
        lines = [f"{name} looks like {self.table} ({self.confidence:.0%} sure)"]
        fields = with_defaults(self.stream_mapping)
        lines += [f"  {column:<14} <- {fields[column]}" for column in canonical(self.table).contract.names if column in fields]
        if self.unmapped:
            lines.append(f"  not used: {', '.join(self.unmapped)}")
        if self.missing:
            lines.append(f"  still needed: {', '.join(self.missing)}")
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])


def settle(plan: ImportPlan) -> ImportPlan:
    """Bring a plan in line with its columns: what is unused, what is missing, rules whose inputs are gone."""
    fields = with_defaults(plan.stream_mapping)
    used = {name for field in fields.values() for name in field.inputs}
    contract = canonical(plan.table).contract
    missing = tuple(c.name for c in contract.columns if not c.nullable and c.name not in fields and c.name not in ("source", "updated_at"))
    if plan.table == "orders" and "amount" not in fields:
        missing = (*(name for name in missing if name not in ("amount", "unit_price")), "amount")
    return dataclasses.replace(plan, unmapped=tuple(name for name in plan.columns if name not in used), missing=missing)


def _field(given: str | dict[str, Any]) -> FieldRule:
    from pydantic import ValidationError

    from cyberpunk_ai.data_fabric.mapping.rules import RULES

    try:
        field = FieldRule.model_validate(given)
    except ValidationError as error:
        raise InvalidArgument(f"a rule cannot be {given!r}", hint="a column's name, or {'rule': …, 'columns': […]}") from error
    if field.rule is not None and field.rule not in RULES:
        raise InvalidArgument(f"no rule is called {field.rule!r}", hint=f"rules: {', '.join(RULES)}")
    return field
