"""What a user may declare: for every canonical column a source column, a rule over columns, or a fixed value."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - pydantic needs it at run time
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.data_fabric.tables import TABLES, table


class FieldRule(BaseModel):
    """Where one canonical column comes from.

    Attributes:
        column: Source column, for rules over one column.
        columns: Source columns, for rules over several.
        rule: Name of the rule, see `rules.RULES`; `copy` when empty.
        value: Fixed value for every row.
        prefix: For the rule `refund`: how ids of refunds start.
        choices: For the rule `choices`: value of the source to canonical value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str | None = None
    columns: tuple[str, ...] = ()
    rule: str | None = None
    value: str | float | bool | None = None
    prefix: str | None = None
    choices: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @property
    def inputs(self) -> tuple[str, ...]:
        """Source columns that the rule reads."""
        return ((self.column,) if self.column else ()) + self.columns

    def __str__(self) -> str:
        if not self.inputs and not self.rule:
            return f"always {self.value!r}"
        names = ", ".join(self.inputs)
        if self.rule in (None, "copy"):
            return names
        return f"{self.rule}({names})" + (f" starting with {self.prefix!r}" if self.prefix else "")


class StreamMapping(BaseModel):
    """How a stream fills one canonical table.

    Attributes:
        table: Canonical table.
        columns: Canonical column to where it comes from.
        derive_customers: Whether customers named by orders are added to the table of customers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    columns: dict[str, FieldRule]
    derive_customers: bool = True

    @model_validator(mode="after")
    def _fits(self) -> StreamMapping:
        from cyberpunk_ai.data_fabric.mapping.rules import RULES

        if self.table not in TABLES:
            raise ValueError(f"no table is called {self.table!r}; tables: {', '.join(TABLES)}")
        known = table(self.table).contract.names
        unknown = [name for name in self.columns if name not in known]
        if unknown:
            raise ValueError(f"{self.table} has no column {', '.join(map(repr, unknown))}; columns: {', '.join(known)}")
        rules = [field.rule for field in self.columns.values() if field.rule is not None and field.rule not in RULES]
        if rules:
            raise ValueError(f"no rule is called {', '.join(map(repr, rules))}; rules: {', '.join(RULES)}")
        return self

    @property
    def inputs(self) -> set[str]:
        """Source columns that are used."""
        return {name for field in self.columns.values() for name in field.inputs}


def read_mapping(values: Mapping[str, Any] | None) -> dict[str, StreamMapping]:
    """Read a declared mapping.

    Args:
        values: One mapping `{"table": …, "columns": {…}}` for all streams, or one per stream name; None for none.

    Returns:
        Mapping per stream name; `*` stands for every other stream.

    Raises:
        InvalidArgument: A table, column or rule does not exist; all problems are listed.
    """
    if not values:
        return {}
    per_stream = {"*": values} if "table" in values and isinstance(values["table"], str) else values
    try:
        return {str(name): StreamMapping.model_validate(item) for name, item in per_stream.items()}
    except ValidationError as error:
        problems = [item["msg"].removeprefix("Value error, ") for item in error.errors()]
        raise InvalidArgument(
            f"mapping: {'; '.join(problems)}",
            hint='a mapping is {"table": "orders", "columns": {"order_id": "Invoice"}}',
            problems=problems,
        ) from None
