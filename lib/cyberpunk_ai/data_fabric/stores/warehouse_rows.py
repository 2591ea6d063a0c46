"""Rows on their way into a warehouse: typed, complete and checked against the canonical table. Nothing here knows a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cyberpunk_ai.core.contracts import Column, cast
from cyberpunk_ai.core.errors import ContractBroken

if TYPE_CHECKING:
    from cyberpunk_ai.data_fabric.tables import Table

_TYPES = {"string": pa.string(), "float": pa.float64(), "int": pa.int64(), "bool": pa.bool_(), "timestamp": pa.timestamp("us")}


def arrow_schema(table: Table) -> pa.Schema:
    """Return the Arrow schema of a canonical table."""
    return pa.schema([pa.field(column.name, _TYPES[column.kind]) for column in table.contract.columns])


def conform(table: Table, rows: pd.DataFrame | pa.Table) -> pa.Table:
    """Return the rows with exactly the table's columns, in order and typed; absent optional columns are null.

    NaN, NaT and None are nulls. Times with a zone become naive UTC.

    Raises:
        ContractBroken: A column is unknown or missing, or values do not fit; every problem is listed.
    """
    contract = table.contract
    seen = list(map(str, rows.column_names if isinstance(rows, pa.Table) else rows.columns))
    known = set(contract.names)
    problems = [f"column {name!r} is unknown" for name in seen if name not in known]
    problems += [f"column {name!r} comes twice" for name in sorted({name for name in seen if seen.count(name) > 1})]
    problems += [f"column {c.name!r} is missing" for c in contract.columns if not c.nullable and c.name not in seen]
    if problems:
        _refuse(contract.name, problems, f"columns of {contract.name}: {', '.join(contract.names)}")
    columns: list[Any] = []
    for column in contract.columns:
        if column.name in seen:
            values, fault = _typed(rows[column.name], column)
            problems += [f"{column.name}: {fault}"] if fault else _faults(values, column)
            columns.append(values)
        else:
            columns.append(pa.nulls(len(rows), _TYPES[column.kind]))
    if problems:
        _refuse(contract.name, problems, "rows that may be wrong go through FrameContract.sift first, which sets the bad ones aside")
    return pa.Table.from_arrays(columns, schema=arrow_schema(table))


def by_time(table: Table, rows: pa.Table) -> pa.Table:
    """Sort rows by the table's time column, so that files and row groups can be skipped by period."""
    if table.time_column is None or rows.num_rows < 2:
        return rows
    times = rows[table.time_column].cast(pa.int64()).fill_null(0).to_numpy()
    return rows if bool((times[1:] >= times[:-1]).all()) else rows.take(pa.array(np.argsort(times, kind="stable")))


def newest_per_key(table: Table, rows: pa.Table) -> pa.Table:
    """Keep one row per key: the one with the newest `updated_at`, the last one among equals."""
    keys = rows.select([*table.key, "updated_at"]).to_pandas()
    if not keys.duplicated(list(table.key)).any():
        return rows
    order = keys["updated_at"].argsort(kind="stable")
    kept = keys.iloc[order].drop_duplicates(list(table.key), keep="last").index
    return rows.take(pa.array(np.sort(kept.to_numpy())))


def _typed(raw: Any, column: Column) -> tuple[Any, str]:
    """Return the values in the column's Arrow type, and what is wrong with them."""
    target = _TYPES[column.kind]
    try:
        return _straight(raw, column.kind, target), ""
    except (pa.ArrowException, TypeError, ValueError):
        # Mixed or foreign types: the slow cast of the contracts reads what a person would.
        series = raw.to_pandas() if isinstance(raw, pa.ChunkedArray) else raw
        values, wrong = cast(series.reset_index(drop=True), column.kind)
        if wrong.any():
            return pa.nulls(
                len(values), target
            ), f"not a {column.kind} ({int(wrong.sum())} rows, first {series[wrong.to_numpy()].iloc[0]!r})"
        return pa.array(values, type=target, from_pandas=True), ""


def _straight(raw: Any, kind: str, target: pa.DataType) -> Any:
    """Convert without looking at single values; raises when that is not exact."""
    if isinstance(raw, pd.Series):
        if kind == "timestamp" and isinstance(raw.dtype, pd.DatetimeTZDtype):
            raw = raw.dt.tz_convert("UTC").dt.tz_localize(None)
        if kind == "timestamp" and pd.api.types.is_datetime64_dtype(raw.dtype):
            raw = raw.astype("datetime64[us]")  # nanoseconds are cut off, never an error
        raw = pa.array(raw, type=None if isinstance(raw.dtype, pd.CategoricalDtype) else target, from_pandas=True)
    if pa.types.is_timestamp(raw.type) and raw.type.tz:
        raw = raw.cast(pa.timestamp("us", "UTC"), safe=False)
    if kind == "timestamp" and not pa.types.is_timestamp(raw.type):
        raise TypeError(raw.type)  # a number is no time
    values = raw.cast(target, safe=kind != "timestamp")
    return pc.if_else(pc.is_nan(values), None, values) if kind == "float" and isinstance(raw, pa.ChunkedArray) else values


def _faults(values: Any, column: Column) -> list[str]:
    faults = []
    if not column.nullable and values.null_count:
        faults.append(f"{column.name}: missing in {values.null_count} rows")
    if column.kind == "float" and pc.any(pc.is_inf(values)).as_py():
        faults.append(f"{column.name}: infinite")
    if column.minimum is not None and (low := pc.min(values).as_py()) is not None and low < column.minimum:
        faults.append(f"{column.name}: below {column.minimum:g}")
    return faults


def _refuse(name: str, problems: list[str], hint: str) -> None:
    raise ContractBroken(f"{name}: {'; '.join(problems)}", hint=hint, frame=name, problems=problems)
