"""Demand and retention together: the ensemble's forecast, moved by what the customer base is expected to do, when that has helped before.

The forecast itself is made in `forecasting`, the arithmetic of the base in `customer_base`; here they are joined, checked and explained.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument
from cyberpunk_ai.core.numbers import to_numbers
from cyberpunk_ai.core.results import CHARTS, Result
from cyberpunk_ai.forecasting.engine import forecast
from cyberpunk_ai.forecasting.ensemble import DEFAULT_MODELS
from cyberpunk_ai.forecasting.intervals import z_of
from cyberpunk_ai.models import customer_base

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberpunk_ai.forecasting.base import FloatArray
    from cyberpunk_ai.forecasting.results import ForecastResult

# Orders that make up less than this of the demand move only their part of it.
_WHOLE = 0.95


@dataclass(frozen=True, eq=False)
class IntegratedForecast(Result):
    """A demand forecast with the effect of the customer base as a component of its own.

    Attributes:
        baseline: What the history of demand alone says: unique_id, ds, mean, and lo-L and hi-L per level.
        retention_effect: What the present customer base adds or takes, same columns; shown whether applied or not.
        combined: The forecast to use: baseline plus effect where applied, the baseline itself otherwise.
        components: ds, existing (demand from customers who are active today), new (from all others), and lo-L and hi-L of each per level,
            such as existing-lo-80; empty where nothing is known.
        history: unique_id, ds, y, filled.
        backtest: window, baseline_mae, combined_mae of past origins; empty where the past could not be asked.
        leaderboard: How the members of the baseline did on the past.
        levels: Levels of the intervals in percent.
        horizon: Periods forecast.
        freq: Frequency of the dates.
        applied: Whether the effect is part of `combined`.
        reason: Why it is or is not, in one sentence.
        notes: What was done to the data, and by whom the forecast was made.
    """

    chart_name: ClassVar[str] = "retention_effect"
    chart_names: ClassVar[tuple[str, ...]] = ("retention_effect", "forecast_fan", "forecast_leaderboard")

    baseline: pd.DataFrame
    retention_effect: pd.DataFrame
    combined: pd.DataFrame
    components: pd.DataFrame
    history: pd.DataFrame
    backtest: pd.DataFrame
    leaderboard: pd.DataFrame
    levels: tuple[int, ...]
    horizon: int
    freq: str
    applied: bool
    reason: str
    notes: tuple[str, ...]

    @property
    def forecast(self) -> pd.DataFrame:
        """The forecast to use, under the name that charts look for."""
        return self.combined

    @property
    def total(self) -> float:
        """Sum of the combined mean over the horizon."""
        return float(self.combined["mean"].sum())

    def to_frame(self) -> pd.DataFrame:
        """Return the combined forecast, one row per period."""
        return self.combined

    @property
    def headline(self) -> str:
        """Say what is expected and whether the customers move it."""
        return f"Forecast with retention over {self.horizon} periods of {self.freq}: {self.total:,.4g} in all; {self.reason}"

    def chart(self, name: str | None = None, **options: Any) -> Any:
        """Draw one of the pictures in the theme.

        Args:
            name: One of `chart_names`; customers of today and others, and the effect below, when None.
            options: Of the figure, such as `theme`, `height` or `unit`.

        Raises:
            InvalidArgument: There is no such picture.
        """
        chosen = name or self.chart_name
        if chosen not in self.chart_names:
            raise InvalidArgument(f"this forecast has no chart {name!r}", hint=f"charts: {', '.join(self.chart_names)}")
        return CHARTS.get(chosen)(self, **options)


class IntegratedForecastingEngine:
    """Forecasts demand with the customer base in mind.

    Args:
        models: Members of the ensemble.
        seed: Seed of everything random.
    """

    def __init__(self, models: Sequence[str] = DEFAULT_MODELS, seed: int = 0) -> None:
        self.models, self.seed = tuple(models), seed

    async def forecast_with_retention(
        self, demand_data: pd.Series | pd.DataFrame, customer_data: pd.DataFrame, **asked: Any
    ) -> IntegratedForecast:
        """As `join`, in a thread, so that the event loop serves others meanwhile.

        Args:
            demand_data: As there.
            customer_data: As there.
            asked: The other arguments of `join`, such as horizon.
        """
        return await asyncio.to_thread(self.join, demand_data, customer_data, **asked)

    def join(
        self,
        demand_data: pd.Series | pd.DataFrame,
        customer_data: pd.DataFrame,
        *,
        horizon: int = 12,
        levels: Sequence[int] = (80, 95),
        season_length: int | None = None,
        freq: str | None = None,
        backtest_windows: int = 2,
        apply: Literal["auto", "always", "never"] = "auto",
    ) -> IntegratedForecast:
        """Forecast demand, and move the forecast by what the present customers are expected to do.

        Args:
            demand_data: One series, as for `forecast`.
            customer_data: Purchases (customer_id, ordered_at, amount), or one row per customer with churn_probability over the horizon and,
                where known, expected_purchases or monetary as weight. Only purchases can be checked on the past.
            horizon: Periods to forecast.
            levels: Levels of the intervals in percent.
            season_length: Periods in one season; the usual one of the frequency where None.
            freq: Frequency of the dates; inferred where None.
            backtest_windows: Past origins on which the effect must prove itself.
            apply: `auto` applies the effect only where it made past forecasts better; the others decide without asking the past.

        Returns:
            Baseline, effect and combination, each with intervals, and whether and why the effect was applied.

        Raises:
            ContractBroken: Demand or customers are not legal; the hint says how to make them so.
            InvalidArgument: An argument is out of range.
        """
        if apply not in ("auto", "always", "never"):
            raise InvalidArgument(f"apply must be auto, always or never, not {apply!r}")
        if not isinstance(customer_data, pd.DataFrame) or "customer_id" not in customer_data.columns:
            seen = ", ".join(map(str, getattr(customer_data, "columns", [])))
            raise ContractBroken("customer_data: column 'customer_id' is missing", hint=f"columns seen: {seen or 'none'}")

        base = forecast(
            demand_data, horizon=horizon, levels=levels, models=self.models, season_length=season_length, freq=freq,
            backtest_windows=backtest_windows, seed=self.seed,
        )  # fmt: skip
        if len(base.unique_ids) != 1:
            raise ContractBroken(f"demand_data holds {len(base.unique_ids)} series", hint="sum them, or forecast one at a time")
        return _join(base, _find_effect(base, customer_data), apply)


@dataclass(frozen=True)
class _Effect:
    """The relative effect per step, its error, what it did to past errors, and what to say about it."""

    relative: FloatArray
    error: FloatArray
    split: customer_base.BaseOutlook | None
    past: pd.DataFrame
    doubt: str
    notes: tuple[str, ...]


_NO_PAST = pd.DataFrame({"window": pd.Series(dtype=int), "baseline_mae": pd.Series(dtype=float), "combined_mae": pd.Series(dtype=float)})


def _find_effect(base: ForecastResult, customer_data: pd.DataFrame) -> _Effect:
    if customer_base.has_purchase_dates(customer_data):
        return _from_purchases(base, customer_data)
    if "churn_probability" in customer_data.columns:
        return _from_probabilities(base, customer_data)
    raise ContractBroken(
        "customer_data holds neither purchases with dates nor churn probabilities",
        hint=f"columns seen: {', '.join(map(str, customer_data.columns))}; give ordered_at and amount, or churn_probability",
    )


def _from_purchases(base: ForecastResult, customer_data: pd.DataFrame) -> _Effect:
    dates = pd.DatetimeIndex(base.history["ds"], freq=base.freq)
    purchases = customer_base.lay_on_periods(customer_data, dates)
    notes = []
    if purchases.dropped:
        notes.append(f"{purchases.dropped} purchases lie outside the history of demand or name no customer: left out")
    share = _covered_share(base, purchases)
    if share < _WHOLE:
        notes.append(f"purchases make up {share:.0%} of recent demand: the effect moves that part only")
    outlook = customer_base.look_ahead(purchases, horizon=base.horizon, season_length=base.season_length)
    nothing = np.zeros(base.horizon)
    if outlook is None:
        return _Effect(
            nothing, nothing, None, _NO_PAST, "the purchases reach back too little to compare the base with earlier ones", tuple(notes)
        )
    notes.append(f"{outlook.active} customers are active; the effect was learnt from {outlook.origins} earlier origins")
    past = _past_errors(base, purchases, share)
    doubt = "" if len(past) else "the purchases reach back too little to check the effect on the past"
    return _Effect(share * outlook.effect, share * outlook.effect_error, outlook if share >= _WHOLE else None, past, doubt, tuple(notes))


def _covered_share(base: ForecastResult, purchases: customer_base.Purchases) -> float:
    """Return how much of recent demand the purchases make up, 1 where they are counted in another unit and sum to more."""
    recent = max(len(base.history) // 4, 1)
    demand = float(base.history["y"].iloc[-recent:].sum())
    bought = float(purchases.spend[purchases.period >= purchases.periods - recent].sum())
    return min(max(bought / demand, 0.0), 1.0) if demand > 0 else 1.0


def _past_errors(base: ForecastResult, purchases: customer_base.Purchases, share: float) -> pd.DataFrame:
    rows = []
    own = base.backtest[base.backtest["model"] == "ensemble"]
    for window, each in own.groupby("window"):
        end = int(np.searchsorted(base.history["ds"].to_numpy(), each["ds"].iloc[0].to_numpy()))
        outlook = customer_base.look_ahead(purchases.until(end), horizon=len(each), season_length=base.season_length)
        if outlook is not None:
            actual, mean = each["y"].to_numpy(), each["mean"].to_numpy()
            moved = mean * (1 + share * outlook.effect)
            rows.append((window, float(np.abs(actual - mean).mean()), float(np.abs(actual - moved).mean())))
    return pd.DataFrame(rows, columns=["window", "baseline_mae", "combined_mae"]) if rows else _NO_PAST


def _from_probabilities(base: ForecastResult, customer_data: pd.DataFrame) -> _Effect:
    churn = to_numbers(customer_data["churn_probability"]).to_numpy(dtype=np.float64)
    if np.isnan(churn).any() or (churn < 0).any() or (churn > 1).any():
        raise ContractBroken("customer_data: churn_probability must lie between 0 and 1", hint="drop or complete the rows without one")
    name = next((name for name in ("expected_purchases", "monetary", "lifetime_value") if name in customer_data.columns), None)
    worth = np.ones(len(churn)) if name is None else np.maximum(np.nan_to_num(customer_data[name].to_numpy(dtype=np.float64)), 0.0)
    if not len(churn) or worth.sum() <= 0:
        raise ContractBroken("customer_data holds no customer with any weight", hint="pass at least one customer")
    weights = worth / worth.sum()
    steps = np.arange(1, base.horizon + 1) / base.horizon
    # Leaving is spread evenly: who stays with probability s over the horizon stays with s^(k/h) until step k.
    stays = (1 - churn)[:, None] ** steps
    error = np.sqrt((np.square(weights)[:, None] * stays * (1 - stays)).sum(axis=0))
    doubt = "churn probabilities without purchase dates cannot be checked on the past, and the baseline already holds usual churn"
    notes = (f"{len(churn)} customers weighted by {name or 'head'}; the effect is what their churn alone would take",)
    return _Effect(weights @ stays - 1.0, error, None, _NO_PAST, doubt, notes)


def _join(base: ForecastResult, effect: _Effect, apply: str) -> IntegratedForecast:
    applied, reason = _decide(effect, apply)
    baseline = base.forecast
    mean = baseline["mean"].to_numpy()
    moved, error = mean * effect.relative, np.abs(mean) * effect.error
    floor = 0.0 if float(base.history["y"].min()) >= 0 else -np.inf
    shown = baseline[["unique_id", "ds"]].assign(mean=moved)
    combined = baseline.copy()
    if applied:
        combined["mean"] = np.maximum(mean + moved, floor)
    for level in base.levels:
        half = z_of(level) * error
        shown[f"lo-{level}"], shown[f"hi-{level}"] = moved - half, moved + half
        if applied:
            below, above = mean - baseline[f"lo-{level}"].to_numpy(), baseline[f"hi-{level}"].to_numpy() - mean
            combined[f"lo-{level}"] = np.maximum(combined["mean"] - np.hypot(below, half), floor)
            combined[f"hi-{level}"] = combined["mean"] + np.hypot(above, half)
    return IntegratedForecast(
        baseline=baseline,
        retention_effect=shown,
        combined=combined,
        components=_components(combined, effect.split, base.levels),
        history=base.history,
        backtest=effect.past,
        leaderboard=base.leaderboard,
        levels=base.levels,
        horizon=base.horizon,
        freq=base.freq,
        applied=applied,
        reason=reason,
        notes=(*base.notes, *effect.notes, reason),
    )


def _components(combined: pd.DataFrame, split: customer_base.BaseOutlook | None, levels: Sequence[int]) -> pd.DataFrame:
    """Divide the forecast between today's customers and others; each part is as uncertain as it was at earlier origins."""
    parts = {"existing": np.empty(0), "new": np.empty(0)}
    errors = dict(parts)
    dates = combined["ds"].iloc[:0]
    if split is not None:
        dates, mean = combined["ds"], combined["mean"].to_numpy()
        per_unit = mean / (split.expected + split.joining)
        existing = mean * split.existing_share
        parts = {"existing": existing, "new": mean - existing}
        errors = {"existing": np.abs(per_unit) * split.error, "new": np.abs(per_unit) * split.joining_error}
    frame = pd.DataFrame({"ds": dates} | parts)
    for name, values in parts.items():
        for level in levels:
            half = z_of(level) * errors[name]
            frame[f"{name}-lo-{level}"] = np.maximum(values - half, np.minimum(values, 0.0))
            frame[f"{name}-hi-{level}"] = values + half
    return frame


def _decide(effect: _Effect, apply: str) -> tuple[bool, str]:
    if apply == "never":
        return False, "the retention effect is shown but not applied, as asked"
    if apply == "always":
        return True, "the retention effect is applied as asked, without a check on the past"
    if effect.doubt:
        return False, f"the retention effect is switched off: {effect.doubt}"
    before, after = float(effect.past["baseline_mae"].mean()), float(effect.past["combined_mae"].mean())
    count = len(effect.past)
    if after < before:
        return True, f"the retention effect is applied: on {count} past windows it lowered the mean error from {before:.4g} to {after:.4g}"
    return (
        False,
        f"the retention effect is switched off: on {count} past windows the mean error was {after:.4g} with it and {before:.4g} without",
    )
