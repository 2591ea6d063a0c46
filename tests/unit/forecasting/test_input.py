"""Reading demand: what is legal, what is repaired and said, what is refused with advice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument
from cyberpunk_ai.forecasting import frequency
from cyberpunk_ai.forecasting.input import read_demand


def series(freq: str = "MS", count: int = 24) -> pd.Series:
    return pd.Series(
        np.arange(count, dtype=float), index=pd.date_range("2020-01-06" if freq.startswith("W") else "2020-01-01", periods=count, freq=freq)
    )


@pytest.mark.parametrize(
    ("freq", "season"),
    [
        ("D", 7),
        ("W-MON", 52),
        ("W-SUN", 52),
        ("MS", 12),
        ("ME", 12),
        ("QS-JAN", 4),
        ("QE-DEC", 4),
        ("YS-JAN", 1),
        ("YE-DEC", 1),
        ("h", 24),
        ("B", 5),
    ],
)
def test_frequency_and_season_are_found(freq, season):
    panel = read_demand(series(freq, 30))
    assert (panel.freq, panel.season_length) == (freq, season)
    assert panel.notes == ()


@pytest.mark.parametrize(("given", "spelled"), [("M", "ME"), ("H", "h"), ("Q", "QE-DEC"), ("W", "W-SUN"), ("2h", "2h"), ("D", "D")])
def test_old_spellings_are_understood(given, spelled):
    assert frequency.normalise(given) == spelled


def test_season_of_a_multiple_is_divided():
    assert frequency.season_of("2h") == 12
    assert frequency.season_of("7h") == 1


@pytest.mark.parametrize("freq", ["fortnight", "ns", "min"])
def test_unknown_frequency_is_refused(freq):
    with pytest.raises(InvalidArgument):
        read_demand(series(), freq=freq)


def test_unsorted_dates_are_sorted_and_this_is_said():
    panel = read_demand(series().sample(frac=1.0, random_state=1))
    assert panel.demands[0].values.tolist() == list(range(24))
    assert any("sorted" in note for note in panel.notes)


def test_gap_is_filled_from_the_season_and_marked():
    whole = pd.Series(np.tile([1.0, 2, 3, 4], 6), index=pd.date_range("2020-01-01", periods=24, freq="QS"))
    panel = read_demand(whole.drop(whole.index[9]))
    assert panel.demands[0].values[9] == 2.0
    assert panel.demands[0].filled.tolist() == [place == 9 for place in range(24)]
    assert any("1 of 24" in note for note in panel.notes)


def test_missing_ends_are_cut_off():
    values = series()
    values.iloc[0] = values.iloc[-2:] = np.nan
    panel = read_demand(values)
    assert len(panel.demands[0].values) == 21
    assert any("3 missing values at the ends" in note for note in panel.notes)


def test_duplicate_dates_are_refused_with_advice():
    with pytest.raises(ContractBroken, match="twice") as caught:
        read_demand(pd.concat([series(), series().iloc[:1]]))
    assert "resample" in caught.value.hint


def test_irregular_dates_are_refused_with_advice():
    dates = pd.to_datetime(["2020-01-01", "2020-01-09", "2020-03-02", "2020-07-30", "2021-02-02"])
    with pytest.raises(ContractBroken, match="irregular") as caught:
        read_demand(pd.Series(range(5), index=dates))
    assert "resample" in caught.value.hint


@pytest.mark.parametrize(
    "dates",
    [
        [pd.Timestamp("2020-01-01", tz="Europe/Berlin"), pd.Timestamp("2020-02-01", tz="America/New_York")],
        [pd.Timestamp("2020-01-01", tz="Europe/Berlin"), pd.Timestamp("2020-02-01")],
        ["2020-01-01T00:00:00+01:00", "2020-02-01T00:00:00-05:00"],
        ["2020-01-01T00:00:00Z", "2020-02-01"],
    ],
)
def test_dates_of_several_zones_are_refused_with_advice(dates):
    with pytest.raises(ContractBroken) as caught:
        read_demand(pd.DataFrame({"ds": dates, "y": [1, 2]}))
    assert "zone" in caught.value.hint


def test_days_of_a_zone_keep_their_date():
    values = series("D", 30).tz_localize("Europe/Berlin")
    panel = read_demand(values)
    assert panel.freq == "D"
    assert panel.demands[0].series.index[0] == pd.Timestamp("2020-01-01")


def test_hours_of_a_zone_become_utc_over_the_change_of_the_clock():
    hours = pd.date_range("2020-03-28", periods=72, freq="h", tz="Europe/Berlin")
    panel = read_demand(pd.Series(np.arange(72.0), index=hours))
    assert panel.freq == "h"
    assert not panel.demands[0].filled.any()


@pytest.mark.parametrize(
    "broken",
    [
        pd.DataFrame({"date": [1], "y": [1]}),
        pd.DataFrame({"ds": [], "y": []}),
        pd.Series([1, 2, 3]),
        pd.DataFrame({"ds": ["yesterday"], "y": [1]}),
        pd.DataFrame({"ds": ["2020-01-01", None], "y": [1, 2]}),
        pd.DataFrame({"ds": ["2020-01-01"], "y": ["many"]}),
        pd.DataFrame({"ds": ["2020-01-01"], "y": [float("inf")]}),
        pd.DataFrame({"ds": ["2020-01-01"], "y": [None]}),
        pd.DataFrame({"unique_id": [None], "ds": ["2020-01-01"], "y": [1]}),
        pd.DataFrame({"unique_id": ["a", "b"], "ds": ["2020-01-01", "2020-02-01"], "y": [1, None]}),
    ],
)
def test_illegal_demand_is_refused_with_advice(broken):
    with pytest.raises(ContractBroken) as caught:
        read_demand(broken)
    assert caught.value.hint


def test_series_off_the_given_grid_is_refused():
    with pytest.raises(ContractBroken, match="grid"):
        read_demand(series("D", 20), freq="MS")


def test_written_dates_are_dates():
    panel = read_demand(pd.DataFrame({"ds": ["2020-01-01", "2020-02-01", "2020-03-01"], "y": ["1", "2", "3"]}))
    assert panel.freq == "MS"
    assert panel.demands[0].values.tolist() == [1, 2, 3]


def test_periods_are_dates():
    panel = read_demand(pd.Series(range(12), index=pd.period_range("2020-01", periods=12, freq="M")))
    assert panel.freq == "MS"


def test_demand_is_not_changed():
    frame = series().rename_axis("ds").rename("y").reset_index()
    before = frame.copy()
    read_demand(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_few_rows_over_endless_time_are_refused_before_they_become_a_grid() -> None:
    few = pd.DataFrame({"ds": [*pd.date_range("2016-01-01", periods=30, freq="h"), pd.Timestamp("2024-01-01")], "y": 1.0})
    for asked in ({"resample": "sum", "freq": "h"}, {"resample": "mean", "freq": "h"}, {"freq": "h"}):
        with pytest.raises(InvalidArgument, match=r"31 rows would become 70,\d+ periods of h") as told:
            read_demand(few, **asked)
        assert "coarser" in told.value.hint
    assert len(read_demand(few, resample="sum", freq="D").demands[0].series) > 2000


def test_of_a_very_long_history_the_newest_periods_are_used_and_it_is_said() -> None:
    long = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=20_000, freq="h"), "y": np.arange(20_000.0), "unique_id": "long"})
    short = long.tail(500).assign(unique_id="short")
    panel = read_demand(pd.concat([long, short]))
    found = {each.unique_id: each.series for each in panel.demands}
    assert found["long"].tolist() == list(range(10_000, 20_000))
    assert found["short"].tolist() == list(range(19_500, 20_000))
    assert any("newest 10,000 periods" in note and "10,000 older rows" in note for note in panel.notes)
