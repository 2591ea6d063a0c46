"""LSTM: a small recurrent quantile network per frequency that comes already trained, and is tuned on the panel where that helps.

Season and scale are taken out per series first. What the network is and how it was trained is in `pretrained`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cyberpunk_ai.forecasting.base import FORECASTERS, FloatArray
from cyberpunk_ai.forecasting.panel_members import GlobalForecaster
from cyberpunk_ai.forecasting.pretrained import network
from cyberpunk_ai.forecasting.pretrained.families import Family, family_of
from cyberpunk_ai.forecasting.seasonality import adjust

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cyberpunk_ai.forecasting.pretrained.network import Weights
    from cyberpunk_ai.forecasting.pretrained.training import Examples

# Half the distance from the 10% to the 90% quantile of a normal, in standard deviations.
_Z_OF_QUANTILES = 1.2815515655446004
_LOW, _HIGH = network.QUANTILES.index(0.1), network.QUANTILES.index(0.9)
# Below so many windows a panel says less than what the network has learnt already.
_LEAST_WINDOWS, _LEAST_SERIES = 500, 30
_MOST_WINDOWS = 20_000
_TUNING_RATE = 4e-4
_TUNING_STEPS = 150
# Tuned weights are kept only if they lower the loss on the newest window of every series by this share.
_LEAST_GAIN = 0.01


@FORECASTERS.register(
    "lstm", needs=("safetensors.numpy",), summary="Recurrent quantile network, trained before, tuned on large panels (torch)."
)
class LstmForecaster(GlobalForecaster):
    """One quantile network over all series: the median is the forecast, the outer quantiles its spread."""

    name: ClassVar[str] = "lstm"
    minimum_length: ClassVar[int] = 6
    cost: ClassVar[int] = 20

    def _prepare(self, values: FloatArray) -> None:
        self.adjusted_ = adjust(values, self.season_length)
        self.scale_ = float(np.abs(np.diff(self.adjusted_.values)).mean()) or 1.0

    @classmethod
    def _learn_together(cls, fits: Sequence[Self]) -> _Network:
        family = family_of(fits[0].season_length)
        weights, note = tuned(network.shipped(family), [(fit.adjusted_.values, fit.scale_) for fit in fits], family, fits[0].seed)
        for fit in fits:
            fit.note_ = note
        return _Network(fits, family, weights)

    @classmethod
    def _taken_up(cls, fits: Sequence[Self], state: Mapping[str, Any]) -> _Network:
        family = family_of(fits[0].season_length)
        tuned_weights = {name: np.asarray(each, dtype=np.float32) for name, each in state["weights"].items()}
        for fit in fits:
            fit.note_ = state["note"]
        return _Network(fits, family, tuned_weights or network.shipped(family))


def tuned(shipped: Weights, series: Sequence[tuple[FloatArray, float]], family: Family, seed: int) -> tuple[Weights, str]:
    """Tune the network on a large panel, and keep that only if it then tells the newest window of the series better.

    Args:
        shipped: Weights to start from.
        series: Adjusted values and usual change of each series.
        family: The network's shape.
        seed: Of the batches.

    Returns:
        The weights and what was done with them.
    """
    long = [(values, scale) for values, scale in series if len(values) >= 2 * family.ahead + _first_end(family)]
    windows = sum(len(values) - 2 * family.ahead - _first_end(family) + 1 for values, _ in long)
    if len(long) < _LEAST_SERIES or windows < _LEAST_WINDOWS:
        return shipped, f"network of {family.name} series as shipped"
    from cyberpunk_ai.forecasting.pretrained.training import learn

    past, newest = _windows(long, family, np.random.default_rng(seed))
    better = learn(past, steps=_TUNING_STEPS, rate=_TUNING_RATE, seed=seed, start=shipped)
    before, after = (_loss(weights, newest) for weights in (shipped, better))
    gain = 1 - after / before
    if gain < _LEAST_GAIN:
        return shipped, f"network of {family.name} series as shipped: tuning on this panel changed its held-out loss by {-gain:+.1%} only"
    return better, f"network of {family.name} series tuned on this panel, held-out loss {-gain:+.1%}"


def _windows(series: Sequence[tuple[FloatArray, float]], family: Family, rng: np.random.Generator) -> tuple[Examples, Examples]:
    """Windows that end before the newest `ahead` periods of each series, and the one that is followed by them."""
    from cyberpunk_ai.forecasting.pretrained.training import Examples

    places = [
        (position, end)
        for position, (values, _) in enumerate(series)
        for end in range(_first_end(family), len(values) - 2 * family.ahead + 1)
    ]
    if len(places) > _MOST_WINDOWS:
        places = [places[place] for place in np.sort(rng.choice(len(places), _MOST_WINDOWS, replace=False))]
    latest = [(position, len(values) - family.ahead) for position, (values, _) in enumerate(series)]

    def examples(chosen: Sequence[tuple[int, int]]) -> Examples:
        parts: tuple[list[FloatArray], ...] = ([], [], [])
        for position, end in chosen:
            values, scale = series[position]
            parts[0].append(network.window_of(values[:end], scale, family.seen))
            parts[1].append(network.facts_of(end, family, is_adjusted=True))
            parts[2].append(np.clip((values[end : end + family.ahead] - values[end - 1]) / scale, -network.MOST, network.MOST))
        return Examples(*(np.stack(part) for part in parts))

    return examples(places), examples(latest)


def _first_end(family: Family) -> int:
    return max(family.shortest // 2, 4)


def _loss(weights: Weights, examples: Examples) -> float:
    gap = examples.after[..., None] - network.answer(weights, examples.seen, examples.facts)
    taus = np.asarray(network.QUANTILES)
    return float(np.maximum(taus * gap, (taus - 1) * gap).mean())


@dataclass
class _Network:
    fits: Sequence[LstmForecaster]
    family: Family
    weights: Weights
    _made: dict[int, tuple[list[FloatArray], list[FloatArray | None]]] = field(default_factory=dict)

    def project(self, horizon: int) -> list[FloatArray]:
        return self._all(horizon)[0]

    def spread(self, horizon: int) -> list[FloatArray | None]:
        return self._all(horizon)[1]

    def over(self, fits: Sequence[Any]) -> _Network:
        """Return the same network over other prepared series."""
        for fit in fits:
            fit.note_ = self.fits[0].note_
        return _Network(fits, self.family, self.weights)

    def state(self) -> dict[str, Any]:
        """Return the weights where they were tuned; the shipped ones need no copy."""
        is_shipped = self.weights is network.shipped(self.family)
        weights = {} if is_shipped else {name: np.asarray(each).tolist() for name, each in self.weights.items()}
        return {"weights": weights, "note": self.fits[0].note_}

    def _all(self, horizon: int) -> tuple[list[FloatArray], list[FloatArray | None]]:
        if horizon not in self._made:
            self._made[horizon] = self._roll(horizon)
        return self._made[horizon]

    def _roll(self, horizon: int) -> tuple[list[FloatArray], list[FloatArray | None]]:
        """Ask for as many periods as the network gives, then feed its median back and ask again; variances of later rounds add up."""
        paths = [fit.adjusted_.values for fit in self.fits]
        told = [np.zeros(0) for _ in self.fits]
        variances = [np.zeros(0) for _ in self.fits]
        for _ in range(-(-horizon // self.family.ahead)):
            seen = np.stack([network.window_of(path, fit.scale_, self.family.seen) for path, fit in zip(paths, self.fits, strict=True)])
            facts = np.stack(
                [
                    network.facts_of(len(path), self.family, is_adjusted=fit.adjusted_.kind != "none")
                    for path, fit in zip(paths, self.fits, strict=True)
                ]
            )
            quantiles = network.answer(self.weights, seen, facts)
            for place, fit in enumerate(self.fits):
                ahead = paths[place][-1] + quantiles[place, :, network.MEDIAN] * fit.scale_
                width = (quantiles[place, :, _HIGH] - quantiles[place, :, _LOW]) * fit.scale_ / (2 * _Z_OF_QUANTILES)
                carried = variances[place][-1] if len(variances[place]) else 0.0
                told[place] = np.concatenate([told[place], ahead])
                variances[place] = np.concatenate([variances[place], carried + np.square(width)])
                paths[place] = np.concatenate([paths[place], ahead])
        means = [fit.adjusted_.restore(path[:horizon]) for fit, path in zip(self.fits, told, strict=True)]
        spreads: list[FloatArray | None] = [
            fit.adjusted_.scale(np.sqrt(each[:horizon])) for fit, each in zip(self.fits, variances, strict=True)
        ]
        return means, spreads
