"""Labels fit their room or are left out, and can be read on every colour a figure may put under them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.charts.figures._fitted_labels import CHARACTER, longest_fitting
from cyberpunk_ai.charts.figures._style import ink_on, log_ticks, mixed, ramp, short
from cyberpunk_ai.charts.figures.segment_treemap import CALM
from cyberpunk_ai.charts.theme import LOWEST_CONTRAST, contrast, load_theme, theme_names


def test_the_most_telling_text_that_fits_is_chosen() -> None:
    texts = ("Loyal customers\n405 customers", "Loyal customers", "Loyal")
    assert longest_fitting(texts, 200, 60, 10) == texts[0]
    assert longest_fitting(texts, 200, 25, 10) == texts[1]
    assert longest_fitting(texts, 60, 25, 10) == texts[2]
    assert longest_fitting(texts, 20, 25, 10) == ""


@given(st.lists(st.text("abc \n", min_size=1), min_size=1, max_size=4), st.floats(0, 500), st.floats(0, 200), st.integers(8, 16))
def test_a_chosen_text_never_leaves_its_room(texts: list[str], width: float, height: float, size: int) -> None:
    lines = longest_fitting(texts, width, height, size).split("\n")
    assert max(map(len, lines)) * size * CHARACTER <= width
    assert lines == [""] or len(lines) * size <= height


@pytest.mark.parametrize("theme", theme_names())
def test_text_on_every_cell_and_tile_can_be_read(theme: str) -> None:
    look = load_theme(theme)
    risk = [mixed(look.surface, each, CALM) for each in ramp(look.good, look.warning, look.failing, steps=101)]
    value = [mixed(look.surface, each, CALM) for each in ramp(look.raised, look.predicted, steps=101)]
    for fill in [*ramp(look.raised, look.measured, steps=64), *risk, *value]:
        assert contrast(ink_on(fill, look), fill) >= LOWEST_CONTRAST


def test_a_ramp_runs_through_its_stops() -> None:
    colours = ramp("#000000", "#ff0000", "#ffffff", steps=5)
    assert colours == ["#000000", "#800000", "#ff0000", "#ff8080", "#ffffff"]


@pytest.mark.parametrize(
    ("number", "unit", "said"),
    [
        (1_234_567, "$", "$1.23M"),
        (-9_500, "", "\N{MINUS SIGN}9.5k"),
        (0.314, "percent", "31 %"),
        (0.031, "%", "3.1 %"),
        (float("nan"), "", "?"),
    ],
)
def test_numbers_are_short(number: float, unit: str, said: str) -> None:
    assert short(number, unit) == said


def test_a_short_axis_of_logarithms_names_twos_and_fives() -> None:
    assert [text for _, text in log_ticks(0.0, 1.0)] == ["1", "2", "5", "10"]
    assert log_ticks(0.8, 0.9) == [(pytest.approx(0.85), "7.079")], "an axis is never without a tick"
    assert [text for _, text in log_ticks(0.0, 3.0, "$")] == ["$1", "$10", "$100", "$1k"]
