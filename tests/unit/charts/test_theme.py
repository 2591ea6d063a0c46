"""Themes: every text can be read on every surface, and the figures take the theme."""

from __future__ import annotations

import pytest

from cyberpunk_ai.charts.theme import LOWEST_CONTRAST, MEANINGS, SURFACES, bokeh_theme, contrast, css_variables, load_theme, theme_names
from cyberpunk_ai.core.errors import NotFound


def test_neon_is_the_standard_and_there_are_three_themes() -> None:
    assert theme_names() == ("neon", "daylight", "noir")
    assert load_theme().name == "neon"


def test_black_on_white_has_the_known_contrast() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", theme_names())
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("colour", ["text", "muted", *MEANINGS])
def test_every_text_colour_is_readable_on_every_surface(name: str, surface: str, colour: str) -> None:
    theme = load_theme(name)
    assert contrast(getattr(theme, colour), getattr(theme, surface)) >= LOWEST_CONTRAST


def test_every_meaning_has_its_own_sign() -> None:
    signs = [load_theme().signs[meaning] for meaning in MEANINGS]
    assert len(set(signs)) == len(MEANINGS)


def test_unknown_theme_and_meaning_say_what_there_is() -> None:
    with pytest.raises(NotFound) as caught:
        load_theme("sepia")
    assert "noir" in caught.value.hint
    with pytest.raises(NotFound):
        load_theme().accent("purple")


def test_theme_becomes_css_and_bokeh() -> None:
    theme = load_theme("daylight")
    assert f"--cp-measured: {theme.measured};" in css_variables(theme)
    assert bokeh_theme(theme)["attrs"]["Axis"]["major_label_text_color"] == theme.muted
