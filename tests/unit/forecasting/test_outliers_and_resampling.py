"""Outliers replaced on request, and rows put together per period."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument
from cyberpunk_ai.forecasting import forecast
from cyberpunk_ai.forecasting.input import read_demand


def months(values: np.ndarray) -> pd.Series:
    return pd.Series(values, index=pd.date_range("2018-01-01", periods=len(values), freq="MS"))


def test_an_outlier_is_replaced_and_listed_only_on_request():
    values = 100 + 10 * np.sin(np.arange(60) * np.pi / 6) + np.random.default_rng(0).normal(0, 1, 60)
    values[40] = 900
    kept = forecast(months(values), horizon=3, models=("theta",))
    cleaned = forecast(months(values), horizon=3, models=("theta",), outliers="clean")
    assert kept.outliers.empty
    assert cleaned.outliers["ds"].tolist() == [pd.Timestamp("2021-05-01")]
    row = cleaned.outliers.iloc[0]
    assert (row["y"], row["replaced_by"]) == (900, pytest.approx(values[39], abs=25))
    assert "as usual" in row["reason"]
    assert any("1 outliers were replaced" in note for note in cleaned.notes)


def test_what_is_far_off_too_often_is_the_series_itself():
    values = np.tile([1.0] * 9 + [50.0], 8)
    assert forecast(months(values), horizon=3, models=("theta",), outliers="clean").outliers.empty
    with pytest.raises(InvalidArgument, match="keep or clean"):
        forecast(months(values), horizon=3, outliers="drop")


def test_sales_are_summed_per_day_and_days_without_any_count_zero():
    rows = pd.DataFrame({"ds": ["2024-01-01 09:00", "2024-01-01 17:30", "2024-01-02 08:00", "2024-01-04 12:00"], "y": [1.0, 2.0, 5.0, 4.0]})
    panel = read_demand(rows, freq="D", resample="sum")
    assert panel.demands[0].values.tolist() == [3, 5, 0, 4]
    assert "4 rows were put together by sum" in panel.notes[0]
    assert "1 periods without rows count as zero" in panel.notes[0]


def test_a_month_that_has_only_begun_is_no_month():
    days = pd.DataFrame({"ds": pd.date_range("2024-01-01", "2024-03-10", freq="D"), "y": 1.0})
    panel = read_demand(days, freq="MS", resample="sum")
    assert panel.demands[0].values.tolist() == [31, 29]
    assert "in part only" in panel.notes[0]


def test_irregular_dates_find_their_grid():
    rng = np.random.default_rng(0)
    dates = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.sort(rng.uniform(0, 700, 150)), unit="D")
    panel = read_demand(pd.DataFrame({"ds": dates, "y": 1.0}), resample="sum")
    assert panel.freq == "W-MON"
    monthly = read_demand(pd.DataFrame({"ds": dates, "y": 2.0}), freq="MS", resample="mean")
    assert set(monthly.demands[0].values) == {2.0}
    with pytest.raises(ContractBroken, match="irregular") as caught:
        read_demand(pd.DataFrame({"ds": dates, "y": 1.0}))
    assert "resample" in caught.value.hint
    with pytest.raises(InvalidArgument, match="resample must be one of"):
        read_demand(pd.DataFrame({"ds": dates, "y": 1.0}), resample="max")


def test_a_panel_is_read_as_its_series_one_by_one():
    rng = np.random.default_rng(1)
    frames = []
    for name, count, gap in (("b", 30, None), ("a", 24, 5), ("c", 40, 12)):
        each = pd.DataFrame({"unique_id": name, "ds": pd.date_range("2020-03-01", periods=count, freq="MS"), "y": rng.normal(9, 1, count)})
        if gap is not None:
            each = each.drop(index=gap)
        frames.append(each)
    frames[2].loc[39, "y"] = np.nan
    together = read_demand(pd.concat(frames).sample(frac=1, random_state=0))
    assert [each.unique_id for each in together.demands] == ["a", "b", "c"]
    for demand, frame in zip(together.demands, (frames[1], frames[0], frames[2]), strict=True):
        alone = read_demand(frame).demands[0]
        pd.testing.assert_series_equal(demand.series, alone.series)
        assert (demand.filled == alone.filled).all()
        assert demand.series.index.freq is not None
    assert any("c: 1 missing values at the ends were cut off" in note for note in together.notes)
