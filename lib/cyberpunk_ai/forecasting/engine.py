"""The verb of this room: `forecast`. It reads the demand, runs the members, joins them, and puts intervals around the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberpunk_ai.forecasting.ensemble import DEFAULT_MODELS
from cyberpunk_ai.forecasting.request import read_request
from cyberpunk_ai.forecasting.side_by_side import run_side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal

    import pandas as pd

    from cyberpunk_ai.forecasting.results import ForecastResult


def forecast(
    demand: pd.Series | pd.DataFrame,
    *,
    horizon: int,
    levels: Sequence[int] = (80, 95),
    models: Sequence[str] = DEFAULT_MODELS,
    season_length: int | None = None,
    freq: str | None = None,
    backtest_windows: int = 1,
    budget_s: float | None = None,
    seed: int = 0,
    future: pd.DataFrame | None = None,
    holidays: str | Sequence[str] | None = None,
    outliers: Literal["keep", "clean"] = "keep",
    resample: Literal["sum", "mean", "last"] | None = None,
    workers: int | None = None,
    on_member: Callable[[str, int, int], None] | None = None,
) -> ForecastResult:
    """Forecast one or many series with calibrated intervals; the same input and seed give the same numbers.

    Args:
        demand: Series with dates as index, or a long frame with `ds` and `y`, `unique_id` when it holds several series, and covariates.
        horizon: Periods to forecast, at least 1.
        levels: Levels of the intervals in percent.
        models: Members of the ensemble, names of registered forecasters.
        season_length: Periods in one season; the usual one of the frequency where None.
        freq: Frequency of the dates; inferred where None.
        backtest_windows: Past windows on which everybody is measured and the intervals are calibrated; 0 for none.
        budget_s: Wall seconds after which members that have not landed are left out and named. None for no limit, and only then is the
            answer independent of the machine.
        seed: Seed of everything random.
        future: `ds`, the covariates that demand holds, and `unique_id` where they differ between series, for every period of the horizon.
        holidays: Country whose holidays are covariates, such as `DE`, or with its region, `DE-BY`; or several.
        outliers: `clean` replaces single values far from their neighbours before learning; they are listed in `outliers`.
        resample: How rows of one period are put together where dates are irregular or occur twice; None refuses them.
        workers: Members that run at once; as many as there are cores for None.
        on_member: Told the name of every member that landed, how many did, and of how many.

    Returns:
        The ensemble's forecast, its members, their leaderboard beside the seasonal naive, and notes on whatever was done to the data.

    Raises:
        ContractBroken: The demand is not legal; the hint says how to make it so.
        InvalidArgument: An argument is out of range or names no forecaster.
        Unavailable: A named forecaster needs a package that is not installed.
    """
    request = read_request(
        demand, horizon=horizon, levels=levels, models=models, season_length=season_length, freq=freq, backtest_windows=backtest_windows,
        seed=seed, future=future, holidays=holidays, outliers=outliers, resample=resample,
    )  # fmt: skip
    return request.result(*run_side_by_side(request, budget_s=budget_s, workers=workers, on_member=on_member))
