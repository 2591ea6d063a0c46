"""A bounded sample of the accuracy program: a few series in every run of the suite, more of them in the full tier."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.accuracy import pinned
from tests.accuracy.forecasting import rows_of
from tests.accuracy.forecasting_scores import SetScores, measure
from tests.accuracy.forecasting_sets import sets_in

if TYPE_CHECKING:
    from pathlib import Path


# Written anew by `python -m tests.accuracy.pinned`.
PINNED = json.loads(pinned.FILE.read_text())["forecasts"]
# Threads and vector units change no bit. Another kind of processor adds up in another order, at which the searches of ETS and ARIMA stop
# elsewhere: by 3e-8 of the number, and by 3e-6 where most periods hold no demand.
TOLERANCES = {"carparts_monthly": 2e-5}
MOST_OWA = {"m3_monthly": 0.95, "walmart_weekly_exog": 1.0}


@pytest.fixture(scope="module", params=pinned.SERIES)
def few(request: pytest.FixtureRequest, shared_data: Path) -> SetScores:
    """A few series of one set, forecast by the main ensemble."""
    return pinned.forecasts(shared_data, request.param)


def test_forecasts_are_those_that_were_pinned(few: SetScores):
    found = pinned.numbers_of(few)
    assert found.keys() == PINNED[few.name].keys()
    for column, numbers in PINNED[few.name].items():
        assert found[column] == pytest.approx(numbers, rel=TOLERANCES.get(few.name, 1e-6), abs=1e-9), column


def test_a_few_series_are_forecast_better_than_by_naive2_within_their_intervals(few: SetScores):
    assert few.is_ordered()
    assert few.coverage(95) >= few.coverage(80)
    assert few.coverage(95) >= 0.9
    # OWA means nothing where most periods hold no demand.
    assert few.name == "carparts_monthly" or few.owa_of(few.ours()) < MOST_OWA[few.name]


@pytest.mark.full
@pytest.mark.parametrize(("name", "limit", "most"), [("m3_monthly", 40, 0.92), ("m3_quarterly", 60, 0.95)])
def test_ensemble_beats_naive2_and_keeps_its_promise(shared_data: Path, name: str, limit: int, most: float):
    scores = measure(shared_data / "forecast" / f"{name}.parquet", limit=limit)
    assert len(scores.pasts) == limit
    assert scores.owa_of(scores.ours()) < most
    assert 0.90 <= scores.coverage(95) <= 0.98
    assert 0.74 <= scores.coverage(80) <= 0.88
    assert scores.is_ordered()


def test_a_set_becomes_rows_beside_its_peers(shared_data: Path):
    scores = measure(shared_data / "forecast" / "m3_yearly.parquet", limit=2, models=("theta", "ets"))
    rows = list(rows_of(scores, sample=1))
    assert {row.peer_name for row in rows} >= {
        "statsforecast AutoETS",
        "statsforecast AutoARIMA",
        "statsforecast four models",
        "pmdarima loop",
    }
    assert rows[0].must == 0.90
    assert rows[0].ok == (rows[0].ours <= 0.90)


def test_sets_of_that_layout_are_found_by_name(shared_data: Path):
    found = sets_in(shared_data / "forecast")
    assert {"m3_monthly", "m4_hourly", "carparts_monthly"} <= set(found)
    assert "aus_tourism_hier" not in found
