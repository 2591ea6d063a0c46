"""The verbs around a forecast: why it is so, what if, what was unusual, how it did, what adds up, many at once, and kept ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.workspace.forecasts import ForecastVerbs, members
from cyberpunk_ai.workspace.wiring import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from cyberpunk_ai.forecasting.anomalies import Anomalies
    from cyberpunk_ai.forecasting.cross_validation import CrossValidation
    from cyberpunk_ai.forecasting.fitted import FittedForecast
    from cyberpunk_ai.forecasting.hierarchy import HierarchicalForecast, Method
    from cyberpunk_ai.forecasting.reasons import ForecastReasons
    from cyberpunk_ai.forecasting.results import ForecastResult
    from cyberpunk_ai.forecasting.scenario import Scenario
    from cyberpunk_ai.governance.callers import Caller
    from cyberpunk_ai.models.artefacts import Artefact
    from cyberpunk_ai.models.forecast_jobs import ForecastJob, ForecastJobs
    from cyberpunk_ai.models.forecast_many import ForecastMany


class ForecastStudyVerbs(ForecastVerbs):
    """Questions to forecasts, and forecasts of trees and of thousands of series."""

    def forecast_reasons(
        self,
        metric: str = "revenue",
        *,
        horizon: int = 12,
        grain: str = "week",
        where: Mapping[str, Any] | None = None,
        by: str | None = None,
        data: pd.DataFrame | pd.Series | None = None,
        future: pd.DataFrame | None = None,
        holidays: str | Sequence[str] | None = None,
        caller: Caller | None = None,
    ) -> ForecastReasons:
        """Explain a forecast: from the last value to the mean, by recent values, seasons, calendar, covariates and the other members.

        Args:
            metric: As in `forecast`.
            horizon: As there.
            grain: As there.
            where: As there.
            by: As there.
            data: As there.
            future: As there.
            holidays: As there.
            caller: Who asks.
        """
        asked = {"horizon": horizon, "grain": grain, "where": where, "by": by, "holidays": holidays}

        def work(who: Caller) -> ForecastReasons:
            from cyberpunk_ai.models.forecast_work import explain

            history = self._demand(data, metric, grain, where, by, who)

            def compute() -> ForecastReasons:
                return self._work_out(explain, history, horizon=horizon, future=future, holidays=holidays)

            return self._remember("forecast_reasons", (asked, fingerprint(history), _print_of(future)), compute)

        return self._verb("forecast_reasons", "forecast", _name(metric, data), asked, caller, work)

    def forecast_scenario(
        self, data: pd.DataFrame, *, future: pd.DataFrame, changed: pd.DataFrame, horizon: int, caller: Caller | None = None, **options: Any
    ) -> Scenario:
        """Answer what another plan would bring: the forecast with `future` beside the one with `changed`.

        Args:
            data: Own history with covariates, as in `forecast`.
            future: Covariates over the horizon as planned.
            changed: The same with other values, such as a promotion in another week.
            horizon: Periods ahead.
            caller: Who asks.
            options: Further arguments of `forecast`.
        """
        asked = {"horizon": horizon, **options}

        def work(_: Caller) -> Scenario:
            from cyberpunk_ai.models.forecast_work import compare

            def compute() -> Scenario:
                return self._work_out(compare, data, changed, horizon=horizon, future=future, **members(options))

            return self._remember("forecast_scenario", (asked, *map(_print_of, (data, future, changed))), compute)

        return self._verb("forecast_scenario", "forecast", "own data", asked, caller, work)

    def anomalies(
        self,
        metric: str = "revenue",
        *,
        grain: str = "day",
        where: Mapping[str, Any] | None = None,
        by: str | None = None,
        level: float = 99.0,
        data: pd.DataFrame | pd.Series | None = None,
        caller: Caller | None = None,
    ) -> Anomalies:
        """Find past values that were not to be expected from those before them.

        Args:
            metric: As in `forecast`.
            grain: As there.
            where: As there.
            by: As there.
            level: So many percent of ordinary values are no anomaly.
            data: As in `forecast`.
            caller: Who asks.
        """
        asked = {"grain": grain, "where": where, "by": by, "level": level}

        def work(who: Caller) -> Anomalies:
            from cyberpunk_ai.forecasting.anomalies import find_anomalies

            history = self._demand(data, metric, grain, where, by, who)
            return self._remember("anomalies", (asked, fingerprint(history)), lambda: self._work_out(find_anomalies, history, level=level))

        return self._verb("anomalies", "forecast", _name(metric, data), asked, caller, work)

    def cross_validation(
        self,
        metric: str = "revenue",
        *,
        horizon: int = 12,
        windows: int = 3,
        step: int | None = None,
        grain: str = "week",
        where: Mapping[str, Any] | None = None,
        by: str | None = None,
        models: Sequence[str] | None = None,
        data: pd.DataFrame | pd.Series | None = None,
        on_member: Callable[[str, int, int], None] | None = None,
        caller: Caller | None = None,
        **options: Any,
    ) -> CrossValidation:
        """Forecast again at past points in time, and score everybody by cut-off and by steps ahead.

        Args:
            metric: As in `forecast`.
            horizon: Periods of each window.
            windows: Past points in time.
            step: Periods from one to the next; the horizon when None.
            grain: As in `forecast`.
            where: As there.
            by: As there.
            models: As there.
            data: As there.
            on_member: As there.
            caller: Who asks.
            options: Further arguments of `forecast`: levels, future, holidays, outliers, resample, season_length.
        """
        asked = {
            "horizon": horizon,
            "windows": windows,
            "step": step,
            "grain": grain,
            "where": where,
            "by": by,
            "models": models,
            **options,
        }

        def work(who: Caller) -> CrossValidation:
            from cyberpunk_ai.forecasting.cross_validation import cross_validation

            history = self._demand(data, metric, grain, where, by, who)

            def compute() -> CrossValidation:
                chosen = members({"models": models, **options})
                asked_of = {"horizon": horizon, "windows": windows, "step": step, **chosen}
                return self._work_out(cross_validation, history, told={"on_member": on_member}, **asked_of)

            return self._remember("cross_validation", (asked, sorted(options.items()), fingerprint(history)), compute)

        return self._verb("cross_validation", "forecast", _name(metric, data), asked, caller, work)

    def forecast_hierarchy(
        self,
        metric: str = "revenue",
        *,
        by: Sequence[str],
        horizon: int = 12,
        grain: str = "month",
        where: Mapping[str, Any] | None = None,
        method: Method = "auto",
        data: pd.DataFrame | None = None,
        caller: Caller | None = None,
        **options: Any,
    ) -> HierarchicalForecast:
        """Forecast a metric, its parts and their parts so that they add up.

        Args:
            metric: Additive metric of the semantic layer.
            by: Dimensions from the coarsest to the finest.
            horizon: Periods ahead.
            grain: Length of a period.
            where: As in `query`.
            method: How forecasts are made to add up.
            data: Own frame of ds, y and the columns of `by`, instead of a metric.
            caller: Who asks.
            options: Further arguments of `forecast`, and `groups`.
        """
        asked = {"by": list(by), "horizon": horizon, "grain": grain, "where": where, "method": method, **options}

        def work(who: Caller) -> HierarchicalForecast:
            from cyberpunk_ai.data_fabric.semantic import extracts
            from cyberpunk_ai.forecasting.hierarchy import forecast_hierarchy

            rows, keys = data, list(by)
            if rows is None:
                rows, keys = extracts.parts(self._semantic, metric, keys, grain=grain, where=where, row_filter=who.row_filter or None)

            def compute() -> HierarchicalForecast:
                return self._work_out(forecast_hierarchy, rows, by=keys, horizon=horizon, method=method, **members(options))

            return self._remember("forecast_hierarchy", (asked, fingerprint(rows)), compute)

        return self._verb("forecast_hierarchy", "forecast", _name(metric, data), asked, caller, work)

    def forecast_many(
        self,
        data: pd.DataFrame,
        *,
        horizon: int,
        tier: str = "full",
        executor: str | None = None,
        resume_dir: str | Path | None = None,
        on_progress: Callable[[int, int], None] | None = None,
        caller: Caller | None = None,
        **options: Any,
    ) -> ForecastMany:
        """Forecast many series in chunks, on all cores or on the Dask cluster of the settings.

        Args:
            data: Long frame of unique_id, ds, y.
            horizon: Periods ahead.
            tier: `full`, or `fast` for the quick members alone.
            executor: As in `models.forecast_many`; the Dask address of the settings when None and one is set.
            resume_dir: Folder in which finished chunks are kept and taken up again.
            on_progress: Called with series done and series in all; what it raises ends the work.
            caller: Who asks.
            options: models, levels, backtest_windows, season_length, freq, holidays, outliers, seed, chunk_size.
        """
        asked = {"horizon": horizon, "tier": tier, "executor": executor, **options}

        def work(_: Caller) -> ForecastMany:
            from cyberpunk_ai.models.forecast_many import forecast_many

            return forecast_many(
                data, horizon=horizon, tier=tier, executor=executor or self.settings.dask_address or None,  # type: ignore[arg-type]
                resume_dir=resume_dir, on_progress=on_progress, **options,
            )  # fmt: skip

        return self._verb("forecast_many", "forecast", "own data", asked, caller, work)

    def submit_forecasts(self, data: pd.DataFrame, *, horizon: int, caller: Caller | None = None, **options: Any) -> ForecastJob:
        """Forecast many series in the background, and return at once where the job stands.

        Args:
            data: As in `forecast_many`.
            horizon: Periods ahead.
            caller: Who asks.
            options: Further arguments of `forecast_many`.

        Raises:
            LimitReached: `CYBERPUNK_MAX_JOBS` jobs are queued or running.
        """

        def work(_: Caller) -> ForecastJob:
            from cyberpunk_ai.models.forecast_many import forecast_many

            def forecast_all(frame: pd.DataFrame, *, on_progress: Callable[[int, int], None], **asked: Any) -> ForecastMany:
                return self._work_out(forecast_many, frame, told={"on_progress": on_progress}, is_job=True, **asked)

            options.setdefault("executor", self.settings.dask_address or None)
            return self._forecast_jobs.submit(data, forecast_all, horizon=horizon, **options)

        return self._verb("submit_forecasts", "forecast", "own data", {"horizon": horizon}, caller, work, changes=True)

    def forecast_job(self, job_id: str, *, cancel: bool = False, caller: Caller | None = None) -> ForecastJob:
        """Return where a job of `submit_forecasts` stands, after asking it to stop if wanted.

        Args:
            job_id: Of the job.
            cancel: Whether it shall stop.
            caller: Who asks.

        Raises:
            NotFound: There is no such job.
        """

        def work(_: Caller) -> ForecastJob:
            return self._forecast_jobs.cancel(job_id) if cancel else self._forecast_jobs.status(job_id)

        return self._verb("forecast_job", "forecast", job_id, {"cancel": cancel}, caller, work, changes=cancel)

    def forecast_job_frame(self, job_id: str, part: str = "forecast", *, caller: Caller | None = None) -> pd.DataFrame:
        """Return what a finished job made: its `forecast`, or the series in `quarantine`.

        Args:
            job_id: Of the job.
            part: forecast or quarantine.
            caller: Who asks.

        Raises:
            NotFound: There is no such job.
            InvalidArgument: It is not done.
        """

        def work(_: Caller) -> pd.DataFrame:
            return self._forecast_jobs.quarantine(job_id) if part == "quarantine" else self._forecast_jobs.result(job_id)

        return self._verb("forecast_job_frame", "forecast", job_id, {"part": part}, caller, work)

    @property
    def _forecast_jobs(self) -> ForecastJobs:
        def build() -> ForecastJobs:
            from cyberpunk_ai.models.forecast_jobs import ForecastJobs

            return ForecastJobs(self.settings.home / "jobs" / "forecasts", max_jobs=self.settings.max_jobs)

        return self._room("forecast_jobs", build)

    def save_forecast(
        self,
        name: str,
        metric: str = "revenue",
        *,
        horizon: int = 12,
        grain: str = "week",
        where: Mapping[str, Any] | None = None,
        by: str | None = None,
        data: pd.DataFrame | pd.Series | None = None,
        caller: Caller | None = None,
    ) -> Artefact:
        """Fit a forecast and save it as the next version of a name; `forecast_saved` moves it on without fitting again.

        Args:
            name: Small letters, digits, `-` and `_`.
            metric: As in `forecast`.
            horizon: As there.
            grain: As there.
            where: As there.
            by: As there.
            data: As there.
            caller: Who asks.
        """
        asked = {"name": name, "horizon": horizon, "grain": grain, "where": where, "by": by}

        def work(who: Caller) -> Artefact:
            from cyberpunk_ai.models.forecast_work import fit_and_save

            return self._work_out(fit_and_save, self._artefacts, name, self._demand(data, metric, grain, where, by, who), horizon=horizon)

        return self._verb("save_forecast", "forecast", _name(metric, data), asked, caller, work, changes=True)

    def forecast_saved(
        self, name: str, *, rows: pd.DataFrame | pd.Series | None = None, version: int | None = None, caller: Caller | None = None
    ) -> ForecastResult:
        """Forecast by a saved model, moved on to new values without being fitted again.

        Args:
            name: Of the saved forecast.
            rows: Values newer than those it was fitted on; none when None.
            version: The newest when None.
            caller: Who asks.
        """

        def work(_: Caller) -> ForecastResult:
            from cyberpunk_ai.models.forecast_artefacts import load_forecast

            fitted: FittedForecast = load_forecast(self._artefacts, name, version)[1]
            return (fitted if rows is None or not len(rows) else fitted.update(rows)).result

        return self._verb("forecast_saved", "forecast", name, {"version": version}, caller, work)


def _name(metric: str, data: object) -> str:
    return metric if data is None else "own data"


def _print_of(frame: pd.DataFrame | None) -> str | None:
    return None if frame is None else fingerprint(frame)
