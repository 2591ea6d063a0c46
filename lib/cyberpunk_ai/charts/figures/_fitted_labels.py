"""Labels inside a chart that fit their room or are left out, however wide the page is: the browser measures and chooses."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.figures._style import clean, holoviews

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cyberpunk_ai.charts.theme import Theme

USUAL_WIDTH = 720  # pixels of a plot before the browser has told
CHARACTER, LINE = 0.61, 1.25  # of a monospaced letter: width and line height, in its size
MARGIN = 4  # pixels kept free on each side


@dataclass(frozen=True)
class Label:
    """A text in the middle of its room.

    Attributes:
        x: Middle of the room.
        y: Middle of the room.
        width: Of the room, in units of the axis.
        height: Of the room, in units of the axis.
        texts: From the most telling to the shortest; lines are parted by line breaks.
        colour: Of the text.
    """

    x: float
    y: float
    width: float
    height: float
    texts: tuple[str, ...]
    colour: str


def longest_fitting(texts: Sequence[str], width: float, height: float, size: float) -> str:
    """Choose the first text that fits.

    Args:
        texts: From the most telling to the shortest.
        width: Of the room in pixels.
        height: Of the room in pixels.
        size: Of a letter in pixels.

    Returns:
        The text, or nothing when even the last one is too large.
    """
    for text in texts:
        lines = text.split("\n")
        if max(map(len, lines)) * size * CHARACTER + 2 * MARGIN <= width and len(lines) * size * LINE + 2 * MARGIN <= height:
            return text
    return ""


def labelling(labels: Sequence[Label], look: Theme, *, size: int = 11) -> Callable[[Any, Any], None]:
    """Return a hook that writes labels into a plot, and chooses anew whenever the plot changes its size.

    Args:
        labels: What may be written; rooms must not overlap.
        look: Font.
        size: Of the letters in pixels.
    """

    def write(plot: Any, _element: Any) -> None:
        from bokeh.core.properties import value
        from bokeh.models import ColumnDataSource, CustomJS

        figure = plot.state
        for old in [each for each in figure.renderers if each.name == "fitted_labels"]:
            figure.renderers.remove(old)
        if not labels:
            return
        across, up = _span(figure.x_range), _span(figure.y_range)
        scale_x, scale_y = USUAL_WIDTH / across, (figure.height or 300) * 0.85 / up
        source = ColumnDataSource(
            {
                "x": [each.x for each in labels],
                "y": [each.y for each in labels],
                "width": [each.width for each in labels],
                "height": [each.height for each in labels],
                "colour": [each.colour for each in labels],
                "texts": [list(each.texts) for each in labels],
                "text": [longest_fitting(each.texts, each.width * scale_x, each.height * scale_y, size) for each in labels],
            }
        )
        figure.text(
            "x",
            "y",
            "text",
            source=source,
            text_color="colour",
            text_font=value(look.fonts["plot"]),
            text_font_size=f"{size}px",
            text_line_height=LINE,
            text_align="center",
            text_baseline="middle",
            name="fitted_labels",
            level="overlay",
        )
        choose = CustomJS(
            args={
                "figure": figure, "source": source, "size": size, "font": look.fonts["plot"], "line": LINE, "margin": MARGIN,
                "across": across, "up": up,
            },
            code=_CHOOSE,
        )  # fmt: skip
        for name in ("inner_width", "inner_height"):
            figure.js_on_change(name, choose)

    return write


def _span(axis: Any) -> float:
    return abs(float(axis.end) - float(axis.start))


_CHOOSE = """
const pen = document.createElement("canvas").getContext("2d");
pen.font = `${size}px ${font}`;
const data = source.data, perX = figure.inner_width / across, perY = figure.inner_height / up;
source.data = {...data, text: data.texts.map((texts, row) => {
  const wide = data.width[row] * perX - 2 * margin, high = data.height[row] * perY - 2 * margin;
  for (const text of texts) {
    const lines = text.split("\\n");
    if (lines.length * size * line <= high && lines.every(each => pen.measureText(each).width <= wide)) return text;
  }
  return "";
})};
"""


def nothing_yet(look: Theme, height: int, why: str) -> Any:
    """Draw a plain sentence where there is nothing to show yet.

    Args:
        look: Colours.
        height: Pixels of the figure that is missing; a sentence needs no more than 140 of them.
        why: What is missing, and where it would come from.
    """
    wrapped = tuple("\n".join(textwrap.wrap(why, width)) for width in (90, 60, 40, 26, 18))
    label = Label(0.5, 0.5, 1.0, 1.0, wrapped, look.muted)
    room = holoviews().Rectangles([(0.0, 0.0, 1.0, 1.0)]).opts(fill_alpha=0, line_alpha=0)
    return room.opts(
        **clean(
            look,
            height=min(height, 140),
            hooks=[labelling([label], look)],
            xaxis=None,
            yaxis=None,
            show_grid=False,
            xlim=(0, 1),
            ylim=(0, 1),
        )
    )
