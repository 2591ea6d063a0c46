"""Figures: each is found by name, draws from the documented fields, and keeps one colour for one meaning."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.charts.fan_svg import forecast_svg
from cyberpunk_ai.charts.figures import CHARTS
from cyberpunk_ai.charts.figures.forecast_fan import with_last_value
from cyberpunk_ai.charts.figures.segments import count_risks
from cyberpunk_ai.charts.theme import load_theme


class Answer(SimpleNamespace):
    def to_frame(self) -> pd.DataFrame:
        return self.frame


def a_forecast() -> Any:
    weeks = pd.date_range("2026-01-05", periods=40, freq="W-MON")
    history = pd.DataFrame({"unique_id": "revenue", "ds": weeks[:30], "y": np.linspace(100, 200, 30)})
    mean = np.linspace(202, 220, 10)
    bands = {"lo-80": mean - 5, "hi-80": mean + 5, "lo-95": mean - 9, "hi-95": mean + 9}
    forecast = pd.DataFrame({"unique_id": "revenue", "ds": weeks[30:], "mean": mean} | bands)
    tried = pd.DataFrame({"unique_id": "revenue", "ds": weeks[20:30], "window": 0, "model": "ensemble", "y": 1.0, "mean": 150.0})
    return SimpleNamespace(history=history, forecast=forecast, levels=(80, 95), horizon=10, backtest=tried)


def some_customers() -> Any:
    customers = pd.DataFrame({"segment": ["Loyal", "Loyal", "Lost", "Loyal"], "risk": ["low", "high", "high", "low"]})
    cohorts = pd.DataFrame(
        {
            "cohort": pd.to_datetime(["2026-01-01"] * 3),
            "period": [0, 1, 2],
            "retention": [1.0, 0.4, np.nan],
            "customers": 5,
            "active": [5, 2, 0],
        }
    )
    return SimpleNamespace(customers=customers, cohorts=cohorts)


def rendered(figure: Any) -> Any:
    return hv.renderer("bokeh").get_plot(figure).state


def test_every_chart_is_available() -> None:
    assert {"query", "forecast_fan", "retention_summary", "segments", "cohorts", "quality", "syncs", "city"} <= set(CHARTS.names())
    assert all(plugin.available for plugin in CHARTS.plugins())


@pytest.mark.parametrize("theme", ["neon", "noir", "daylight"])
def test_history_is_measured_and_forecast_is_predicted(theme: str) -> None:
    look, figure = load_theme(theme), CHARTS.get("forecast_fan")(a_forecast(), theme=theme, unit="currency")
    colours = [renderer.glyph.line_color for renderer in rendered(figure).renderers if type(renderer.glyph).__name__ == "Line"]
    assert colours[0] == look.measured
    assert set(colours[1:]) == {look.predicted}


def test_fan_opens_at_the_last_measured_value() -> None:
    asked = a_forecast()
    joined = with_last_value(asked.history, asked.forecast, asked.levels)
    first = joined.iloc[0]
    assert first["mean"] == first["lo-95"] == first["hi-80"] == asked.history["y"].iloc[-1]
    assert len(joined) == len(asked.forecast) + 1


def test_risks_are_counted_with_the_largest_segment_first() -> None:
    counts = count_risks(some_customers().customers)
    assert counts.index.tolist() == ["Loyal", "Lost"]
    assert counts.loc["Loyal"].to_dict() == {"low": 2, "medium": 0, "high": 1}


@pytest.mark.parametrize("name", ["segments", "cohorts"])
def test_customer_figures_are_drawn(name: str) -> None:
    assert rendered(CHARTS.get(name)(some_customers())).renderers


def test_query_is_a_line_over_periods_and_bars_over_a_dimension() -> None:
    months = pd.DataFrame({"period": pd.date_range("2026-01-01", periods=3, freq="MS"), "revenue": [1.0, 2.0, 3.0]})
    shared = {"metric": "revenue", "label": "Revenue", "unit": "currency"}
    over_time = rendered(CHARTS.get("query")(Answer(frame=months, by=(), grain="month", **shared)))
    regions = pd.DataFrame({"region": ["EMEA", "APAC"], "revenue": [5.0, 3.0]})
    by_region = rendered(CHARTS.get("query")(Answer(frame=regions, by=("region",), grain=None, **shared)))
    assert "Line" in {type(renderer.glyph).__name__ for renderer in over_time.renderers}
    assert {type(renderer.glyph).__name__ for renderer in by_region.renderers} == {"HBar", "Text"}
    assert by_region.y_range.factors[-1] == "EMEA", "the largest is on top"


def test_bars_tell_their_number_and_where_they_were_before() -> None:
    regions = pd.DataFrame({"region": ["EMEA", "APAC", "LATAM"], "revenue": [5e6, 3e6, 1e6], "revenue_previous": [6e6, 2e6, np.nan]})
    drawn = rendered(CHARTS.get("query")(Answer(frame=regions, by=("region",), metric="revenue", label="Revenue", unit="currency")))
    told = next(each.data_source.data for each in drawn.renderers if type(each.glyph).__name__ == "Text")
    assert list(told["text"]) == ["$1M", "$3M", "$5M"]
    np.testing.assert_allclose(told["end"], [1e6, 3e6, 6e6])
    assert "Scatter" in {type(each.glyph).__name__ for each in drawn.renderers}
    assert drawn.x_range.end > 6e6


def test_quality_and_syncs_say_by_sign_what_they_say_by_colour() -> None:
    scores = SimpleNamespace(datasets=pd.DataFrame({"dataset": ["orders", "web"], "score": [97.0, 40.0]}))
    assert rendered(CHARTS.get("quality")(scores)).y_range.factors == ["▼ web", "▲ orders"]
    runs = Answer(frame=pd.DataFrame({"source": ["crm", "erp"], "rows": [5, 0], "status": ["ok", "failed"]}))
    assert set(rendered(CHARTS.get("syncs")(runs)).y_range.factors) == {"● crm", "▼ erp"}


def test_svg_fan_describes_itself_in_words() -> None:
    text = forecast_svg(a_forecast())
    assert 'aria-label="Forecast of 10 periods: from 202 to 220."' in text
    assert text.count("<polygon") == 2
    assert "nan" not in text
