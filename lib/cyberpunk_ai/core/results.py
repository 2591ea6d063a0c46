"""The base of every result: frozen, and able to become a frame, a dict and a chart. Concrete results live with their engines."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable  # noqa: TC003 - the type of a table that is built here
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar

from cyberpunk_ai.core.errors import NotBuilt
from cyberpunk_ai.core.jsonable import to_jsonable
from cyberpunk_ai.core.registry import Registry

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CHARTS", "DRAWING", "SCENES", "Result", "to_jsonable"]

# Charts stand on a higher floor than core, so they are found by name and never imported from here.
CHARTS: Registry[Callable[..., Any]] = Registry("chart", "cyberpunk_ai.charts.figures")

SCENES: Registry[Callable[..., Any]] = Registry("scene", "cyberpunk_ai.charts.scene3d")

# How a notebook turns a figure into HTML: `notebook.setup()` puts it here, since drawing stands on a higher floor.
DRAWING: dict[str, Callable[[Any], str]] = {}
SHOWN_ROWS = 8
SHOWN_NOTES = 4


@dataclasses.dataclass(frozen=True)
class Result:
    """A frozen answer of the workspace.

    Subclasses are frozen dataclasses; `chart_name` names their figure in `charts/figures`, `scene_name` their scene in `charts/scene3d`.
    """

    chart_name: ClassVar[str] = ""
    scene_name: ClassVar[str] = ""

    def to_frame(self) -> pd.DataFrame:
        """Return the main table of the result."""
        raise NotImplementedError(f"{type(self).__name__} must say what its main table is")

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready values: frames as lists of records, times as ISO 8601, missing as None."""
        return {field.name: to_jsonable(getattr(self, field.name)) for field in dataclasses.fields(self)}

    @property
    def headline(self) -> str:
        """Say in one line what this is; notebooks and logs show it."""
        rows = len(self.to_frame())
        return f"{_words(type(self).__name__)}: {rows:,} row{'' if rows == 1 else 's'}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ARG002 - the protocol of IPython
        """Show the result by itself in a notebook: its picture where figures are set up, the head of its table otherwise."""
        parts = [f"<p><b>{escape(self.headline)}</b></p>"]
        draw = DRAWING.get("html")
        if self.chart_name and draw is not None:
            parts.append(draw(self.chart()))
        else:
            frame = self.to_frame()
            parts.append(frame.head(SHOWN_ROWS).to_html(index=False, border=0, na_rep=""))
            if len(frame) > SHOWN_ROWS:
                parts.append(f"<p>{len(frame) - SHOWN_ROWS:,} more rows in to_frame()</p>")
        notes = [str(note) for note in getattr(self, "notes", ())]
        if notes:
            more = f"<li>{len(notes) - SHOWN_NOTES} more in notes</li>" if len(notes) > SHOWN_NOTES else ""
            parts.append(f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in notes[:SHOWN_NOTES])}{more}</ul>")
        return {"text/plain": self.headline, "text/html": "".join(parts)}

    def chart(self, **options: Any) -> Any:
        """Draw the result as a HoloViews figure in the theme.

        Raises:
            NotBuilt: This result has no picture.
        """
        if not self.chart_name:
            raise NotBuilt(f"{type(self).__name__} has no chart", hint="use to_frame() and draw it")
        return CHARTS.get(self.chart_name)(self, **options)

    def scene(self, **options: Any) -> Any:
        """Build the 3D scene of the result; a notebook shows its `widget`, and `on_select` is called with what is clicked.

        Raises:
            NotBuilt: This result has no scene.
        """
        if not self.scene_name:
            raise NotBuilt(f"{type(self).__name__} has no 3D scene", hint="use chart()" if self.chart_name else "use to_frame()")
        return SCENES.get(self.scene_name)(self, **options)


def _words(name: str) -> str:
    """Write the name of a class as words: `ForecastResult` becomes `Forecast result`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()
