"""What a forecast returns: frames for reading, frozen. How they come about is in `engine`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.core.results import CHARTS, Result

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.forecasting.components import Components


@dataclass(frozen=True, eq=False)
class ForecastResult(Result):
    """A forecast with its intervals, the members it was made of, and how they did on the past.

    Attributes:
        unique_ids: Names of the series, sorted.
        freq: Frequency of the dates, as pandas writes it.
        season_length: Periods in one season.
        horizon: Periods forecast.
        levels: Levels of the intervals in percent, rising.
        history: unique_id, ds, y, filled (whether y was missing and is an estimate).
        forecast: unique_id, ds, mean, and lo-L and hi-L per level L.
        members: unique_id, ds, model, mean of every member that takes part.
        leaderboard: model, mase, smape, coverage_L per level, seconds, status, note; best first.
        backtest: unique_id, ds, window, model, y, mean, and lo-L and hi-L per level where the model has intervals.
        effects: unique_id, ds, covariate, effect, on history and horizon, in units of the demand; empty without covariates.
        outliers: unique_id, ds, y, replaced_by, reason; empty unless outliers were cleaned.
        notes: What was done to the data and why a member was dropped.
    """

    chart_name: ClassVar[str] = "forecast_fan"
    scene_name: ClassVar[str] = "terrain"
    chart_names: ClassVar[tuple[str, ...]] = ("forecast_fan", "forecast_backtest", "forecast_leaderboard", "components")

    unique_ids: tuple[str, ...]
    freq: str
    season_length: int
    horizon: int
    levels: tuple[int, ...]
    history: pd.DataFrame
    forecast: pd.DataFrame
    members: pd.DataFrame
    leaderboard: pd.DataFrame
    backtest: pd.DataFrame
    effects: pd.DataFrame
    outliers: pd.DataFrame
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the forecast, one row per series and period."""
        return self.forecast

    @property
    def left_out(self) -> tuple[str, ...]:
        """Members that a time budget left out: another try may have them."""
        board = self.leaderboard
        return tuple(board.loc[(board["status"] == "dropped") & (board["seconds"] == 0.0), "model"])

    @property
    def headline(self) -> str:
        """Say how many series are forecast how far, and how well the ensemble did on the past."""
        count = len(self.unique_ids)
        said = f"Forecast of {count:,} series" if count > 1 else "Forecast"
        own = self.leaderboard[self.leaderboard["model"] == "ensemble"]
        error = float(own["mase"].iloc[0]) if len(own) else float("nan")
        past = f", scaled error on the past {error:.2f} (the season before: 1)" if error == error else ""  # noqa: PLR0124 - NaN
        return f"{said} over {self.horizon} periods of {self.freq}: {self.total:,.4g} in all{past}"

    def chart(self, name: str | None = None, **options: Any) -> Any:
        """Draw one of the pictures of a forecast in the theme.

        Args:
            name: One of `chart_names`; the fan of history, forecast and intervals when None.
            options: Of the figure, such as `unique_id`, `theme`, `height` or `unit`.

        Raises:
            InvalidArgument: There is no such picture of a forecast.
        """
        chosen = name or self.chart_name
        if chosen not in self.chart_names:
            raise InvalidArgument(f"a forecast has no chart {name!r}", hint=f"charts: {', '.join(self.chart_names)}")
        return CHARTS.get(chosen)(self.components() if chosen == "components" else self, **options)

    def components(self) -> Components:
        """Take history and forecast apart into trend, seasons and covariates."""
        from cyberpunk_ai.forecasting.components import components

        return components(self)

    @property
    def total(self) -> float:
        """Sum of the mean over all series and periods."""
        return float(self.forecast["mean"].sum())

    def totals(self) -> pd.DataFrame:
        """Return unique_id and total: the mean summed over the horizon, per series."""
        return self.forecast.groupby("unique_id")["mean"].sum().rename("total").reset_index()
