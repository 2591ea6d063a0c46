"""Sorts the rows of a batch: those that fit the canonical table, typed, and the others, with the reason. No row is in neither."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.results import to_jsonable
from cyberpunk_ai.core.texts import escape_surrogates
from cyberpunk_ai.data_fabric.mapping.casts import KIND_NAMES
from cyberpunk_ai.data_fabric.mapping.declaration import FieldRule, StreamMapping
from cyberpunk_ai.data_fabric.mapping.rules import Misfit, RuleInput, apply_rule
from cyberpunk_ai.data_fabric.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from cyberpunk_ai.core.contracts import Column
    from cyberpunk_ai.data_fabric.files.formats import ColumnFormat

DRIFT_SHARE = 0.05  # above it the source has changed its notation, and the rows are not to blame
IDENTITIES = ("row", "key", "line")  # names of an index that says which row of the stream a row is
DRIFT_ROWS = 20  # in a smaller batch a single row would already be a drift


@dataclass(frozen=True)
class Quarantined:
    """A row set aside."""

    row_hash: str
    reason: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Sorted:
    """Outcome of a batch: `len(good) + len(bad)` is the number of rows given; `fits` says of each given row where it went."""

    good: pa.Table
    bad: tuple[Quarantined, ...]
    fits: np.ndarray
    warnings: tuple[str, ...] = field(default=())


def sort_rows(
    rows: pd.DataFrame,
    mapping: StreamMapping,
    *,
    stream: str,
    source: str,
    now: datetime,
    formats: Mapping[str, ColumnFormat] | None = None,
    may_drift: bool = True,
) -> Sorted:
    """Map rows to the canonical table and sort good from bad.

    Args:
        rows: Source rows; the index numbers them within the stream.
        mapping: How they fill the table.
        stream: Name of the stream.
        source: Value of the column `source`.
        now: Value of `updated_at` where the mapping has none.
        formats: Notation of text columns.
        may_drift: Whether many misfits of one column are taken for a new notation of the source; not so in a batch of misfits only.

    Raises:
        ContractBroken: A column that the mapping names is missing.
    """
    try:
        return _sorted(rows, mapping, stream, source, now, formats, may_drift, {})
    except UnicodeEncodeError:
        readable, damaged = _without_half_characters(rows)
        return _sorted(readable, mapping, stream, source, now, formats, may_drift, damaged)


def _sorted(
    rows: pd.DataFrame,
    mapping: StreamMapping,
    stream: str,
    source: str,
    now: datetime,
    formats: Mapping[str, ColumnFormat] | None,
    may_drift: bool,
    damaged: Mapping[str, np.ndarray],
) -> Sorted:
    import numpy as np
    import pyarrow as pa

    contract = table(mapping.table).contract
    fields = with_defaults(mapping)
    given = RuleInput(rows, formats or {}, stream)
    count = len(rows)
    columns: dict[str, pa.Array] = {}
    reasons: list[tuple[str, np.ndarray, Misfit | None]] = []
    warnings: list[str] = []
    for column in contract.columns:
        if column.name == "source":
            columns["source"] = pa.array([source] * count, type=pa.string())
            continue
        if column.name not in fields:
            fixed: Any = now.replace(tzinfo=None) if column.name == "updated_at" else None
            columns[column.name] = pa.array([fixed] * count, type=_arrow_kind(column.kind))
        else:
            values, misfits = apply_rule(fields[column.name], column.kind, given)
            columns[column.name] = values.cast(_arrow_kind(column.kind))
            for misfit in misfits:
                share = misfit.wrong.mean()
                if may_drift and share > DRIFT_SHARE and count >= DRIFT_ROWS:
                    fate = "left empty" if column.nullable else "rows set aside"
                    what = f"{misfit.wrong.sum()} of {count} values of {misfit.column!r} are not {KIND_NAMES[misfit.kind]}"
                    warnings.append(f"{stream}: {what}; {fate}")
                    if column.nullable:
                        continue
                reasons.append((column.name, misfit.wrong, misfit))
            reasons += [
                (f"{each}: holds half of a character (a lone surrogate)", damaged[each], None)
                for each in fields[column.name].inputs
                if each in damaged
            ]
        reasons += _out_of_range(column, columns[column.name], reasons)
    bad_mask = np.zeros(count, dtype=bool)
    for _, mask, _misfit in reasons:
        bad_mask |= mask
    ordered = pa.table({column.name: columns[column.name] for column in contract.columns})
    line = fields.get("line_id")
    lines = columns["line_id"] if line is not None and line.rule == "row" and rows.index.name is None else None
    bad = _set_aside(rows, bad_mask, reasons, source, stream, lines) if bad_mask.any() else ()
    return Sorted(ordered.filter(pa.array(~bad_mask)) if bad else ordered, bad, ~bad_mask, tuple(dict.fromkeys(warnings)))


def _without_half_characters(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Write lone halves of surrogate pairs, which no encoding can hold, as escapes; and tell which values of which column held one."""
    import numpy as np

    readable, damaged = rows.copy(), {}
    for name in rows.select_dtypes(include="object").columns:
        escaped = [escape_surrogates(value) for value in rows[name]]
        changed = np.fromiter((isinstance(old, str) and old != new for old, new in zip(rows[name], escaped, strict=True)), bool, len(rows))
        readable[name] = escaped
        if changed.any():
            damaged[str(name)] = changed
    return readable, damaged


