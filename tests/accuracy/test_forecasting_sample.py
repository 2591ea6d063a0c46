"""A bounded sample of the accuracy program, small enough for every run of the suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.accuracy.forecasting import measure

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.parametrize(("name", "limit", "most"), [("m3_monthly", 15, 0.95), ("m3_quarterly", 15, 1.0)])
def test_ensemble_beats_naive2_and_keeps_its_promise(shared_data: Path, name: str, limit: int, most: float):
    row = measure(shared_data / "forecast" / f"{name}.parquet", limit=limit)
    assert row.series == limit
    assert row.owa < most
    assert 0.86 <= row.coverage_95 <= 1.0
    assert 0.68 <= row.coverage_80 <= 0.97
