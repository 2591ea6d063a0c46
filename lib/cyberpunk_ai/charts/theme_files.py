"""Writes the theme files under `themes/` from the tokens: `python -m cyberpunk_ai.charts.theme_files`. A test compares them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberpunk_ai.charts.fonts import fonts_folder
from cyberpunk_ai.charts.theme import load_theme, theme_names, tokens_path
from cyberpunk_ai.charts.theme_targets import grafana, jupyterlab, matplotlib, panel, voila

if TYPE_CHECKING:
    from pathlib import Path

HOSTS = (panel, voila, jupyterlab, matplotlib, grafana)


def theme_files() -> dict[str, str]:
    """Return every generated file: path below `themes/` and its text."""
    themes = [load_theme(name) for name in theme_names()]
    return {name: text for host in HOSTS for name, text in host.theme_files(themes).items()}


def font_copies() -> dict[str, Path]:
    """Return where hosts that serve only their own folder need the fonts: path below `themes/` and the file."""
    return {
        f"{folder}/fonts/{font.name}": font for folder in (voila.FOLDER, jupyterlab.STYLES) for font in sorted(fonts_folder().iterdir())
    }


def write_theme_files(folder: Path) -> list[Path]:
    """Write all files into `folder` and return their paths."""
    paths = []
    for name, text in theme_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    for name, font in font_copies().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(font.read_bytes())
        paths.append(path)
    return paths


def main() -> None:
    """Write the files of this checkout."""
    write_theme_files(tokens_path().parent)


if __name__ == "__main__":
    main()
