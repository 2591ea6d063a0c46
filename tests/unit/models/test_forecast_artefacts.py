"""Fitted forecasts on disk."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from cyberpunk_ai.core.errors import InvalidArgument, NotFound, StoreFailed
from cyberpunk_ai.forecasting.fitted import fit_forecast
from cyberpunk_ai.models.artefacts import ArtefactStore
from cyberpunk_ai.models.forecast_artefacts import load_forecast, save_forecast
from tests.unit.forecasting.test_engine import monthly


@pytest.fixture(scope="module")
def fitted():
    return fit_forecast(monthly(), horizon=6, backtest_windows=1)


def test_a_saved_forecast_comes_back_and_moves_on(fitted, tmp_path):
    store = ArtefactStore(tmp_path)
    card = save_forecast(store, "revenue", fitted)
    assert (card.version, card.kind, card.format) == (1, "forecast", "json")
    assert card.meta["horizon"] == 6
    loaded_card, loaded = load_forecast(store, "revenue")
    assert loaded_card.version == 1
    pd.testing.assert_frame_equal(loaded.result.forecast, fitted.result.forecast, rtol=1e-6)
    new = pd.Series([310.0], index=[monthly(73).index[-1]], name="revenue")
    pd.testing.assert_frame_equal(loaded.update(new).result.forecast, fitted.update(new).result.forecast, rtol=1e-5)
    assert not [file for file in tmp_path.rglob("*") if file.suffix in (".pkl", ".pickle", ".joblib")]


def test_what_is_no_forecast_or_forecasts_something_else_is_refused(fitted, tmp_path):
    store = ArtefactStore(tmp_path)
    store.save("other", {"a": 1}, kind="churn")
    with pytest.raises(InvalidArgument, match="model of churn"):
        load_forecast(store, "other")
    with pytest.raises(NotFound):
        load_forecast(store, "none")
    payload = json.loads((save_forecast(store, "revenue", fitted).path / "model.json").read_text())
    payload["state"]["members"]["arima"]["states"]["each"][0]["parameters"][0] += 5.0
    store.save("revenue", payload, kind="forecast", meta={"package": "0.0"})
    with pytest.raises(StoreFailed, match="does not forecast what it did"):
        load_forecast(store, "revenue")
