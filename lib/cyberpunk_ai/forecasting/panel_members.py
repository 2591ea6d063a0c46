"""What global members share: one model learnt over all series of a panel, whose forecasts are made once for everybody.

The model itself is the member's own file; a single series is a panel of one.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from cyberpunk_ai.forecasting.base import FloatArray, Forecaster
from cyberpunk_ai.forecasting.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd


class SharedModel(Protocol):
    """One fitted model for several series."""

    def project(self, horizon: int) -> Sequence[FloatArray]:
        """Return the forecast of every series."""

    def spread(self, horizon: int) -> Sequence[FloatArray | None]:
        """Return the expected standard deviation of the error of every series, None where unknown."""

    def over(self, fits: Sequence[Any]) -> SharedModel:
        """Return the same model over other prepared series."""

    def state(self) -> dict[str, Any]:
        """Return what was learnt, as JSON-ready values."""


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
            return self._start(series, self._learn)
        finally:
            self.waits_ = False

    @classmethod
    def extend_panel(cls, fits: Sequence[Forecaster], panel: Sequence[pd.Series]) -> list[Forecaster]:
        """Return copies that have moved on to longer histories and share a copy of the model, which stays as it was learnt."""
        moved = [copy.copy(fit) for fit in fits if isinstance(fit, cls)]
        shared = next((fit.together_ for fit in moved if fit.together_ is not None), None)
        for fit, series in zip(moved, panel, strict=True):
            had_learnt = fit.together_ is not None
            fit.waits_ = True
            fit._start(series, fit._prepare)
            fit.waits_ = False
            if not had_learnt:
                # Too short when the model was learnt: it goes on as before until the next fit.
                fit.is_naive_ = True
        if shared is not None:
            cls._hand_out(shared.over([fit for fit in moved if not fit.is_naive_]), [fit for fit in moved if not fit.is_naive_])
        return list(moved)

    @classmethod
    def shared_state(cls, panel: Sequence[pd.Series], *, season_length: int = 1, seed: int = 0) -> dict[str, Any]:
        """Learn one model on a panel and return it for `restore_panel` of any other, as JSON-ready values."""
        states = cls.panel_states(cls.fit_panel(panel, season_length=season_length, seed=seed))
        return {"shared": states["shared"], "naive": None}

    @classmethod
    def panel_states(cls, fits: Sequence[Forecaster]) -> dict[str, Any]:
        """Return the shared model and which series it knows, as JSON-ready values."""
        shared = next((fit.together_ for fit in fits if isinstance(fit, cls) and fit.together_ is not None), None)
        return {"shared": None if shared is None else shared.state(), "naive": [fit.is_naive_ for fit in fits]}

    @classmethod
    def restore_panel(
        cls, panel: Sequence[pd.Series], states: Mapping[str, Any], *, season_length: int = 1, seed: int = 0
    ) -> list[Forecaster]:
        """Return forecasters that share the model of `states`, on the same series."""
        fits = [cls(season_length=season_length, seed=seed)._describe_only(series) for series in panel]
        # A model that was learnt on other series says nothing of which of these are too short.
        for fit, is_naive in zip(fits, states["naive"] or [fit.is_naive_ for fit in fits], strict=True):
            fit.is_naive_ = is_naive
        known = [fit for fit in fits if not fit.is_naive_]
        if states["shared"] is not None and known:
            cls._hand_out(cls._taken_up(known, states["shared"]), known)
        return list(fits)

    def extend(self, series: pd.Series) -> Self:
        """Take a longer history of the same series and keep the model."""
        moved = type(self).extend_panel([self], [series])[0]
        self.__dict__.update(moved.__dict__)
        if self.together_ is not None:
            type(self)._hand_out(self.together_.over([self]), [self])
        return self

    def state(self) -> dict[str, Any]:
        """Return the model, as JSON-ready values."""
        return type(self).panel_states([self])

    def restore(self, series: pd.Series, state: Mapping[str, Any]) -> Self:
        """Take up the model of `state` on the series it was learnt from."""
        taken = type(self).restore_panel([series], state, season_length=self.season_length, seed=self.seed)[0]
        self.__dict__.update(taken.__dict__)
        if self.together_ is not None:
            type(self)._hand_out(self.together_.over([self]), [self])
        return self

    def _learn(self, values: FloatArray) -> None:
        self._prepare(values)
        if not getattr(self, "waits_", False):
            self._share([self])

    @classmethod
    def _share(cls, fits: Sequence[Self]) -> None:
        if not fits:
            return
        with quiet():
            cls._hand_out(cls._learn_together(fits), fits)

    @classmethod
    def _hand_out(cls, model: SharedModel, fits: Sequence[Self]) -> None:
        for place, fit in enumerate(fits):
            fit.together_, fit.place_ = model, place

    @abstractmethod
    def _prepare(self, values: FloatArray) -> None:
        """Learn what belongs to this series alone: its scale and season."""

    @classmethod
    @abstractmethod
    def _learn_together(cls, fits: Sequence[Self]) -> SharedModel:
        """Learn one model over prepared series."""

    @classmethod
    @abstractmethod
    def _taken_up(cls, fits: Sequence[Self], state: Mapping[str, Any]) -> SharedModel:
        """Return the model that `SharedModel.state` described, over prepared series."""

    def _project(self, horizon: int) -> FloatArray:
        assert self.together_ is not None  # noqa: S101 - fit() always shares a model before this can be reached
        return self.together_.project(horizon)[self.place_]

    def _spread(self, horizon: int) -> FloatArray | None:
        assert self.together_ is not None  # noqa: S101 - as above
        return self.together_.spread(horizon)[self.place_]
