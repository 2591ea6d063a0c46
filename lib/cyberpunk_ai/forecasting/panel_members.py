"""What global members share: one model learnt over all series of a panel, whose forecasts are made once for everybody.

The model itself is the member's own file; a single series is a panel of one.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

from cyberpunk_ai.forecasting.base import FloatArray, Forecaster
from cyberpunk_ai.forecasting.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


class SharedModel(Protocol):
    """One fitted model for several series."""

    def project(self, horizon: int) -> Sequence[FloatArray]:
        """Return the forecast of every series."""

    def spread(self, horizon: int) -> Sequence[FloatArray | None]:
        """Return the expected standard deviation of the error of every series, None where unknown."""


class GlobalForecaster(Forecaster):
    """A member that learns one model over the whole panel; each series keeps its own scale and season."""

    is_global: ClassVar[bool] = True
    together_: SharedModel | None
    place_: int

    @classmethod
    def fit_panel(cls, panel: Sequence[pd.Series], *, season_length: int = 1, seed: int = 0) -> list[Forecaster]:
        """Learn one model over all series that are long enough and return one forecaster per series."""
        fits = [cls(season_length=season_length, seed=seed)._describe_only(series) for series in panel]
        cls._share([fit for fit in fits if not fit.is_naive_])
        return list(fits)

    def _describe_only(self, series: pd.Series) -> Self:
        self.together_ = None
        self.waits_ = True
        try:
            return self._start(series, again=False)
        finally:
            self.waits_ = False

    def _learn(self, values: FloatArray) -> None:
        self._prepare(values)
        if not getattr(self, "waits_", False):
            self._share([self])

    @classmethod
    def _share(cls, fits: Sequence[Self]) -> None:
        if not fits:
            return
        with quiet():
            model = cls._learn_together(fits)
        for place, fit in enumerate(fits):
            fit.together_, fit.place_ = model, place

    @abstractmethod
    def _prepare(self, values: FloatArray) -> None:
        """Learn what belongs to this series alone: its scale and season."""

    @classmethod
    @abstractmethod
    def _learn_together(cls, fits: Sequence[Self]) -> SharedModel:
        """Learn one model over prepared series."""

    def _project(self, horizon: int) -> FloatArray:
        assert self.together_ is not None  # noqa: S101 - fit() always shares a model before this can be reached
        return self.together_.project(horizon)[self.place_]

    def _spread(self, horizon: int) -> FloatArray | None:
        assert self.together_ is not None  # noqa: S101 - as above
        return self.together_.spread(horizon)[self.place_]
