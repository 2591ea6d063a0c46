"""The files under `themes/` are exactly what the tokens say."""

from __future__ import annotations

from pathlib import Path

import pytest

from cyberpunk_ai.charts.theme_files import theme_files

THEMES = Path(__file__).resolve().parents[3] / "themes"


@pytest.mark.parametrize("name", sorted(theme_files()))
def test_theme_file_is_what_the_generator_writes(name: str) -> None:
    written = (THEMES / name).read_text(encoding="utf-8")
    assert written == theme_files()[name], "run python -m cyberpunk_ai.charts.theme_files"
