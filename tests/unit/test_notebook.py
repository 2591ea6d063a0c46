"""What notebooks show: tables for reading, and figures on a surface of their own."""

from __future__ import annotations

import holoviews as hv
import pandas as pd
import pytest

from cyberpunk_ai import notebook
from cyberpunk_ai.charts.theme import load_theme
from cyberpunk_ai.core.results import DRAWING
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from cyberpunk_ai.forecasting import forecast


def test_a_table_writes_shares_in_percent_counts_whole_and_money_with_cents() -> None:
    rows = pd.DataFrame({"churn_probability": [0.524, None], "customers": [1117, 3], "revenue": [8161961.541, None], "reasons": ["a", "b"]})
    html = notebook.table(rows).data
    for text in ("churn probability", "52%", "1,117", "8,161,961.54"):
        assert text in html
    assert "nan" not in html.lower()


def test_text_of_a_table_starts_at_the_left() -> None:
    html = notebook.table(pd.DataFrame({"count": [1], "reasons": ["silent for long"]})).data
    assert ".col1 {\n  text-align: left;\n}" in html
    assert ".col0 {\n  text-align: left;\n}" not in html


def test_a_table_runs_nothing_that_the_data_say() -> None:
    html = notebook.table(pd.DataFrame({"region<script>": ["<img src=x onerror=alert(1)>"], "revenue": [1.5]})).data
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "region&lt;script&gt;" in html
    assert "1.50" in html


def test_a_figure_stands_on_the_surface_of_the_theme() -> None:
    page, _ = notebook._figure(hv.Curve([1, 2, 3]))
    assert f"background: {load_theme().surface}" in page["text/html"]
    assert "https://cdn." not in page["text/html"]


def test_a_forecast_shows_its_fan_once_notebooks_are_set_up(monkeypatch) -> None:
    series = pd.Series(range(30), index=pd.date_range("2022-01-01", periods=30, freq="MS"), dtype=float)
    answer = forecast(series, horizon=3, models=("theta",))
    monkeypatch.delitem(DRAWING, "html", raising=False)
    assert "<table" in answer._repr_mimebundle_()["text/html"]
    monkeypatch.setitem(DRAWING, "html", lambda figure: notebook._figure(figure)[0]["text/html"])
    shown = answer._repr_mimebundle_()
    assert "<script>" in shown["text/html"]
    assert shown["text/plain"].startswith("Forecast over 3 periods of MS")


def test_long_work_shows_a_bar_with_what_is_left(monkeypatch) -> None:
    seen = []

    class Handle:
        def update(self, data, raw) -> None:
            seen.append(data["text/plain"])

    monkeypatch.setattr("IPython.display.display", lambda *_, **__: Handle())
    bar = notebook.progress("Forecasting")
    for done in (1, 2, 3):
        bar(done, 3)
    assert seen[0].startswith("Forecasting: 1 of 3, about")
    assert seen[-1].startswith("Forecasting: 3 of 3,")
    assert len(seen) == 2


def test_matplotlib_takes_the_theme() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    with matplotlib.rc_context():
        notebook._style_matplotlib("noir")
        assert matplotlib.rcParams["axes.facecolor"].strip("#") == load_theme("noir").surface.strip("#")


def test_a_report_shows_its_summary(monkeypatch) -> None:
    monkeypatch.delitem(DRAWING, "html", raising=False)
    days = pd.date_range("2024-01-01", periods=60, freq="7D")
    rows = pd.DataFrame({"customer_id": [f"c{n % 9}" for n in range(60)], "ordered_at": days, "amount": 10.0, "order_id": range(60)})
    report = RetentionAnalyzer().analyze_customer_retention(None, rows)
    shown = report._repr_mimebundle_()
    assert shown["text/plain"] == report.headline
    assert "<table" in shown["text/html"]
