"""From values of any of our types to JSON-ready Python: what leaves through a door, a log or an audit line."""

from __future__ import annotations

import dataclasses
import math
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


def to_jsonable(value: Any) -> Any:  # noqa: PLR0911 - one branch per type is the clearest form of this table
    """Turn a value of any of our types into JSON-ready Python.

    Args:
        value: Scalars of Python, numpy or pandas, containers, dataclasses, frames, series.

    Returns:
        dict, list, str, int, float, bool or None; NaN, NaT and infinities become None.
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        told = getattr(value, "to_dict", None)  # a result says itself what of it is told
        return told() if told is not None else {field.name: to_jsonable(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {_key(key): to_jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_jsonable(item) for item in value]
    if isinstance(value, datetime):
        return None if value != value else value.isoformat()  # noqa: PLR0124 - NaT is the one datetime that differs from itself
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum):
        return to_jsonable(value.value)
    if isinstance(value, Path):
        return str(value)
    return _from_arrays(value)


def _from_arrays(value: Any) -> Any:
    import numpy as np
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return _records(value)
    if isinstance(value, (pd.Series, pd.Index, np.ndarray)):
        return [to_jsonable(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        return to_jsonable(value.item())
    if value is pd.NaT or value is pd.NA:
        return None
    return str(value)


def _records(frame: pd.DataFrame) -> list[Mapping[str, Any]]:
    columns = [str(name) for name in frame.columns]
    values = [[to_jsonable(item) for item in frame.iloc[:, position].tolist()] for position in range(len(columns))]
    return [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]


def _key(key: Any) -> str:
    plain = to_jsonable(key)
    return plain if isinstance(plain, str) else str(plain)
