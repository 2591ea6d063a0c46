"""LSTM: a small recurrent network for three quantiles, learnt in a bounded number of steps over the windows of the whole panel.

Season and scale are taken out per series first, and the network starts at the naive forecast: it can only learn to depart from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from cyberpunk_ai.forecasting.base import FORECASTERS, FloatArray
from cyberpunk_ai.forecasting.panel_members import GlobalForecaster
from cyberpunk_ai.forecasting.seasonality import adjust

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from cyberpunk_ai.forecasting.base import Forecaster

_HIDDEN = 16
_LEAST_STEPS, _MOST_STEPS = 60, 600
_EPOCHS = 10
# A shared network does not know the drift of each series: on 30 series of M3 months and quarters its OWA was 1.11 and 1.06, that of one
# network per series .86 and .90. A network per series costs a fifth of a second, so large panels share one.
_SHARED_FROM_SERIES = 30
_BATCH = 128
_LEARNING_RATE = 0.01
_QUANTILES = (0.1, 0.5, 0.9)
# Half the distance from the 10% to the 90% quantile of a normal, in standard deviations.
_Z_OF_QUANTILES = 1.2815515655446004
_CLIP = 10.0


@FORECASTERS.register("lstm", needs=("torch",), summary="Small recurrent quantile network (torch).")
class LstmForecaster(GlobalForecaster):
    """One quantile network over all series: the median is the forecast, the outer quantiles its spread."""

    name: ClassVar[str] = "lstm"
    minimum_length: ClassVar[int] = 16
    cost: ClassVar[int] = 70

    @classmethod
    def fit_panel(cls, panel: Sequence[pd.Series], *, season_length: int = 1, seed: int = 0) -> list[Forecaster]:
        """Learn one network per series of a small panel, and one for all of a large one."""
        if len(panel) >= _SHARED_FROM_SERIES:
            return super().fit_panel(panel, season_length=season_length, seed=seed)
        return [cls(season_length=season_length, seed=seed).fit(series) for series in panel]

    def _prepare(self, values: FloatArray) -> None:
        self.adjusted_ = adjust(values, self.season_length)
        self.scale_ = float(np.abs(np.diff(self.adjusted_.values)).mean()) or 1.0

    @classmethod
    def _learn_together(cls, fits: Sequence[Self]) -> _Network:
        shortest = min(len(fit.values_) for fit in fits)
        season = fits[0].season_length if 1 < fits[0].season_length <= 24 else 8
        seen = max(min(season, shortest // 3), 4)
        ahead = max(min(season, shortest // 4), 2)
        network = _Network(fits, seen, ahead)
        network.learn(fits[0].seed)
        return network


@dataclass
class _Network:
    fits: Sequence[LstmForecaster]
    seen: int
    ahead: int
    lstm: Any = None
    head: Any = None
    _made: dict[int, tuple[list[FloatArray], list[FloatArray | None]]] = field(default_factory=dict)

    def learn(self, seed: int) -> None:
        import torch

        if torch.get_num_threads() != 1:
            torch.set_num_threads(1)
        inputs, targets, known = self._windows()
        rng = np.random.default_rng(seed)
        self._start(rng)
        taus = torch.tensor(_QUANTILES, dtype=torch.float32)
        optimiser = torch.optim.Adam([*self.lstm.parameters(), *self.head.parameters()], lr=_LEARNING_RATE)
        steps = int(np.clip(_EPOCHS * len(inputs) // _BATCH, _LEAST_STEPS, _MOST_STEPS))
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps, eta_min=_LEARNING_RATE / 20)
        for _ in range(steps):
            rows = slice(None) if len(inputs) <= _BATCH else torch.from_numpy(rng.choice(len(inputs), _BATCH, replace=False))
            gap = targets[rows].unsqueeze(-1) - self._ask(inputs[rows])
            loss = torch.maximum(taus * gap, (taus - 1) * gap)[known[rows]].mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()

    def project(self, horizon: int) -> list[FloatArray]:
        return self._all(horizon)[0]

    def spread(self, horizon: int) -> list[FloatArray | None]:
        return self._all(horizon)[1]

    def _start(self, rng: np.random.Generator) -> None:
        """Draw the weights from a generator of our own: torch's global one is shared by all threads of the process."""
        import torch

        self.lstm = torch.nn.LSTM(1, _HIDDEN, batch_first=True)
        self.head = torch.nn.Linear(_HIDDEN, self.ahead * len(_QUANTILES))
        bound = _HIDDEN**-0.5
        with torch.no_grad():
            for weights in self.lstm.parameters():
                weights.copy_(torch.from_numpy(rng.uniform(-bound, bound, tuple(weights.shape)).astype(np.float32)))
            for weights in self.head.parameters():
                weights.zero_()

    def _ask(self, inputs: Any) -> Any:
        states, _ = self.lstm(inputs.unsqueeze(-1))
        return self.head(states[:, -1]).reshape(len(inputs), self.ahead, len(_QUANTILES))

    def _windows(self) -> tuple[Any, Any, Any]:
        """Return every window, what followed it, and which of that is known; all relative to the window's last value, in usual changes."""
        import torch

        inputs, targets = [], []
        for fit in self.fits:
            values = fit.adjusted_.values
            padded = np.concatenate([values, np.full(self.ahead, np.nan)])
            views = np.lib.stride_tricks.sliding_window_view(padded, self.seen + self.ahead)[: len(values) - self.seen]
            origin = views[:, self.seen - 1 : self.seen]
            inputs.append((views[:, : self.seen] - origin) / fit.scale_)
            targets.append((views[:, self.seen :] - origin) / fit.scale_)
        after = np.concatenate(targets)
        known = np.isfinite(after)
        before = np.clip(np.concatenate(inputs), -_CLIP, _CLIP)
        after = np.clip(np.nan_to_num(after), -_CLIP, _CLIP)
        return torch.from_numpy(before.astype(np.float32)), torch.from_numpy(after.astype(np.float32)), torch.from_numpy(known)

    def _all(self, horizon: int) -> tuple[list[FloatArray], list[FloatArray | None]]:
        if horizon not in self._made:
            self._made[horizon] = self._roll(horizon)
        return self._made[horizon]

    def _roll(self, horizon: int) -> tuple[list[FloatArray], list[FloatArray | None]]:
        """Ask for as many periods as the network gives, then feed its median back and ask again; spreads of later rounds add up."""
        import torch

        scales = np.array([fit.scale_ for fit in self.fits])[:, None]
        paths = np.stack([fit.adjusted_.values[-self.seen :] for fit in self.fits])
        variances = np.zeros((len(self.fits), 0))
        while paths.shape[1] < self.seen + horizon:
            origin = paths[:, -1:]
            window = np.clip((paths[:, -self.seen :] - origin) / scales, -_CLIP, _CLIP)
            with torch.no_grad():
                quantiles = np.sort(self._ask(torch.from_numpy(window.astype(np.float32))).numpy().astype(np.float64), axis=-1)
            width = (quantiles[..., -1] - quantiles[..., 0]) / (2 * _Z_OF_QUANTILES)
            carried = variances[:, -1:] if variances.shape[1] else 0.0
            variances = np.concatenate([variances, carried + np.square(width * scales)], axis=1)
            paths = np.concatenate([paths, origin + quantiles[..., len(_QUANTILES) // 2] * scales], axis=1)
        means = [fit.adjusted_.restore(path) for fit, path in zip(self.fits, paths[:, self.seen : self.seen + horizon], strict=True)]
        spreads: list[FloatArray | None] = [
            fit.adjusted_.scale(np.sqrt(each)) for fit, each in zip(self.fits, variances[:, :horizon], strict=True)
        ]
        return means, spreads
