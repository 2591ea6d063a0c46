"""Typed casts of source columns, vectorised in Arrow: values, and a mask of those that did not fit.

The notation of text (decimal comma, day first) comes in as a `ColumnFormat`; nothing is guessed per value.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.data_fabric.files.formats import ISO, ColumnFormat, number_pattern

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from cyberpunk_ai.core.contracts import Kind

KIND_NAMES = {"float": "a number", "int": "a whole number", "bool": "yes or no", "timestamp": "a date", "string": "a text"}
_OFFSET = r"(?:[zZ]|[+-]\d{2}:?\d{2})$"
_TRUE = ["true", "t", "yes", "y", "1", "1.0"]
_FALSE = ["false", "f", "no", "n", "0", "0.0"]


def to_arrow(values: pd.Series) -> pa.Array:
    """Return a source column as Arrow: blank text is missing, mixed or nested objects become text."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        column = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        column = pa.array([None if _is_missing(item) else _text(item) for item in values.astype(object)], type=pa.string())
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_large_string(column.type):
        column = column.cast(pa.string())
    if pa.types.is_nested(column.type):
        column = pa.array([None if item is None else json.dumps(item, default=str) for item in column.to_pylist()], type=pa.string())
    if pa.types.is_null(column.type):
        column = column.cast(pa.string())
    if pa.types.is_string(column.type):
        trimmed = pc.utf8_trim_whitespace(column)
        column = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
    assert isinstance(values, pd.Series)  # noqa: S101 - a frame here is a programming error
    return column


def cast(column: pa.Array, kind: Kind, notation: ColumnFormat | None = None) -> tuple[pa.Array, np.ndarray]:
    """Cast a column to a canonical kind.

    Args:
        column: From `to_arrow`.
        kind: Canonical kind.
        notation: How text is written; plain English notation and ISO dates when unknown.

    Returns:
        Values, missing where they were missing or did not fit, and a boolean array: present, but did not fit.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    notation = notation or ColumnFormat()
    if kind == "string":
        return _to_string(column), np.zeros(len(column), dtype=bool)
    if kind == "timestamp":
        values = _to_timestamp(column, notation)
    elif kind == "bool":
        values = _to_bool(column)
    else:
        values = _to_float(column, notation)
        if kind == "int":
            # Beyond 64 bits the cast would wrap around.
            whole = pc.and_(pc.equal(pc.round(values), values), pc.less(pc.abs(values), 2.0**63))
            values = pc.if_else(whole, values, pa.scalar(None, pa.float64())).cast(pa.int64(), safe=False)
    wrong = pc.and_(pc.is_valid(column), pc.is_null(values))
    return values, np.asarray(wrong.to_numpy(zero_copy_only=False), dtype=bool)


def _to_string(column: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_floating(kind):
        # Numbers with gaps arrive as floats; an id 17850.0 was 17850 in the source.
        whole = pc.and_(pc.equal(pc.round(column), column), pc.less(pc.abs(column), 1e15))
        if pc.all(pc.or_kleene(whole, pc.is_null(column))).as_py() is not False:
            return column.cast(pa.int64(), safe=False).cast(pa.string())
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_temporal(kind):
        return column.cast(pa.string())
    return pa.array([None if item is None else str(item) for item in column.to_pylist()], type=pa.string())


def _to_float(column: pa.Array, notation: ColumnFormat) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_boolean(column.type):
        return column.cast(pa.int8()).cast(pa.float64())
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        values = column.cast(pa.float64(), safe=False)
        return pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))
    if not pa.types.is_string(column.type):
        return pa.nulls(len(column), pa.float64())
    text = column
    if pc.any(pc.match_substring_regex(text, r"[^0-9.,eE+-]")).as_py():
        text = pc.replace_substring_regex(text, r"[€$£¥\s\x{00a0}\x{202f}]|\b(?:EUR|USD|GBP)\b", "")
        text = pc.replace_substring_regex(text, r"^\((.+)\)$", r"-\1")  # accountants' minus
    if pc.any(pc.ends_with(text, "-")).as_py():
        text = pc.replace_substring_regex(text, r"^([0-9.,]+)-$", r"-\1")  # SAP's minus
    fits = pc.match_substring_regex(text, number_pattern(notation.decimal, notation.thousands))
    text = pc.if_else(fits, text, pa.scalar(None, pa.string()))
    if notation.thousands:
        text = pc.replace_substring(text, notation.thousands, "")
    if notation.decimal != ".":
        text = pc.replace_substring(text, notation.decimal, ".")
    values = pc.replace_substring_regex(text, r"^\+", "").cast(pa.float64())
    return pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))


def _to_bool(column: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_boolean(column.type):
        return column
    text = pc.utf8_lower(_to_string(column))
    is_true, is_false = pc.is_in(text, value_set=pa.array(_TRUE)), pc.is_in(text, value_set=pa.array(_FALSE))
    return pc.if_else(is_true, pa.scalar(value=True), pc.if_else(is_false, pa.scalar(value=False), pa.scalar(None, pa.bool_())))


def _to_timestamp(column: pa.Array, notation: ColumnFormat) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    micros = pa.timestamp("us")
    if pa.types.is_timestamp(column.type):
        # Aware values hold UTC inside; dropping the zone keeps that instant.
        return column.cast(pa.timestamp("us", column.type.tz), safe=False).cast(pa.int64()).cast(micros)
    if pa.types.is_date(column.type):
        return column.cast(micros)
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return _from_epoch(column.cast(pa.float64(), safe=False))
    if not pa.types.is_string(column.type):
        return pa.nulls(len(column), micros)
    # Dates repeat, and parsing them is the dearest step of an import: each distinct text is parsed once.
    coded = column.dictionary_encode()
    parsed = _parse_dates(coded.dictionary.to_pandas(), notation.dates or (ISO,))
    return pc.take(pa.array(parsed, type=micros, from_pandas=True), coded.indices)


def _from_epoch(values: pa.Array) -> pa.Array:
    """Read numbers as seconds, milliseconds or microseconds since 1970, whichever lies between 1980 and 2100."""
    import pyarrow as pa
    import pyarrow.compute as pc

    result = pa.nulls(len(values), pa.timestamp("us"))
    for factor in (1e6, 1e3, 1.0):
        instants = pc.multiply(values, factor)
        fits = pc.and_(pc.greater(instants, 3.155e14), pc.less(instants, 4.1e15))
        read = pc.if_else(fits, instants, pa.scalar(None, pa.float64())).cast(pa.int64(), safe=False).cast(pa.timestamp("us"))
        result = pc.coalesce(result, read)
    return result


def _parse_dates(texts: pd.Series, formats: tuple[str, ...]) -> pd.Series:
    import pandas as pd

    parsed = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[us]")
    for pattern in formats:
        left = parsed.isna()
        if not left.any():
            break
        # Apart, because pandas reads a text without an offset in that of the text before it.
        zoned = texts.str.contains(_OFFSET) if pattern == ISO else pd.Series(data=False, index=texts.index)
        for part in (left & zoned, left & ~zoned):
            if part.any():
                read = pd.to_datetime(texts[part], format=pattern, errors="coerce", utc=True)
                parsed[part] = read.dt.tz_localize(None).astype("datetime64[us]")
    return parsed


def _is_missing(item: Any) -> bool:
    return item is None or (isinstance(item, float) and item != item)  # noqa: PLR0124 - NaN is the one number that differs from itself


def _text(item: Any) -> str:
    return json.dumps(item, default=str) if isinstance(item, (dict, list)) else str(item)
