"""Customer figures: each draws a real report silently, says the report's own numbers, and says why when a part is empty."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import holoviews as hv
import numpy as np
import pandas as pd
import pytest
from bokeh.core.validation.check import check_integrity
from bokeh.models import GlyphRenderer

from cyberpunk_ai.charts.figures import value_and_risk
from cyberpunk_ai.charts.figures.churn_reasons import LOWERS, RAISES, count_reasons
from cyberpunk_ai.charts.figures.clusters import middle_of
from cyberpunk_ai.charts.figures.value_distribution import best_share
from cyberpunk_ai.charts.theme import load_theme
from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.customer_analytics.results import RetentionReport
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from tests.unit.customer_analytics.builders import contracts, orders, shop

NAMES = RetentionReport.chart_names
THEMES = ["neon", "noir", "daylight"]


def in_themes(shift: int) -> list[Any]:
    """Every figure in one theme, the themes in turn; in the full tier every figure in every theme."""
    return [
        pytest.param(name, theme, id=f"{name}-{theme}", marks=[] if (place + shift) % 3 == turn else [pytest.mark.full])
        for place, name in enumerate(NAMES)
        for turn, theme in enumerate(THEMES)
    ]


@pytest.fixture(scope="module")
def of_a_shop() -> RetentionReport:
    """A real report; parts that need years of data are given small tables of their documented columns."""
    report = RetentionAnalyzer().analyze_customer_retention(None, shop(customers=250))
    days = [0, 30, 60, 90]
    curves = pd.concat(
        [
            pd.DataFrame({"kind": kind, "day": days, "until_day": until, "eligible": 100, "returned": 40, "lo": 0.3, "hi": 0.5})
            for kind, until in (("n_day", days), ("bracket", [30, 60, 90, 120]), ("unbounded", [np.nan] * 4))
        ]
    ).assign(retention=0.4)
    months = pd.DataFrame(
        {
            "month": pd.date_range("2020-01-01", periods=4, freq="MS"),
            "nrr": [1.1, 0.9, 1.0, np.nan],
            "grr": [0.8, 0.7, 0.75, np.nan],
            "logo_retention": [0.9, 0.6, 0.7, np.nan],
        }
    )
    totals = pd.DataFrame(
        {
            "what": ["purchases", "revenue", "leaving"],
            "expected": [120.0, 9_000.0, 30.0],
            "lo": [100.0, 7_000.0, np.nan],
            "hi": [140.0, 12_000.0, np.nan],
            "level": 0.9,
            "status": ["validated", "not validated", "not validated"],
            "note": "",
        }
    )
    chance = np.linspace(0.05, 0.95, 200)
    seen = pd.DataFrame({"customer_id": range(200), "cut_off": pd.Timestamp("2020-06-01"), "probability": chance, "left": chance > 0.4})
    seen.loc[::7, "left"] = ~seen.loc[::7, "left"]
    return replace(report, return_curves=curves, revenue_retention=months, totals=totals, held_out=seen)


@pytest.fixture(scope="module")
def of_nothing(of_a_shop: RetentionReport) -> RetentionReport:
    """Every frame of the report without a row."""
    frames = {name: value.iloc[:0] for name, value in vars(of_a_shop).items() if isinstance(value, pd.DataFrame)}
    return replace(of_a_shop, **frames)


@pytest.fixture(scope="module")
def of_one_customer() -> RetentionReport:
    return RetentionAnalyzer().analyze_customer_retention(None, orders(("a", "2024-01-05", 10.0)))


def drawn(figure: Any) -> Any:
    """Render, and fail on anything Bokeh would complain about."""
    state = hv.renderer("bokeh").get_plot(figure).state
    issues = check_integrity(state.references())
    assert not issues.error
    assert not issues.warning
    return state


@pytest.fixture(scope="module")
def without_amounts() -> RetentionReport:
    return RetentionAnalyzer().analyze_customer_retention(None, shop(customers=60).drop(columns="amount"))


def sources(state: Any) -> list[dict[str, Any]]:
    return [each.data_source.data for each in state.references() if isinstance(each, GlyphRenderer)]


def data(state: Any, column: str) -> np.ndarray:
    """The values of a column, over all glyphs that have it."""
    found = [
        each.data_source.data[column] for each in state.references() if isinstance(each, GlyphRenderer) and column in each.data_source.data
    ]
    return np.concatenate([np.asarray(values) for values in found])


def texts(state: Any) -> str:
    return " | ".join(str(each) for each in data(state, "text")) if "fitted_labels" in {each.name for each in state.renderers} else ""


@pytest.mark.parametrize(("name", "theme"), in_themes(0))
def test_a_real_report_is_drawn_in_silence(of_a_shop: RetentionReport, name: str, theme: str) -> None:
    drawn(of_a_shop.chart(name, theme=theme))


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_part_says_why(of_nothing: RetentionReport, name: str) -> None:
    state = drawn(of_nothing.chart(name))
    words = " ".join(str(text) for text in data(state, "text"))
    assert len(words.split()) >= 5, words


@pytest.mark.parametrize("name", NAMES)
def test_one_customer_with_one_purchase_is_no_exception(of_one_customer: RetentionReport, name: str) -> None:
    drawn(of_one_customer.chart(name))


# Those that draw amounts; the others draw the same as ever, which the full tier looks at too.
OF_AMOUNTS = {"retention_summary", "segments", "segment_treemap", "revenue_retention", "value_distribution", "value_and_risk", "totals"}


def test_the_figures_of_amounts_are_figures() -> None:
    assert set(NAMES) >= OF_AMOUNTS


@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name in OF_AMOUNTS else [pytest.mark.full]) for name in NAMES])
def test_a_report_without_amounts_is_no_exception(without_amounts: RetentionReport, name: str) -> None:
    drawn(without_amounts.chart(name))


def test_an_unknown_chart_is_named_with_those_there_are(of_a_shop: RetentionReport) -> None:
    with pytest.raises(InvalidArgument, match="no chart 'pie'") as caught:
        of_a_shop.chart("pie")
    assert "survival" in caught.value.hint


def test_cells_of_the_heatmap_are_the_reports_cells(of_a_shop: RetentionReport) -> None:
    state = drawn(of_a_shop.chart("cohorts", cohorts=100))
    finished = of_a_shop.cohorts[(of_a_shop.cohorts["period"] > 0) & of_a_shop.cohorts["retention"].notna()]
    said = np.char.rstrip(data(state, "value").astype(str), " %").astype(float) / 100
    assert len(said) == len(finished), "an unfinished month has no cell"
    np.testing.assert_allclose(np.sort(said), np.sort(finished["retention"]), atol=0.0051)


def test_tiles_cover_the_map_in_proportion_to_customers(of_a_shop: RetentionReport) -> None:
    state = drawn(of_a_shop.chart("segment_treemap"))
    area = (data(state, "right") - data(state, "left")) * (data(state, "high") - data(state, "low"))
    shares = np.sort(of_a_shop.segments["share"][of_a_shop.segments["customers"] > 0])
    np.testing.assert_allclose(np.sort(area / area.sum()), shares, atol=1e-9)


def test_survival_is_drawn_as_stairs_through_the_reports_points(of_a_shop: RetentionReport) -> None:
    state = drawn(of_a_shop.chart("survival"))
    hidden = next(
        each.data_source.data for each in state.renderers if isinstance(each, GlyphRenderer) and "at_risk" in each.data_source.data
    )
    np.testing.assert_array_equal(hidden["survival"], of_a_shop.survival["survival"])


def test_lift_and_calibration_say_the_reports_numbers(of_a_shop: RetentionReport) -> None:
    lift, checked = of_a_shop.lift_curve(), of_a_shop.calibration()
    assert f"{lift.lift_at_top:.1f} times chance" in drawn(of_a_shop.chart("lift_curve")).title.text
    state = drawn(of_a_shop.chart("calibration"))
    assert set(np.round(checked.bins["observed"], 9)) <= set(np.round(data(state, "observed"), 9))
    assert drawn(lift.chart()).title.text == drawn(of_a_shop.chart("lift_curve")).title.text
    assert drawn(checked.chart()).title.text == state.title.text


def test_value_bars_count_every_customer_who_is_worth_something(of_a_shop: RetentionReport) -> None:
    state = drawn(of_a_shop.chart("value_distribution"))
    counted = sum(source["customers"].sum() for source in sources(state) if "worth" in source)
    assert counted == (of_a_shop.customers["lifetime_value"] > 0).sum()


def test_the_best_fifth_of_ten_holds_what_two_hold() -> None:
    share, border = best_share(np.array([50.0, 30.0, 10.0, 5.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
    assert (share, border) == (0.8, 30.0)


def test_reasons_are_counted_by_direction_without_those_who_left() -> None:
    customers = pd.DataFrame(
        {
            "risk": ["high", "high", "high", "low"],
            "main_reason": ["Contract=Monthly", "Contract=Monthly", "tenure", "tenure"],
            "reasons": ["raises risk: x", "lowers risk: y", "has left", "raises risk: z"],
            "churned": [False, False, True, False],
        }
    )
    counts = count_reasons(customers, "high")
    assert counts.index.tolist() == ["Contract is Monthly"]
    assert counts.loc["Contract is Monthly"].to_dict() == {RAISES: 1, LOWERS: 1}


def test_many_customers_become_a_density_that_counts_them_all(of_a_shop: RetentionReport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_and_risk, "MOST_POINTS", 400)
    many = pd.concat([of_a_shop.customers] * 2, ignore_index=True)
    state = drawn(replace(of_a_shop, customers=many).chart("value_and_risk"))
    counted = next(each.data_source.data["image"][0] for each in state.renderers if type(each.glyph).__name__ == "Image")
    assert np.nansum(counted) == (many["monetary"] > 0).sum()
    assert np.isnan(counted).any(), "where nobody stands nothing is drawn"


def test_totals_say_expected_interval_and_whether_it_was_checked(of_a_shop: RetentionReport) -> None:
    state = drawn(of_a_shop.chart("totals", unit="$"))
    assert "$9k  ($7k to $12k)" in texts(state)
    look = load_theme()
    assert f"net revenue\n{look.signs['warning']} not validated" in state.yaxis[0].major_label_overrides.values()


def test_an_explanation_shows_its_parts_and_which_way_they_push(of_a_shop: RetentionReport) -> None:
    explained = of_a_shop.explain(of_a_shop.customers["customer_id"].iloc[0])
    state = drawn(explained.chart())
    parts = explained.contributions[explained.contributions["contribution"] != 0].head(10)
    np.testing.assert_allclose(np.sort(data(state, "moved")), np.sort(parts["contribution"]))
    signs = load_theme().signs
    ways = {"raises": signs["failing"], "lowers": signs["good"]}
    assert state.y_range.factors[::-1] == [f"{ways[way]} {words}" for way, words in zip(parts["direction"], parts["words"], strict=True)]


def test_a_what_if_says_before_and_after(of_a_shop: RetentionReport) -> None:
    asked = of_a_shop.what_if(of_a_shop.customers["customer_id"].iloc[0], purchases_today=1)
    words = texts(drawn(asked.chart()))
    assert words.endswith("with the change")
    assert f"{asked.probability_before * 100:.0f}" in words


def test_a_validation_draws_the_figures_it_judged(of_a_shop: RetentionReport, of_one_customer: RetentionReport) -> None:
    judged = of_a_shop.validate(None)
    state = drawn(judged.chart())
    assert state.title.text.startswith(judged.verdict)
    assert set(data(state, "figure")) <= set(judged.figures["figure"])
    drawn(of_one_customer.validate(None).chart())


def test_the_legend_of_lying_bars_stands_in_one_column_where_the_bars_are_short(of_a_shop: RetentionReport) -> None:
    for name in ("segments", "churn_reasons"):
        legend = drawn(of_a_shop.chart(name)).legend[0]
        assert (legend.location, legend.ncols, legend.nrows) == ("bottom_right", 1, "auto")


def test_one_month_alone_stands_among_months(of_a_shop: RetentionReport) -> None:
    alone = replace(of_a_shop, revenue_retention=of_a_shop.revenue_retention.head(1).assign(window_months=6))
    state = drawn(alone.chart("revenue_retention"))
    assert pd.Timestamp(state.x_range.end) - pd.Timestamp(state.x_range.start) == pd.Timedelta(days=186)
    assert state.yaxis[0].axis_label == "kept of the 6 months before"


@pytest.fixture(scope="module")
def of_contracts() -> RetentionReport:
    return RetentionAnalyzer().analyze_customer_retention(contracts(600), None)


@pytest.mark.parametrize(("name", "theme"), in_themes(1))
def test_a_report_of_contracts_is_drawn_in_silence(of_contracts: RetentionReport, name: str, theme: str) -> None:
    drawn(of_contracts.chart(name, theme=theme))


def test_clusters_are_as_long_as_their_share_and_say_their_middle_customer() -> None:
    report = RetentionAnalyzer().analyze_customer_retention(None, shop(customers=250), clusters=3)
    state = drawn(report.chart("clusters", unit="$"))
    np.testing.assert_allclose(data(state, "until"), report.clusters["share"].to_numpy()[::-1])
    first = report.clusters.iloc[0]
    words = texts(state)
    assert f"{first['customers']:,} · " in words
    assert f"{first['recency_days']:,.0f} days silent" in words
    assert "$" in words


def test_a_cluster_without_amounts_says_what_is_known() -> None:
    row = {"recency_days": 12.0, "frequency": 1.0, "monetary": np.nan, "churn_probability": 0.4}
    assert middle_of(row) == ["40 % to leave", "12 days silent", "1 purchase"]


def test_a_forest_of_hazards_has_each_ratio_at_its_place_and_says_its_direction(of_contracts: RetentionReport) -> None:
    hazards = of_contracts.parameters["hazards"]
    state = drawn(of_contracts.chart("hazards"))
    np.testing.assert_allclose(data(state, "ratio"), np.sort(np.log10([row["hazard_ratio"] for row in hazards])))
    look = load_theme()
    named = " ".join(state.yaxis[0].major_label_overrides.values()).replace("\n", " ")
    assert f"{look.signs['good']} Contract is Two year, not Month-to-month" in named


def test_a_hazard_without_bound_stands_at_the_edge_and_is_no_exception(of_contracts: RetentionReport) -> None:
    wild = [
        {"field": "a", "hazard_ratio": 1e-30, "lo": 0.0, "hi": np.inf, "p_value": 0.9},
        {"field": "b", "hazard_ratio": np.nan, "lo": np.nan, "hi": np.nan, "p_value": np.nan},
    ]
    state = drawn(replace(of_contracts, parameters={"hazards": wild}).chart("hazards"))
    assert data(state, "ratio").tolist() == [-3.0]


def test_survival_is_drawn_by_the_strongest_field_or_by_the_one_asked_for(of_contracts: RetentionReport) -> None:
    assert drawn(of_contracts.chart("survival_by_group")).title.text == "by Contract"
    asked = of_contracts.survival_by("gender")
    state = drawn(asked.chart())
    assert state.title.text == "by gender"
    assert len(state.legend[0].items) == 2
    assert drawn(of_contracts.chart("survival_by_group", field="gender")).title.text == "by gender"
    with pytest.raises(InvalidArgument, match="no field"):
        of_contracts.chart("survival_by_group", field="colour")


def test_a_handful_of_customers_does_not_fill_the_return_curves(of_a_shop: RetentionReport) -> None:
    curves = of_a_shop.return_curves.copy()
    curves.loc[curves["day"] == 90, ["eligible", "hi"]] = [3, 1.0]
    state = drawn(replace(of_a_shop, return_curves=curves).chart("return_curves"))
    assert 90 not in data(state, "day")


def test_revenue_retention_says_its_newest_month(of_a_shop: RetentionReport) -> None:
    assert drawn(of_a_shop.chart("revenue_retention")).title.text == (
        "March 2020 kept: net revenue 100 %, gross revenue 75 %, customers 70 %"
    )
