"""The customer base as demand sees it: who buys already, how much of that usually stays, how the present base compares with earlier ones.

Purchases are laid on the periods of the demand. Past origins say which share of the spending of customers with a certain recency and
frequency is still there k periods later; the present mix of customers then says whether more or less than usual will stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import ContractBroken
from cyberpunk_ai.core.numbers import not_numbers, to_numbers
from cyberpunk_ai.forecasting.seasonality import adjust

if TYPE_CHECKING:
    from cyberpunk_ai.forecasting.base import FloatArray

_DATE_NAMES = ("ordered_at", "order_date", "transaction_date", "purchased_at", "paid_at", "date", "ds")
_AMOUNT_NAMES = ("amount", "revenue", "monetary", "spend", "value", "total")
_RECENCY_EDGES = (1, 3, 6)
_FREQUENCY_EDGES = (2, 4)
_BUCKETS = (len(_RECENCY_EDGES) + 1) * (len(_FREQUENCY_EDGES) + 1)
_LEAST_ORIGINS = 3
_MOST_ORIGINS = 12


@dataclass(frozen=True)
class Purchases:
    """Purchases laid on the periods of the demand: one entry per customer and period.

    Attributes:
        customer: Position of the customer, shape (n,).
        period: Position of the period, shape (n,).
        spend: What the customer bought in it, shape (n,).
        customers: Number of customers.
        periods: Number of periods.
        dropped: Rows outside the periods, without customer or without date.
    """

    customer: np.ndarray[Any, np.dtype[np.int64]]
    period: np.ndarray[Any, np.dtype[np.int64]]
    spend: FloatArray
    customers: int
    periods: int
    dropped: int

    def until(self, end: int) -> Purchases:
        """Return the purchases of the first `end` periods: what was known then."""
        known = self.period < end
        return Purchases(self.customer[known], self.period[known], self.spend[known], self.customers, end, self.dropped)


@dataclass(frozen=True)
class BaseOutlook:
    """How the present base compares with earlier ones, per step ahead. All are relative to the present level of demand.

    Attributes:
        expected: Spending of today's customers that is expected to remain.
        usual: What usually remained of the base at earlier origins.
        joining: What customers who were not active at the origin usually bring.
        error: Standard deviation of the past error of `expected`.
        joining_error: Standard deviation of what others brought at earlier origins.
        active: Customers of the present base.
        origins: Earlier origins that it was learnt from.
    """

    expected: FloatArray
    usual: FloatArray
    joining: FloatArray
    error: FloatArray
    joining_error: FloatArray
    active: int
    origins: int

    @property
    def effect(self) -> FloatArray:
        """Relative change of demand because the present base is better or worse than usual."""
        return (self.expected - self.usual) / (self.usual + self.joining)

    @property
    def effect_error(self) -> FloatArray:
        """Standard deviation of the effect."""
        return self.error / (self.usual + self.joining)

    @property
    def existing_share(self) -> FloatArray:
        """Share of demand that comes from customers who are active today."""
        return self.expected / (self.expected + self.joining)


def has_purchase_dates(customer_data: pd.DataFrame) -> bool:
    """Tell whether the rows are purchases with a date and a customer."""
    return "customer_id" in customer_data.columns and any(name in customer_data.columns for name in _DATE_NAMES)


def lay_on_periods(customer_data: pd.DataFrame, dates: pd.DatetimeIndex) -> Purchases:
    """Sum purchases per customer and period of the demand.

    Args:
        customer_data: customer_id, a purchase date, and an amount (each row counts as one where there is none).
        dates: Dates of the demand, regular, with a frequency.

    Raises:
        ContractBroken: Dates or amounts cannot be read.
    """
    when_name = next(name for name in _DATE_NAMES if name in customer_data.columns)
    amount_name = next((name for name in _AMOUNT_NAMES if name in customer_data.columns), None)
    try:
        raw = customer_data[when_name]
        when = pd.to_datetime(raw, utc=True, format="ISO8601" if raw.dtype == object else None).dt.tz_localize(None)
        spend = np.ones(len(when)) if amount_name is None else _amounts(customer_data[amount_name])
    except (ValueError, TypeError) as error:
        raise ContractBroken(f"customer_data: {error}", hint=f"{when_name} must hold dates and {amount_name} numbers") from error
    period = _period_of(when, dates)
    kept = (period >= 0) & (period < len(dates)) & customer_data["customer_id"].notna().to_numpy() & np.isfinite(spend)
    codes, names = pd.factorize(customer_data["customer_id"].to_numpy()[kept], sort=True)
    rows = pd.DataFrame({"customer": codes, "period": period[kept], "spend": spend[kept]})
    summed = rows.groupby(["customer", "period"], as_index=False)["spend"].sum()
    # A customer whose refunds outweigh the purchases of a period brings nothing then, not less than nothing.
    summed = summed[summed["spend"] > 0]
    return Purchases(
        summed["customer"].to_numpy(np.int64), summed["period"].to_numpy(np.int64), summed["spend"].to_numpy(np.float64),
        len(names), len(dates), int((~kept).sum()),
    )  # fmt: skip


def _period_of(when: pd.Series, dates: pd.DatetimeIndex) -> np.ndarray[Any, np.dtype[np.int64]]:
    ends = str(dates.freqstr).startswith(("ME", "QE", "YE"))
    edges = (dates + pd.Timedelta(days=1)) if ends else dates.append(pd.date_range(dates[-1], periods=2, freq=dates.freq)[1:])
    found = np.searchsorted(edges.to_numpy(), when.to_numpy(), side="right").astype(np.int64)
    found[when.isna().to_numpy()] = -1
    return found if ends else found - 1


def look_ahead(purchases: Purchases, *, horizon: int, season_length: int) -> BaseOutlook | None:
    """Compare the present base with those at earlier origins.

    Args:
        purchases: What is known until now.
        horizon: Periods ahead.
        season_length: Periods in one season; the season of the total is taken out of all spending first.

    Returns:
        The outlook, or None where the history holds fewer than three earlier origins.
    """
    recent = int(np.clip(purchases.periods // 4, 2, 12))
    origins = np.arange(2 * recent, purchases.periods - horizon + 1)
    if len(origins) < _LEAST_ORIGINS:
        return None
    if len(origins) > _MOST_ORIGINS:
        origins = origins[np.linspace(0, len(origins) - 1, _MOST_ORIGINS).astype(int)]
    flat = _without_season(purchases, season_length)
    views = [view for view in (_base_at(flat, int(origin), recent, horizon) for origin in origins) if view.level > 0]
    now = _base_at(flat, flat.periods, recent, 0)
    if len(views) < _LEAST_ORIGINS or now.level <= 0:
        return None
    before = np.sum([view.weights for view in views], axis=0)
    stays = np.sum([view.later for view in views], axis=0) / np.maximum(before, 1e-300)[:, None]
    overall = np.sum([view.later for view in views], axis=(0, 1)) / before.sum()
    # A kind of customer that the past never saw is taken to stay like everybody.
    stays = np.where(before[:, None] > 0, stays, overall)
    told = np.stack([view.weights @ stays / view.level for view in views])
    real = np.stack([view.later.sum(axis=0) / view.level for view in views])
    joined = np.stack([view.joined / view.level for view in views])
    return BaseOutlook(
        expected=now.weights @ stays / now.level,
        usual=real.mean(axis=0),
        joining=np.maximum(joined.mean(axis=0), 1e-9),
        error=np.sqrt(np.square(real - told).sum(axis=0) / (len(views) - 1)),
        joining_error=joined.std(axis=0, ddof=1),
        active=now.active,
        origins=len(views),
    )


@dataclass(frozen=True)
class _Base:
    weights: FloatArray
    later: FloatArray
    joined: FloatArray
    level: float
    active: int


def _base_at(flat: Purchases, origin: int, recent: int, horizon: int) -> _Base:
    """Group the customers who bought in the last `recent` periods before the origin, with their spending then and afterwards."""
    known = flat.period < origin
    last = np.full(flat.customers, -1)
    np.maximum.at(last, flat.customer[known], flat.period[known])
    times = np.bincount(flat.customer[known], minlength=flat.customers)
    fresh = known & (flat.period >= origin - recent)
    spend = np.bincount(flat.customer[fresh], weights=flat.spend[fresh], minlength=flat.customers) / recent
    group = np.digitize(origin - 1 - last, _RECENCY_EDGES) * (len(_FREQUENCY_EDGES) + 1) + np.digitize(times, _FREQUENCY_EDGES)
    active = spend > 0
    weights = np.bincount(group[active], weights=spend[active], minlength=_BUCKETS).astype(np.float64)
    later, joined = np.zeros((_BUCKETS, horizon)), np.zeros(horizon)
    ahead = (flat.period >= origin) & (flat.period < origin + horizon)
    step, who, what = flat.period[ahead] - origin, flat.customer[ahead], flat.spend[ahead]
    inside = active[who]
    np.add.at(later, (group[who[inside]], step[inside]), what[inside])
    np.add.at(joined, step[~inside], what[~inside])
    return _Base(weights, later, joined, float(weights.sum()), int(active.sum()))


def _without_season(purchases: Purchases, season_length: int) -> Purchases:
    total = np.bincount(purchases.period, weights=purchases.spend, minlength=purchases.periods).astype(np.float64)
    adjusted = adjust(total, season_length)
    if adjusted.kind != "multiplicative":
        return purchases
    figure = adjusted.figure[purchases.period % len(adjusted.figure)]
    return Purchases(
        purchases.customer, purchases.period, purchases.spend / figure, purchases.customers, purchases.periods, purchases.dropped
    )


def _amounts(raw: pd.Series) -> FloatArray:
    read = to_numbers(raw)
    if wrong := not_numbers(raw, read):
        raise ValueError(f"{wrong[0][:60]!r} is not a number")
    return read.to_numpy(dtype=np.float64)
