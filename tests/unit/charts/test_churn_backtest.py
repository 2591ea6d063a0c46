"""The figure of a backtest draws a real one silently and says its own numbers."""

from __future__ import annotations

import holoviews as hv
import pytest
from bokeh.core.validation.check import check_integrity

from cyberpunk_ai.customer_analytics.evidence.backtest import ChurnBacktest
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from tests.unit.customer_analytics.builders import shop


@pytest.fixture(scope="module")
def found() -> ChurnBacktest:
    return RetentionAnalyzer().analyze_customer_retention(None, shop(customers=250), horizon_days=60).backtest(origins=2)


def test_every_past_day_is_drawn_as_told_and_as_it_came(found):
    figure = found.chart()
    plot = hv.render(figure)
    assert not check_integrity([plot]).error
    points = [element for element in figure if isinstance(element, hv.Scatter)]
    assert [each.label for each in points] == ["left", "expected to leave"]
    assert points[0].dimension_values("churn_rate").tolist() == pytest.approx(found.origins["churn_rate"].tolist())
    assert points[1].dimension_values("predicted_rate").tolist() == pytest.approx(found.origins["predicted_rate"].tolist())
    assert "2 past days" in plot.title.text


def test_one_day_is_drawn_too(found):
    from dataclasses import replace

    assert "1 past day," in hv.render(replace(found, origins=found.origins.head(1)).chart()).title.text
