"""Every picture of a forecast can be drawn in every theme, of one series and of several, and says what it shows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.charts.theme import theme_names
from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.core.results import CHARTS
from cyberpunk_ai.forecasting import forecast
from cyberpunk_ai.forecasting.anomalies import find_anomalies
from cyberpunk_ai.forecasting.cross_validation import cross_validation
from cyberpunk_ai.forecasting.fitted import fit_forecast
from cyberpunk_ai.forecasting.hierarchy import forecast_hierarchy
from cyberpunk_ai.forecasting.reasons import reasons
from cyberpunk_ai.models.integrated_forecasting import IntegratedForecastingEngine
from tests.unit.forecasting.test_covariates import promoted
from tests.unit.forecasting.test_hierarchy import stores
from tests.unit.models.test_integrated_forecasting import MONTHS, company, demand_of


@pytest.fixture(scope="module")
def drawn() -> dict[str, Any]:
    demand, future, _ = promoted()
    kept = fit_forecast(demand, horizon=6, models=("theta", "xgboost"), future=future)
    spiked = demand.set_index("ds")["y"].copy()
    spiked.iloc[40] *= 3
    return {
        "forecast_fan": kept.result,
        "forecast_backtest": kept.result,
        "forecast_leaderboard": kept.result,
        "components": kept.result.components(),
        "forecast_reasons": reasons(kept),
        "scenario": kept.scenario(future.assign(promotion=1.0)),
        "anomalies": find_anomalies(spiked),
        "cross_validation": cross_validation(demand[["ds", "y"]], horizon=6, windows=2, models=("theta", "ets")),
        "hierarchy": forecast_hierarchy(stores(), by=["region", "store"], horizon=6, models=("theta",)),
    }


def render(figure: Any) -> Any:
    return hv.renderer("bokeh").get_plot(figure).state


NAMES = (
    "forecast_fan", "forecast_backtest", "forecast_leaderboard", "components", "forecast_reasons", "scenario", "anomalies",
    "cross_validation", "hierarchy",
)  # fmt: skip
# Every picture in one theme, the themes in turn; in the full tier every picture in every theme.
IN_THEMES = [
    pytest.param(name, theme, id=f"{name}-{theme}", marks=[] if place % len(theme_names()) == turn else [pytest.mark.full])
    for place, name in enumerate(NAMES)
    for turn, theme in enumerate(theme_names())
]


@pytest.mark.parametrize(("name", "theme"), IN_THEMES)
def test_every_picture_is_drawn_in_every_theme(drawn: dict[str, Any], name: str, theme: str) -> None:
    assert render(CHARTS.get(name)(drawn[name], theme=theme)) is not None


def test_titles_say_what_is_seen(drawn: dict[str, Any]) -> None:
    said = render(CHARTS.get("forecast_backtest")(drawn["forecast_backtest"])).title.text
    assert "that of the season before" in said
    assert "values were not to be expected" in render(CHARTS.get("anomalies")(drawn["anomalies"])).title.text
    assert "scaled error" in render(CHARTS.get("forecast_leaderboard")(drawn["forecast_leaderboard"])).title.text


def test_one_of_several_series_is_named_and_can_be_chosen() -> None:
    demand, _, _ = promoted()
    both = pd.concat([demand.assign(unique_id=name, y=demand["y"] * factor) for name, factor in (("a", 1), ("b", 10))])
    answer = forecast(both[["unique_id", "ds", "y"]], horizon=3, models=("theta",))
    assert render(answer.chart()).title.text == "a, one of 2 series; unique_id= shows another"
    assert render(answer.chart(unique_id="b")).title.text == "b, one of 2 series"


def test_a_forecast_without_past_windows_says_so() -> None:
    demand, _, _ = promoted()
    answer = forecast(demand[["ds", "y"]], horizon=3, models=("theta",), backtest_windows=0)
    assert render(answer.chart("forecast_backtest")) is not None
    assert render(answer.chart("forecast_leaderboard")) is not None
    with pytest.raises(InvalidArgument, match="no chart 'pie'"):
        answer.chart("pie")


@pytest.mark.parametrize(
    ("known_from", "theme"),
    [
        pytest.param(known_from, theme, marks=[] if theme == theme_names()[turn] else [pytest.mark.full])
        for turn, known_from in enumerate((0, 36))
        for theme in theme_names()
    ],
)
async def test_the_effect_of_the_customer_base_is_drawn_with_and_without_parts(theme: str, known_from: int) -> None:
    bought = company()
    known = bought[bought["ordered_at"] >= MONTHS[known_from]]
    answer = await IntegratedForecastingEngine(models=("theta",)).forecast_with_retention(demand_of(bought), known, horizon=4)
    upper, lower = answer.chart(theme=theme, unit="currency")
    assert ("customers of today" in [each.label for each in upper]) == (known_from == 0)
    assert render(upper).title.text.endswith("active today" if known_from == 0 else "")
    assert ("applied" if answer.applied else "not applied") in render(lower).title.text
    with pytest.raises(InvalidArgument, match="no chart 'pie'"):
        answer.chart("pie")


def test_the_waterfall_ends_at_the_forecast(drawn: dict[str, Any]) -> None:
    totals = drawn["forecast_reasons"].totals
    boxes = next(each for each in CHARTS.get("forecast_reasons")(drawn["forecast_reasons"]) if isinstance(each, hv.Rectangles)).data
    assert boxes.iloc[0, 2] == pytest.approx(totals["contribution"].sum())
    many = pd.DataFrame(
        {"unique_id": "a", "reason": ["last value in its season", *map(str, range(30))], "contribution": np.r_[100.0, np.ones(30)]}
    )
    assert render(CHARTS.get("forecast_reasons")(SimpleNamespace(totals=many))) is not None
