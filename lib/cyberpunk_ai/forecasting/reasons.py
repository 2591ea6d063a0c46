"""Why a forecast is what it is: from the last value to the mean, by what the trees saw, by covariates, and by the other members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import NotFound
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.forecasting.xgboost_forecaster import XgboostForecaster

if TYPE_CHECKING:
    from cyberpunk_ai.forecasting.base import FloatArray
    from cyberpunk_ai.forecasting.fitted import FittedForecast

START, OTHERS = "last value in its season", "the other members"
_GROUPS = (
    ("recent values", ("lag ", "mean of 3", "mean of 6", "mean of 12")),
    ("direction of late", ("slope", "change over")),
    ("same place in earlier seasons", ("same season", "season before", "mean of four seasons", "lag 364")),
    ("calendar", ("month", "day", "weekday", "week", "hour")),
    ("usual drift", ("step", "length", "roughness", "deviation", "bias")),
)


@dataclass(frozen=True, eq=False)
class ForecastReasons(Result):
    """The way from the last value to each forecast value, in steps that add up to it.

    Attributes:
        frame: unique_id, ds, reason, contribution, in units of the demand; contributions of a value add up to its mean.
        totals: unique_id, reason, contribution, averaged over the horizon, largest first.
        sentences: One per series, in words.
        features: unique_id, ds, feature, contribution of each column that the trees saw, before they are grouped.
    """

    chart_name: ClassVar[str] = "forecast_reasons"

    frame: pd.DataFrame
    totals: pd.DataFrame
    sentences: tuple[str, ...]
    features: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return one row per series, period and reason."""
        return self.frame


def reasons(fitted: FittedForecast) -> ForecastReasons:
    """Explain a forecast by the Shapley values of its trees, the effects of its covariates, and the other members.

    Args:
        fitted: A forecast with the member `xgboost`.

    Raises:
        NotFound: The member xgboost is not part of the forecast.

    Source:
        Lundberg et al. (2020), from local explanations to global understanding with trees: exact Shapley values, here of xgboost itself.
    """
    run = fitted.runs.get(XgboostForecaster.name)
    if run is None or run.failed:
        raise NotFound("the member xgboost takes no part in this forecast", hint="fit it with models that hold xgboost")
    result = fitted.result
    rows, features = [], []
    for position, unique_id in enumerate(result.unique_ids):
        ahead = result.forecast[result.forecast["unique_id"] == unique_id]
        fit = cast("XgboostForecaster | None", run.fits.get(position))
        effects = result.effects[(result.effects["unique_id"] == unique_id) & result.effects["ds"].isin(ahead["ds"])]
        steps: dict[str, FloatArray] = {}
        mean = ahead["mean"].to_numpy(float)
        told = np.zeros(len(ahead))
        if fit is not None and not fit.is_naive_ and position in run.future:
            start, by_feature = _by_feature(fit, len(ahead))
            steps[START] = start
            for name, values in by_feature.items():
                group = _group_of(name)
                steps[group] = steps.get(group, np.zeros(len(ahead))) + values
                features.append(pd.DataFrame({"unique_id": unique_id, "ds": ahead["ds"], "feature": name, "contribution": values}))
            told = np.sum(list(steps.values()), axis=0)
        for covariate, each in effects.groupby("covariate", sort=False):
            name = str(covariate)
            steps[name] = each.set_index("ds")["effect"].reindex(ahead["ds"]).fillna(0.0).to_numpy(float)
            told = told + steps[name]
        steps[OTHERS] = mean - told
        for name, values in steps.items():
            rows.append(pd.DataFrame({"unique_id": unique_id, "ds": ahead["ds"], "reason": name, "contribution": values}))
    frame = pd.concat(rows, ignore_index=True)
    totals = frame.groupby(["unique_id", "reason"], sort=False)["contribution"].mean().reset_index()
    totals = totals.sort_values(["unique_id", "contribution"], key=lambda column: column.abs() if column.name == "contribution" else column,
                                ascending=[True, False], ignore_index=True, kind="stable")  # fmt: skip
    none = pd.DataFrame({"unique_id": [], "ds": [], "feature": [], "contribution": []})
    sentences = tuple(_sentence(totals, each) for each in result.unique_ids)
    return ForecastReasons(frame, totals, sentences, pd.concat(features, ignore_index=True) if features else none)


def _by_feature(fit: XgboostForecaster, horizon: int) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Return the last value carried on in its season, and what each column adds to it, in units of the demand."""
    names, last, contributions = fit.contributions(horizon)

    def in_units(values: FloatArray) -> FloatArray:
        found = fit.adjusted_.restore(values)
        return found if fit.long_season_ is None else fit.long_season_.restore(found)

    start = in_units(np.full(horizon, last))
    # Seasons multiply or add alike for all parts, so that differences to the last value restored are exact.
    return start, {name: in_units(last + each) - start for name, each in zip(names, contributions.T, strict=True)}


def _group_of(feature: str) -> str:
    return next(group for group, starts in reversed(_GROUPS) if feature.startswith(starts))


def _sentence(totals: pd.DataFrame, unique_id: str) -> str:
    own = totals[(totals["unique_id"] == unique_id)]
    start = float(own.loc[own["reason"] == START, "contribution"].sum())
    moves = own[(own["reason"] != START) & (own["contribution"].abs() > 0)].head(3)
    steps = zip(moves["reason"], moves["contribution"].astype(float).tolist(), strict=True)
    words = ", ".join(f"{reason} {_plain(move, '+')}" for reason, move in steps)
    return f"{unique_id}: on average {_plain(start)} from the last value in its season; {words or 'nothing moves it'}"


def _plain(number: float, sign: str = "") -> str:
    return format(number, f"{sign},.0f" if abs(number) >= 100 else f"{sign}.3g")
