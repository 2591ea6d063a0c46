"""What a server has done about forecasts in worker processes: functions that a process finds by name, and steps within a budget.

The arithmetic is `forecasting`'s; processes are `worker_processes`'.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.errors import Unavailable
from cyberpunk_ai.forecasting.fitted import fit_forecast
from cyberpunk_ai.forecasting.reasons import reasons
from cyberpunk_ai.forecasting.side_by_side import check_budget, first_by_s
from cyberpunk_ai.forecasting.streaming import ForecastStep, iter_forecast, without_the_rest
from cyberpunk_ai.models.forecast_artefacts import save_forecast
from cyberpunk_ai.models.integrated_forecasting import IntegratedForecastingEngine
from cyberpunk_ai.models.worker_processes import Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from cyberpunk_ai.forecasting.reasons import ForecastReasons
    from cyberpunk_ai.forecasting.results import ForecastResult
    from cyberpunk_ai.forecasting.scenario import Scenario
    from cyberpunk_ai.models.artefacts import Artefact, ArtefactStore
    from cyberpunk_ai.models.integrated_forecasting import IntegratedForecast
    from cyberpunk_ai.models.worker_processes import Work, WorkerProcesses

# A process that is able to answer in time does so itself; this much later its caller takes what has come.
_SLACK_S = 0.5


def explain(data: pd.DataFrame | pd.Series, **asked: Any) -> ForecastReasons:
    """Fit a forecast and explain it."""
    return reasons(fit_forecast(data, **asked))


def compare(data: pd.DataFrame, changed: pd.DataFrame, **asked: Any) -> Scenario:
    """Fit a forecast and compare it with the one of another plan."""
    return fit_forecast(data, **asked).scenario(changed)


def fit_and_save(store: ArtefactStore, name: str, data: pd.DataFrame | pd.Series, *, horizon: int) -> Artefact:
    """Fit a forecast and save it as the next version of a name."""
    return save_forecast(store, name, fit_forecast(data, horizon=horizon))


def with_retention(demand: pd.DataFrame | pd.Series, customers: pd.DataFrame, *, horizon: int) -> IntegratedForecast:
    """Forecast demand with the customers' effect."""
    return IntegratedForecastingEngine().join(demand, customers, horizon=horizon)


def forecast_within(
    processes: WorkerProcesses,
    demand: pd.DataFrame | pd.Series,
    *,
    budget_s: float,
    on_member: Callable[[str, int, int], None] | None = None,
    **asked: Any,
) -> ForecastResult:
    """Return what has landed within a budget, whatever the members do.

    Args:
        processes: Where it is worked out.
        demand: As in `forecast`.
        budget_s: As there.
        on_member: As there.
        asked: The other arguments of `forecast`.

    Raises:
        Unavailable: Not even the baseline landed.
    """
    result: ForecastResult | None = None
    steps = WorkSteps(processes, demand, budget_s=budget_s, **asked)
    try:
        for step in steps:
            result = step.result
            if on_member is not None and step.member in step.landed:
                on_member(step.member, len(step.landed), len(step.landed) + len(step.waiting))
    finally:
        steps.close()
    assert result is not None  # noqa: S101 - without a step there was an error
    return result


class WorkSteps:
    """The steps of a forecast that a process works out. Past the budget they end, also where a member holds the process.

    Args:
        processes: Where it is worked out.
        demand: As in `forecast`.
        budget_s: Wall seconds from when the process began; None for no limit.
        asked: The other arguments of `forecast`.
    """

    def __init__(self, processes: WorkerProcesses, demand: pd.DataFrame | pd.Series, *, budget_s: float | None, **asked: Any) -> None:
        check_budget(budget_s)
        self._budget_s, self._is_given_up = budget_s, False
        self._last: ForecastStep | None = None
        self._work: Work[ForecastStep] = processes.start(iter_forecast, demand, budget_s=budget_s, **asked)

    def __iter__(self) -> Iterator[ForecastStep]:
        return self

    def __next__(self) -> ForecastStep:
        if self._is_given_up or (self._last is not None and self._last.is_last):
            self.close()
            raise StopIteration
        try:
            step = self._work.item(self._wait_s)
        except Ended:
            raise StopIteration from None
        except Unavailable:
            if self._is_given_up:
                raise StopIteration from None
            raise
        except TimeoutError:
            self._work.close()
            if self._last is None:
                raise Unavailable(
                    f"no model finished within the time budget of {self._budget_s:g} s",
                    hint="forecast fewer periods, or allow more time by budget_s",
                ) from None
            step = replace(self._last, result=without_the_rest(self._last.result, self._budget_s), is_last=True)
        self._last = step
        return step

    def close(self) -> None:
        """End the process; no further step comes. Another thread may wait for one meanwhile."""
        self._is_given_up = True
        self._work.close()

    def _wait_s(self, age_s: float) -> float | None:
        if self._budget_s is None:
            return None
        landed = 0 if self._last is None else len(self._last.landed)
        return first_by_s(self._budget_s, landed) - age_s + _SLACK_S
