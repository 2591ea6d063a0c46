"""Writes the theme files under `themes/` from the tokens: `python -m cyberpunk_ai.charts.theme_files`. A test compares them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cyberpunk_ai.charts.theme import Theme, bokeh_theme, css_variables, load_theme, theme_names, tokens_path

if TYPE_CHECKING:
    from pathlib import Path

NOTE = "Written by python -m cyberpunk_ai.charts.theme_files from themes/tokens.toml. Do not edit."


def theme_files() -> dict[str, str]:
    """Return every generated file: path below `themes/` and its text."""
    written: dict[str, str] = {}
    for name in theme_names():
        theme = load_theme(name)
        written[f"panel/{name}.css"] = f"/* {NOTE} */\n:root, :host {{\n{css_variables(theme)}\n}}\n"
        written[f"bokeh/{name}.json"] = json.dumps(bokeh_theme(theme), indent=2, ensure_ascii=False) + "\n"
        written[f"voila/templates/cyberpunk/static/{name}.css"] = _voila_css(theme)
    return written


def write_theme_files(folder: Path) -> list[Path]:
    """Write all files into `folder` and return their paths."""
    paths = []
    for name, text in theme_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def _voila_css(theme: Theme) -> str:
    """Translate a theme into JupyterLab's own properties, which Voilà's widgets read."""
    names = {
        "layout-color0": theme.ink,
        "layout-color1": theme.surface,
        "layout-color2": theme.raised,
        "layout-color3": theme.line,
        "content-font-color1": theme.text,
        "content-font-color2": theme.muted,
        "ui-font-color1": theme.text,
        "ui-font-color2": theme.muted,
        "widgets-color": theme.text,
        "widgets-label-color": theme.muted,
        "widgets-input-color": theme.text,
        "widgets-input-background-color": theme.raised,
        "widgets-input-border-color": theme.line,
        "brand-color1": theme.measured,
        "brand-color2": theme.predicted,
    }
    lines = "\n".join(f"  --jp-{name}: {value};" for name, value in names.items())
    page = (
        f"body[data-voila] {{ background: {theme.ink} !important; color: {theme.text}; font-family: {theme.fonts['text']}; }}\n"
        "body[data-voila] canvas { width: 100% !important; height: auto !important; }\n"
        f"body[data-voila] h1 {{ font: 600 15px {theme.fonts['display']}; letter-spacing: .14em; text-transform: uppercase; "
        f"color: {theme.text}; }}\n"
    )
    return f"/* {NOTE} */\n:root, body[data-voila] {{\n{css_variables(theme)}\n{lines}\n}}\n{page}"


def main() -> None:
    """Write the files of this checkout."""
    write_theme_files(tokens_path().parent)


if __name__ == "__main__":
    main()
