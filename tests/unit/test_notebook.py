"""What notebooks show: tables for reading, and figures on a surface of their own."""

from __future__ import annotations

import holoviews as hv
import pandas as pd

from cyberpunk_ai import notebook
from cyberpunk_ai.charts.theme import load_theme


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


def test_a_figure_stands_on_the_surface_of_the_theme() -> None:
    page, _ = notebook._figure(hv.Curve([1, 2, 3]))
    assert f"background: {load_theme().surface}" in page["text/html"]
    assert "https://cdn." not in page["text/html"]
