"""The base of every result: frozen, and able to become a frame, a dict and a chart. Concrete results live with their engines."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

from cyberpunk_ai.core.errors import NotBuilt
from cyberpunk_ai.core.jsonable import to_jsonable
from cyberpunk_ai.core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

__all__ = ["CHARTS", "Result", "to_jsonable"]

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