def with_defaults(mapping: StreamMapping) -> dict[str, FieldRule]:
    """Complete a mapping by what follows from it: the amount from quantity and price, the identity of a line from its place."""
    fields = dict(mapping.columns)
    if mapping.table == "orders":
        fields.setdefault("line_id", FieldRule(rule="row"))
        quantity, price, amount = (fields[name].inputs if name in fields else () for name in ("quantity", "unit_price", "amount"))
        if not quantity:
            fields.setdefault("quantity", FieldRule(value=1.0))
        if quantity and price:
            fields.setdefault("amount", FieldRule(rule="product", columns=(quantity[0], price[0])))
        elif amount and quantity:
            fields.setdefault("unit_price", FieldRule(rule="quotient", columns=(amount[0], quantity[0])))
        elif amount:
            fields.setdefault("unit_price", fields["amount"])
        elif price:
            fields.setdefault("amount", fields["unit_price"])
        signs = tuple(dict.fromkeys(name for name in (*quantity[:1], *amount[:1]) if name))
        fields.setdefault("is_refund", FieldRule(rule="refund", columns=signs) if signs else FieldRule(value=False))
    if mapping.table == "demand":
        for name in ("region", "channel"):
            fields.setdefault(name, FieldRule(value=""))
    return fields


def row_hash(payload: Any) -> str:
    """Return the hash by which the same bad row is known again."""
    return hashlib.blake2b(repr(payload).encode(), digest_size=16).hexdigest()


def _out_of_range(
    column: Column, values: pa.Array, known: list[tuple[str, np.ndarray, Misfit | None]]
) -> list[tuple[str, np.ndarray, Misfit | None]]:
    import numpy as np
    import pyarrow.compute as pc

    found: list[tuple[str, np.ndarray, Misfit | None]] = []
    if not column.nullable and values.null_count:
        missing = np.array(pc.is_null(values).to_numpy(zero_copy_only=False), dtype=bool)
        for _, wrong, misfit in known:
            if misfit is not None:
                missing &= ~wrong  # already told with a better reason
        if missing.any():
            found.append((f"{column.name}: missing", missing, None))
    limits: dict[str, pa.Array] = {}
    if column.minimum is not None:
        limits[f"below {column.minimum:g}"] = pc.less(values, column.minimum)
    if column.largest is not None:
        limits[f"beyond ±{column.largest:g}"] = pc.greater(pc.abs(values), column.largest)
    if column.between is not None:
        first, last = column.between
        limits[f"not within {first:%Y} to {last:%Y}"] = pc.or_(pc.less(values, first), pc.greater(values, last))
    for reason, wrong in limits.items():
        if pc.any(wrong).as_py():
            mask = np.array(pc.fill_null(wrong, fill_value=False).to_numpy(zero_copy_only=False), dtype=bool)
            found.append((f"{column.name}: {reason}", mask, None))
    return found


def _set_aside(
    rows: pd.DataFrame,
    bad: np.ndarray,
    reasons: list[tuple[str, np.ndarray, Misfit | None]],
    source: str,
    stream: str,
    lines: pa.Array | None,
) -> tuple[Quarantined, ...]:
    import numpy as np

    kept = []
    seen: Counter[str] = Counter()
    positions = np.flatnonzero(bad)
    records = rows.iloc[positions].astype(object).to_dict(orient="records")
    for position, number, record in zip(positions, rows.index[positions], records, strict=True):
        texts = []
        told: set[tuple[str, str]] = set()
        for name, mask, misfit in reasons:
            # One value may feed several columns; its fault is told once.
            if not mask[position] or (misfit is not None and (misfit.column, misfit.kind) in told):
                continue
            if misfit is not None:
                told.add((misfit.column, misfit.kind))
            texts.append(name if misfit is None else f'{name}: "{record[misfit.column]}" is not {KIND_NAMES[misfit.kind]}')
        payload: dict[str, Any] = {"values": {str(name): to_jsonable(value) for name, value in record.items()}}
        # What names the row in its stream is kept, so that a replay lands it as the row that a sync would have landed.
        if rows.index.name in IDENTITIES:
            payload[rows.index.name] = to_jsonable(number)
        elif lines is not None:
            payload["line"] = lines[position].as_py()
        key = row_hash((source, stream, payload))
        seen[key] += 1
        # Two bad rows that look the same are two rows; a row that comes back with the next sync is the same one.
        kept.append(Quarantined(key if seen[key] == 1 else f"{key}-{seen[key]}", "; ".join(dict.fromkeys(texts)), payload))
    return tuple(kept)


def _arrow_kind(kind: str) -> pa.DataType:
    import pyarrow as pa

    return {"string": pa.string(), "float": pa.float64(), "int": pa.int64(), "bool": pa.bool_(), "timestamp": pa.timestamp("us")}[kind]
