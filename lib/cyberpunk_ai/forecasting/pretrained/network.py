"""The network in plain arithmetic: answers need no torch, which takes seconds to load; learning is in `training`.

One LSTM layer reads the newest periods; a hidden layer joins its state with those periods and three facts about the series; the last layer
gives quantiles of every period ahead, as departures from the last value in usual changes.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    import numpy.typing as npt

    from cyberpunk_ai.forecasting.pretrained.families import Family

    Weights = dict[str, npt.NDArray[np.float32]]

QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
MEDIAN = QUANTILES.index(0.5)
HIDDEN, JOINED, FACTS = 64, 64, 3
# The last layer's answers are in units of so many usual changes, which keeps its weights near one.
UNIT = 4.0
# Departures beyond so many usual changes are cut: one outlier must not own the state.
MOST = 40.0


@cache
def shipped(family: Family) -> Weights:
    """Return the weights that come with the package."""
    from safetensors.numpy import load

    content = (resources.files(__package__) / "weights" / f"{family.name}.safetensors").read_bytes()
    return dict(load(content))


def answer(weights: Weights, seen: npt.NDArray[np.float64], facts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return quantiles of what follows.

    Args:
        weights: Of the network, named as torch names them.
        seen: Newest periods as departures from the last one in usual changes, shape (n, seen).
        facts: As `facts_of`, shape (n, 3).

    Returns:
        Departures from the last value in usual changes, rising along the last axis, shape (n, ahead, 7).
    """
    bent = np.arcsinh(seen).astype(np.float32)
    steps = np.arcsinh(np.diff(seen, axis=1, prepend=seen[:, :1])).astype(np.float32)
    state, cell = (np.zeros((len(seen), HIDDEN), dtype=np.float32) for _ in range(2))
    inputs = np.stack([bent, steps], axis=-1) @ weights["lstm.weight_ih_l0"].T + weights["lstm.bias_ih_l0"] + weights["lstm.bias_hh_l0"]
    for place in range(seen.shape[1]):
        let_in, keep, new, let_out = np.split(inputs[:, place] + state @ weights["lstm.weight_hh_l0"].T, 4, axis=1)
        cell = expit(keep) * cell + expit(let_in) * np.tanh(new)
        state = expit(let_out) * np.tanh(cell)
    joined = np.concatenate([state, facts.astype(np.float32), bent], axis=1)
    hidden = np.tanh(joined @ weights["joined.weight"].T + weights["joined.bias"])
    out = (hidden @ weights["head.weight"].T + weights["head.bias"]).reshape(len(seen), -1, len(QUANTILES)) * UNIT
    return np.sort(out.astype(np.float64), axis=-1)


def window_of(values: npt.NDArray[np.float64], scale: float, length: int) -> npt.NDArray[np.float64]:
    """Return the newest `length` values as departures from the last in units of `scale`; before the start the first one is repeated."""
    newest = values[-length:]
    departures = np.clip((newest - values[-1]) / scale, -MOST, MOST)
    return np.concatenate([np.full(length - len(newest), departures[0]), departures])


def facts_of(length: int, family: Family, *, is_adjusted: bool) -> npt.NDArray[np.float64]:
    """Return how much of the window is filled, how long the history is, and whether a season was taken out, shape (3,)."""
    return np.array([min(length, family.seen) / family.seen, np.log(length) / 5.0, float(is_adjusted)])
