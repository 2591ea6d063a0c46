"""The one interface of every forecaster, and the registry that finds them. What a member does with the numbers is in its own file."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument
from cyberpunk_ai.core.registry import Registry
from cyberpunk_ai.forecasting.long_seasons import LongSeason, find_long_season
from cyberpunk_ai.forecasting.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

FloatArray = npt.NDArray[np.float64]

FORECASTERS: Registry[type[Forecaster]] = Registry("forecaster", "cyberpunk_ai.forecasting")


_ROUNDING = 1e-9


class Forecaster(ABC):
    """Learns one series and continues it.

    `__init__` stores its arguments, `fit` learns and returns self, learnt state ends in `_`. Fitting twice on the same series with the same
    seed gives the same numbers. A series that is too short or constant is continued by its last value, and `note_` says so.

    Args:
        season_length: Periods in one season; 1 means none.
        seed: Seed of everything random.
    """

    name: ClassVar[str] = ""
    minimum_length: ClassVar[int] = 4
    is_global: ClassVar[bool] = False
    # Rank by time per series: under a budget the cheap ones go first.
    cost: ClassVar[int] = 50
    # Whether it wants the series as it is; for all others the year of days and the moving day of hours are taken out and put back here.
    knows_long_seasons: ClassVar[bool] = False

    def __init__(self, season_length: int = 1, seed: int = 0) -> None:
        if season_length < 1:
            raise InvalidArgument(f"season_length must be at least 1, not {season_length}")
        self.season_length = season_length
        self.seed = seed

    def fit(self, series: pd.Series) -> Self:
        """Learn a series.

        Args:
            series: Values in time order, all finite; a DatetimeIndex with a frequency gives calendar features to those who use them.

        Raises:
            ContractBroken: The series is empty or holds missing or infinite values.
        """
        return self._start(series, self._learn)

    def refit(self, series: pd.Series) -> Self:
        """Learn another stretch of the same series, keeping the structure that an earlier `fit` chose (such as ARIMA's order)."""
        return self._start(series, self._relearn if self._has_learnt else self._learn)

    def extend(self, series: pd.Series) -> Self:
        """Take a longer history of the same series, and keep all that was learnt: only the state moves on, nothing is estimated again."""
        return self._start(series, self._move_on if self._has_learnt else self._learn)

    def state(self) -> dict[str, Any]:
        """Return what was learnt, as JSON-ready values; empty where learning again from the same series gives the same at once."""
        return {}

    def restore(self, series: pd.Series, state: Mapping[str, Any]) -> Self:
        """Take up what `state` gave, on the series it was learnt from."""
        self._state = state
        return self._start(series, self._take_up if state else self._learn)

    def predict(self, horizon: int) -> FloatArray:
        """Return the next `horizon` values, shape (horizon,), all finite unless the model itself exploded."""
        self._check_ready(horizon)
        with quiet():
            mean = np.full(horizon, self.values_[-1]) if self.is_naive_ else np.asarray(self._project(horizon), dtype=np.float64)
            return mean if self.long_season_ is None else self.long_season_.restore(mean)

    def predict_spread(self, horizon: int) -> FloatArray | None:
        """Return the standard deviation of the error that the model itself expects at each step, or None where it knows none."""
        self._check_ready(horizon)
        if self.is_naive_:
            return None
        with quiet():
            spread = self._spread(horizon)
            if spread is not None and self.long_season_ is not None:
                spread = self.long_season_.scale(np.asarray(spread, dtype=np.float64))
        return None if spread is None or not np.isfinite(spread).all() else np.asarray(spread, dtype=np.float64)

    @classmethod
    def extend_panel(cls, fits: Sequence[Forecaster], panel: Sequence[pd.Series]) -> list[Forecaster]:
        """Return copies of fitted forecasters that have moved on to longer histories; see `extend`."""
        return [copy.copy(fit).extend(series) for fit, series in zip(fits, panel, strict=True)]

    @classmethod
    def panel_states(cls, fits: Sequence[Forecaster]) -> dict[str, Any]:
        """Return what a panel of fitted forecasters has learnt, as JSON-ready values."""
        return {"each": [fit.state() for fit in fits]}

    @classmethod
    def restore_panel(
        cls, panel: Sequence[pd.Series], states: Mapping[str, Any], *, season_length: int = 1, seed: int = 0
    ) -> list[Forecaster]:
        """Return forecasters that have taken up what `panel_states` gave, on the same series."""
        return [cls(season_length, seed).restore(series, state) for series, state in zip(panel, states["each"], strict=True)]

    @classmethod
    def fit_panel(cls, panel: Sequence[pd.Series], *, season_length: int = 1, seed: int = 0) -> list[Forecaster]:
        """Fit every series of a panel and return one fitted forecaster per series; global members learn one model over all of them."""
        return [cls(season_length=season_length, seed=seed).fit(series) for series in panel]

    @property
    def note(self) -> str:
        """What somebody who reads the result should know of this fit; empty when nothing."""
        return str(getattr(self, "note_", ""))

    @property
    def _has_learnt(self) -> bool:
        return hasattr(self, "values_") and not self.is_naive_

    def _start(self, series: pd.Series, learn: Callable[[FloatArray], None]) -> Self:
        values = np.asarray(series, dtype=np.float64)
        if values.ndim != 1 or len(values) == 0:
            raise ContractBroken("a forecaster needs one non-empty series", hint="pass a Series with at least one value")
        if not np.isfinite(values).all():
            raise ContractBroken("the series holds missing or infinite values", hint="cyberpunk_ai.forecasting.input fills and checks them")
        self.values_ = values
        self.index_: Any = getattr(series, "index", None)
        self.note_ = ""
        self.is_naive_ = True
        self.long_season_: LongSeason | None = None
        if len(values) < self.minimum_length:
            self.note_ = f"{len(values)} values are too few (needs {self.minimum_length}): the last one is carried on"
        elif np.ptp(values) == 0:
            self.note_ = "the series is constant: its value is carried on"
        else:
            self.is_naive_ = False
            with quiet():
                if not self.knows_long_seasons:
                    self.long_season_ = find_long_season(values, self.season_length)
                if self.long_season_ is not None:
                    values = self.values_ = self.long_season_.values
                    # A series that is nothing but its season leaves rounding errors, from which nobody can learn.
                    self.is_naive_ = bool(np.ptp(values) <= _ROUNDING * float(np.abs(series).max()))
                if self.is_naive_:
                    return self
                learn(values)
        return self

    def _check_ready(self, horizon: int) -> None:
        if not hasattr(self, "values_"):
            raise InvalidArgument(f"{type(self).__name__} has not been fitted", hint="call fit(series) first")
        if horizon < 1:
            raise InvalidArgument(f"horizon must be at least 1, not {horizon}")

    @abstractmethod
    def _learn(self, values: FloatArray) -> None:
        """Learn from at least `minimum_length` finite values that are not all equal."""

    def _relearn(self, values: FloatArray) -> None:
        self._learn(values)

    def _move_on(self, values: FloatArray) -> None:
        self._relearn(values)

    def _take_up(self, values: FloatArray) -> None:
        self._learn(values)

    @abstractmethod
    def _project(self, horizon: int) -> FloatArray:
        """Return the next `horizon` values."""

    def _spread(self, horizon: int) -> FloatArray | None:  # noqa: ARG002 - members that know their error override this
        return None
