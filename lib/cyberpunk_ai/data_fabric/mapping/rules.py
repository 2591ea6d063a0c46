"""Rules that make a canonical column out of source columns. A rule sees whole columns and returns values with a mask of misfits."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.errors import ContractBroken
from cyberpunk_ai.data_fabric.mapping.casts import cast, to_arrow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from cyberpunk_ai.core.contracts import Kind
    from cyberpunk_ai.data_fabric.files.formats import ColumnFormat
    from cyberpunk_ai.data_fabric.mapping.declaration import FieldRule


@dataclass(frozen=True)
class Misfit:
    """Source column and mask of the values that did not fit a kind."""

    column: str
    wrong: np.ndarray
    kind: Kind


@dataclass(frozen=True)
class RuleInput:
    """What a rule may look at.

    Attributes:
        rows: Source rows; the index numbers them within the stream.
        formats: Notation of text columns.
        stream: Name of the stream, for identities.
    """

    rows: pd.DataFrame
    formats: Mapping[str, ColumnFormat]
    stream: str

    def column(self, name: str) -> pa.Array:
        """Return a source column.

        Raises:
            ContractBroken: The source no longer has it.
        """
        if name not in self.rows.columns:
            raise ContractBroken(
                f"column {name!r} is missing",
                hint=f"columns seen: {', '.join(map(str, self.rows.columns))}; correct the mapping",
                column=name,
            )
        return to_arrow(self.rows[name])

    def typed(self, name: str, kind: Kind) -> tuple[pa.Array, list[Misfit]]:
        """Return a source column cast to a kind, with its misfits."""
        values, wrong = cast(self.column(name), kind, self.formats.get(name))
        return values, [Misfit(name, wrong, kind)] if wrong.any() else []


Outcome = tuple["pa.Array", list[Misfit]]


def apply_rule(rule: FieldRule, kind: Kind, given: RuleInput) -> Outcome:
    """Return the canonical column that a rule makes, with the misfits of its inputs."""
    return RULES[rule.rule or ("value" if not rule.inputs else "copy")](rule, kind, given)


def _copy(rule: FieldRule, kind: Kind, given: RuleInput) -> Outcome:
    return given.typed(rule.inputs[0], kind)


def _value(rule: FieldRule, kind: Kind, given: RuleInput) -> Outcome:
    import pandas as pd

    values, wrong = cast(to_arrow(pd.Series([rule.value] * len(given.rows), dtype=object)), kind)
    if kind == "string" and rule.value == "":
        import pyarrow as pa

        values = pa.array([""] * len(given.rows), type=pa.string())
    return values, [Misfit("value", wrong, kind)] if wrong.any() else []


def _identifier(rule: FieldRule, _kind: Kind, given: RuleInput) -> Outcome:
    """Text of an id: 17850.0 and 17850 are the same customer, an empty one is none."""
    import pyarrow.compute as pc

    values, misfits = given.typed(rule.inputs[0], "string")
    return pc.replace_substring_regex(values, r"^(\d+)\.0+$", r"\1"), misfits


def _first_filled(rule: FieldRule, kind: Kind, given: RuleInput) -> Outcome:
    import pyarrow.compute as pc

    parts = [given.typed(name, kind) for name in rule.inputs]
    return pc.coalesce(*(values for values, _ in parts)), [misfit for _, misfits in parts for misfit in misfits]


def _product(rule: FieldRule, _kind: Kind, given: RuleInput) -> Outcome:
    import pyarrow.compute as pc

    (left, faults), (right, more) = given.typed(rule.inputs[0], "float"), given.typed(rule.inputs[1], "float")
    # Money to a tenth of a cent: 3 times 4.95 must not be 14.850000000000001.
    return pc.round(pc.multiply(left, right), ndigits=6), faults + more


def _quotient(rule: FieldRule, _kind: Kind, given: RuleInput) -> Outcome:
    import pyarrow as pa
    import pyarrow.compute as pc

    (left, faults), (right, more) = given.typed(rule.inputs[0], "float"), given.typed(rule.inputs[1], "float")
    right = pc.if_else(pc.equal(right, 0.0), pa.scalar(None, pa.float64()), right)
    return pc.fill_null(pc.round(pc.divide(left, right), ndigits=6), 0.0), faults + more


def _row(_rule: FieldRule, _kind: Kind, given: RuleInput) -> Outcome:
    """Identity of a row: its place in the file, its key in the source, or else its content. The same in every sync."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if given.rows.index.name == "line":  # said before, when the row was set aside
        return pa.array(given.rows.index.to_numpy()).cast(pa.string()), []
    if given.rows.index.name in ("row", "key"):
        names = pa.array(given.rows.index.to_numpy()).cast(pa.string())
        return pc.binary_join_element_wise(pa.scalar(given.stream), names, "#"), []
    seen: Counter[str] = Counter()
    marks = []
    for record in given.rows.astype(object).itertuples(index=False, name=None):
        mark = hashlib.blake2b(repr(record).encode(), digest_size=8).hexdigest()
        seen[mark] += 1
        marks.append(mark if seen[mark] == 1 else f"{mark}-{seen[mark]}")
    return pa.array([f"{given.stream}#{mark}" for mark in marks], type=pa.string()), []


def _refund(rule: FieldRule, _kind: Kind, given: RuleInput) -> Outcome:
    """A row is a refund when its id starts with the prefix, or its number (the last column) is below zero."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    result = pa.array(np.zeros(len(given.rows), dtype=bool))
    misfits: list[Misfit] = []
    for position, name in enumerate(rule.inputs):
        if rule.prefix and position == 0:
            text, _ = given.typed(name, "string")
            is_refund = pc.fill_null(pc.starts_with(text, rule.prefix), fill_value=False)
        else:
            number, faults = given.typed(name, "float")
            misfits += faults
            is_refund = pc.fill_null(pc.less(number, 0.0), fill_value=False)
        result = pc.or_(result, is_refund)
    return result, misfits


def _choices(rule: FieldRule, kind: Kind, given: RuleInput) -> Outcome:
    """Translate the source's words; a word that is not listed stays as it is."""
    import pandas as pd

    values, misfits = given.typed(rule.inputs[0], "string")
    words = values.to_pandas()
    translated = words.map(rule.choices).where(words.isin(list(rule.choices)), words)
    result, wrong = cast(to_arrow(pd.Series(translated, dtype=object)), kind)
    return result, misfits + ([Misfit(rule.inputs[0], wrong, kind)] if wrong.any() else [])


def _joined(rule: FieldRule, _kind: Kind, given: RuleInput) -> Outcome:
    """First name and last name make a name."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = [pc.fill_null(given.typed(name, "string")[0], "") for name in rule.inputs]
    text = pc.utf8_trim_whitespace(pc.binary_join_element_wise(*parts, " "))
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text), []


RULES: dict[str, Callable[[Any, Any, Any], Outcome]] = {
    "copy": _copy,
    "value": _value,
    "identifier": _identifier,
    "first_filled": _first_filled,
    "product": _product,
    "quotient": _quotient,
    "row": _row,
    "refund": _refund,
    "choices": _choices,
    "joined": _joined,
}
