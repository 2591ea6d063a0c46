"""The theme for Voilà: one stylesheet per theme in our template, with JupyterLab's own properties, which ipywidgets read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberpunk_ai.charts.fonts import font_faces
from cyberpunk_ai.charts.theme import Theme, css_variables
from cyberpunk_ai.charts.theme_targets import NOTE

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = "voila/templates/cyberpunk/static"


def theme_files(themes: Sequence[Theme]) -> dict[str, str]:
    """Return a stylesheet per theme."""
    return {f"{FOLDER}/{theme.name}.css": _css(theme) for theme in themes}


def widget_properties(theme: Theme) -> dict[str, str]:
    """Translate a theme into the properties that ipywidgets and notebooks read, without their `--jp-`."""
    return {
        "layout-color0": theme.ink,
        "layout-color1": theme.surface,
        "layout-color2": theme.raised,
        "layout-color3": theme.line,
        "content-font-color0": theme.text,
        "content-font-color1": theme.text,
        "content-font-color2": theme.muted,
        "content-font-color3": theme.muted,
        "ui-font-color0": theme.text,
        "ui-font-color1": theme.text,
        "ui-font-color2": theme.muted,
        "ui-font-color3": theme.muted,
        "ui-font-family": theme.fonts["text"],
        "content-font-family": theme.fonts["text"],
        "code-font-family-default": theme.fonts["plot"],
        "widgets-color": theme.text,
        "widgets-label-color": theme.muted,
        "widgets-input-color": theme.text,
        "widgets-input-background-color": theme.raised,
        "widgets-input-border-color": theme.line,
        "brand-color1": theme.measured,
        "brand-color2": theme.predicted,
    }


def _css(theme: Theme) -> str:
    lines = "\n".join(f"  --jp-{name}: {value};" for name, value in widget_properties(theme).items())
    page = (
        f"body[data-voila] {{ background: {theme.ink} !important; color: {theme.text}; font-family: {theme.fonts['text']}; }}\n"
        "body[data-voila] .jp-InternalAnchorLink, body[data-voila] .anchor-link { display: none; }\n"
        "body[data-voila] canvas { width: 100% !important; height: auto !important; }\n"
        f"body[data-voila] h1 {{ font: 600 15px {theme.fonts['display']}; letter-spacing: .14em; text-transform: uppercase; "
        f"color: {theme.text}; }}\n"
    )
    return f"/* {NOTE} */\n{font_faces('fonts')}\n:root, body[data-voila] {{\n{css_variables(theme)}\n{lines}\n}}\n{page}"
