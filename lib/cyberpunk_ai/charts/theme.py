"""The colours and fonts of the product, read from `themes/tokens.toml`.

Here: loading and checking the tokens, the contrast formula, and the theme as Bokeh JSON and as CSS custom properties. Not here:
writing theme files (`theme_files`), and any figure.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from cyberpunk_ai.core.errors import NotFound
from cyberpunk_ai.core.loading import load

MEANINGS = ("measured", "predicted", "warning", "failing", "good")
SURFACES = ("ink", "surface", "raised")
LOWEST_CONTRAST = 4.5
_standard: dict[str, str] = {}


@dataclass(frozen=True)
class Theme:
    """One named set of colours; every accent stands for one meaning and has a sign that says the same without colour."""

    name: str
    title: str
    is_dark: bool
    glow: float
    ink: str
    surface: str
    raised: str
    line: str
    text: str
    muted: str
    measured: str
    predicted: str
    warning: str
    failing: str
    good: str
    scene: dict[str, str] = field(hash=False)
    fonts: dict[str, str] = field(hash=False)
    signs: dict[str, str] = field(hash=False)

    def accent(self, meaning: str) -> str:
        """Give the colour of a meaning.

        Args:
            meaning: One of `MEANINGS`.

        Raises:
            NotFound: There is no such meaning.
        """
        if meaning not in MEANINGS:
            raise NotFound(f"no accent called {meaning!r}", hint=f"the meanings are {', '.join(MEANINGS)}")
        return str(getattr(self, meaning))


def tokens_path() -> Path:
    """Find the tokens: beside this module in an installed wheel, in `themes/` of a checkout."""
    packaged = Path(str(files("cyberpunk_ai.charts"))) / "tokens.toml"
    return packaged if packaged.exists() else Path(__file__).resolve().parents[3] / "themes" / "tokens.toml"


@cache
def _tokens() -> dict[str, Any]:
    return tomllib.loads(tokens_path().read_text(encoding="utf-8"))


def theme_names() -> tuple[str, ...]:
    """List the themes, the default first."""
    tokens = _tokens()
    return tuple(sorted(tokens["themes"], key=lambda name: (name != tokens["default"], name)))


def load_theme(name: str | None = None) -> Theme:
    """Load one theme, the default without a name.

    Raises:
        NotFound: There is no theme of this name.
    """
    return _load(name or _standard.get("name") or _tokens()["default"])


def apply_to_figures(name: str | None = None) -> Theme:
    """Make a theme the default of this process and the look of every HoloViews figure drawn in it."""
    load("holoviews")
    import holoviews as hv
    from bokeh.themes import Theme as BokehTheme

    theme = load_theme(name)
    _standard["name"] = theme.name
    hv.renderer("bokeh").theme = BokehTheme(json=bokeh_theme(theme))
    return theme


@cache
def _load(chosen: str) -> Theme:
    tokens = _tokens()
    if chosen not in tokens["themes"]:
        raise NotFound(f"no theme called {chosen!r}", hint=f"the themes are {', '.join(theme_names())}")
    values = dict(tokens["themes"][chosen])
    return Theme(name=chosen, is_dark=values.pop("dark"), fonts=tokens["fonts"], signs=tokens["signs"], **values)


def channels(colour: str) -> tuple[float, float, float]:
    """Split `#rrggbb` into red, green and blue, each from 0 to 1."""
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def contrast(one: str, other: str) -> float:
    """Give the contrast ratio of two colours, from 1 (equal) to 21 (black on white).

    Source:
        WCAG 2.2, relative luminance and contrast ratio.
    """
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def bokeh_theme(theme: Theme) -> dict[str, Any]:
    """Write a theme as the JSON that `bokeh.themes.Theme(json=…)` takes."""
    font = {"major_label_text_font": theme.fonts["plot"], "axis_label_text_font": theme.fonts["plot"]}
    return {
        "attrs": {
            "Plot": {
                "background_fill_alpha": 0.0,
                "border_fill_alpha": 0.0,
                "outline_line_color": None,
                "min_border_left": 8,
                "min_border_right": 12,
            },
            "Grid": {"grid_line_color": theme.line, "grid_line_alpha": 0.6, "grid_line_dash": [2, 4]},
            "Axis": {
                "axis_line_color": theme.line,
                "major_tick_line_color": theme.line,
                "minor_tick_line_color": None,
                "major_label_text_color": theme.muted,
                "axis_label_text_color": theme.muted,
                "axis_label_text_font_style": "normal",
                "axis_label_text_font_size": "11px",
                "major_label_text_font_size": "11px",
                **font,
            },
            "Title": {"text_color": theme.text, "text_font": theme.fonts["plot"], "text_font_size": "13px", "text_font_style": "normal"},
            "Legend": {
                "background_fill_color": theme.surface,
                "background_fill_alpha": 0.85,
                "border_line_color": theme.line,
                "label_text_color": theme.text,
                "label_text_font": theme.fonts["plot"],
                "label_text_font_size": "11px",
            },
            "ColorBar": {
                "background_fill_alpha": 0.0,
                "major_label_text_color": theme.muted,
                "title_text_color": theme.muted,
                "major_tick_line_color": theme.line,
            },
            "Toolbar": {"autohide": True, "logo": None},
        }
    }


def css_variables(theme: Theme) -> str:
    """Write a theme as the CSS custom properties that every page, card and widget reads (`--cp-…`)."""
    names = (*SURFACES, "line", "text", "muted", *MEANINGS)
    lines = [f"  --cp-{name}: {getattr(theme, name)};" for name in names]
    lines += [f"  --cp-font-{name}: {theme.fonts[name]};" for name in ("display", "text", "plot")]
    lines += [f"  --cp-glow: {theme.glow};", f"  color-scheme: {'dark' if theme.is_dark else 'light'};"]
    return "\n".join(lines)
