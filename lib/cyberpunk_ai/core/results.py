"""The base of every result: frozen, and able to become a frame, a dict and a chart. Concrete results live with their engines."""

from __future__ import annotations

import dataclasses
import math
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from cyberpunk_ai.core.errors import NotBuilt
from cyberpunk_ai.core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

# Charts stand on a higher floor than core, so they are found by name and never imported from here.
CHARTS: Registry[Callable[..., Any]] = Registry("chart", "cyberpunk_ai.charts.figures")


@dataclasses.dataclass(frozen=True)
class Result:
    """A frozen answer of the workspace. Subclasses are frozen dataclasses; `chart_name` names their figure in `charts/figures`."""

    chart_name: ClassVar[str] = ""

    def to_frame(self) -> pd.DataFrame:
        """Return the main table of the result."""
        raise NotImplementedError(f"{type(self).__name__} must say what its main table is")

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready values: frames as lists of records, times as ISO 8601, missing as None."""
        return {field.name: to_jsonable(getattr(self, field.name)) for field in dataclasses.fields(self)}

    def chart(self, **options: Any) -> Any:
        """Draw the result as a HoloViews figure in the theme.

        Raises:
            NotBuilt: This result has no picture.
        """
        if not self.chart_name:
            raise NotBuilt(f"{type(self).__name__} has no chart", hint="use to_frame() and draw it")
        return CHARTS.get(self.chart_name)(self, **options)


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
    if isinstance(value, Result):
        return value.to_dict()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_jsonable(getattr(value, field.name)) for field in dataclasses.fields(value)}
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
