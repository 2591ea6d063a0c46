"""Fitted forecasts on disk: JSON with what was learnt and the first numbers, which must come out again when it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.core.errors import InvalidArgument, StoreFailed
from cyberpunk_ai.core.version import __version__
from cyberpunk_ai.forecasting.fitted import from_state

if TYPE_CHECKING:
    from cyberpunk_ai.forecasting.fitted import FittedForecast
    from cyberpunk_ai.models.artefacts import Artefact, ArtefactStore

KIND = "forecast"
_SAME = 1e-6
_PROBES = 200


def save_forecast(store: ArtefactStore, name: str, fitted: FittedForecast) -> Artefact:
    """Store a fitted forecast as the next version of a name.

    Args:
        store: Where.
        name: Small letters, digits, `-` and `_`.
        fitted: The forecast.

    Raises:
        InvalidArgument: The name is not allowed, or the forecast has covariates and cannot be written down.
    """
    result = fitted.result
    board = result.leaderboard.set_index("model")["mase"]
    meta = {
        "package": __version__, "series": len(result.unique_ids), "freq": result.freq, "horizon": result.horizon,
        "last": result.history["ds"].max(), "models": list(fitted.request.models), "past_mase": float(board.get("ensemble", np.nan)),
    }  # fmt: skip
    if np.isnan(meta["past_mase"]):
        meta["past_mase"] = None
    probes = [float(each) for each in result.forecast["mean"].head(_PROBES)]
    return store.save(name, {"state": fitted.state(), "probes": probes}, kind=KIND, meta=meta)


def load_forecast(store: ArtefactStore, name: str, version: int | None = None) -> tuple[Artefact, FittedForecast]:
    """Load a fitted forecast, the newest version where none is named.

    Raises:
        NotFound: There is no such model or version.
        InvalidArgument: It is another kind of model.
        StoreFailed: The file is damaged, or what it forecasts is not what was saved, as with other versions of the libraries.
    """
    card, payload = store.load(name, version)
    if card.kind != KIND:
        raise InvalidArgument(f"{name!r} is a model of {card.kind}, not a forecast", hint="name a saved forecast")
    fitted = from_state(payload["state"])
    told = fitted.result.forecast["mean"].head(_PROBES).to_numpy(float)
    saved = np.asarray(payload["probes"])
    if told.shape != saved.shape or not np.allclose(told, saved, rtol=_SAME, atol=_SAME * float(np.abs(saved).max(initial=1.0))):
        raise StoreFailed(
            f"{name!r} version {card.version} does not forecast what it did when it was saved",
            hint=f"it was made by package version {card.meta.get('package')}; fit and save it again",
        )
    return card, fitted
