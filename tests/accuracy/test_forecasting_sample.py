"""A bounded sample of the accuracy program, small enough for every run of the suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.accuracy.forecasting import rows_of
from tests.accuracy.forecasting_scores import measure
from tests.accuracy.forecasting_sets import sets_in

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.parametrize(("name", "limit", "most"), [("m3_monthly", 15, 0.95), ("m3_quarterly", 15, 1.0)])
def test_ensemble_beats_naive2_and_keeps_its_promise(shared_data: Path, name: str, limit: int, most: float):
    scores = measure(shared_data / "forecast" / f"{name}.parquet", limit=limit)
    assert len(scores.pasts) == limit
    assert scores.owa_of(scores.ours()) < most
    assert 0.86 <= scores.coverage(95) <= 1.0
    assert 0.68 <= scores.coverage(80) <= 0.97
    assert scores.is_ordered()


@pytest.mark.slow
def test_a_set_becomes_rows_beside_its_peers(shared_data: Path):
    scores = measure(shared_data / "forecast" / "m3_yearly.parquet", limit=6, models=("theta", "ets"))
    rows = list(rows_of(scores, sample=6))
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
