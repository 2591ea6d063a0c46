"""What the ad platforms report per day, campaign and marketing channel. Conversions are tagged orders, not caused ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.demo.draws import stream, texts
from cyberpunk_ai.demo.history import DAY_SECONDS
from cyberpunk_ai.demo.vocabulary import CAMPAIGNS, MARKETING_CHANNELS

if TYPE_CHECKING:
    from cyberpunk_ai.demo.draws import FloatArray
    from cyberpunk_ai.demo.effects import PlantedEffects
    from cyberpunk_ai.demo.history import History
    from cyberpunk_ai.demo.people import People
    from cyberpunk_ai.demo.purchases import Purchases

COST_PER_CONVERSION = np.array([22.0, 96.0, 110.0, 160.0, 80.0])
CLICKS_PER_CONVERSION = np.array([18.0, 24.0, 40.0, 60.0, 30.0])
IMPRESSIONS_PER_CLICK = np.array([28.0, 22.0, 75.0, 240.0, 40.0])
"""By marketing channel: Email, Paid Search, Social, Display, Affiliate."""


def marketing_rows(
    history: History, people: People, purchases: Purchases, effects: PlantedEffects, seed: int, order_value: FloatArray
) -> pd.DataFrame:
    """Return the canonical table `marketing_ads`, up to the day on which its source fell silent.

    Args:
        history: The days.
        people: Everybody.
        purchases: All orders with their tags.
        effects: Says when the source falls silent.
        seed: Seed of the company.
        order_value: Mean value of an order by segment, as the ad platforms know it, shape (segments,).
    """
    rng = stream(seed, "marketing")
    days = history.day_of(effects.stale.last_day(history)) + 1
    shape = (history.days, len(CAMPAIGNS), len(MARKETING_CHANNELS))
    tagged = np.flatnonzero(purchases.campaign >= 0)
    day = purchases.second[tagged].astype(np.int64) // DAY_SECONDS
    cell = (day * shape[1] + purchases.campaign[tagged]) * shape[2] + purchases.medium[tagged]
    size = int(np.prod(shape))
    conversions = np.bincount(cell, minlength=size).reshape(shape)[:days]
    newcomers = np.bincount(cell, weights=purchases.is_first[tagged], minlength=size).reshape(shape)[:days]
    value = np.bincount(cell, weights=order_value[people.segment[purchases.customer[tagged]]], minlength=size).reshape(shape)[:days]

    # Budgets are set for a week and do not know how each day will turn out: spend follows the weekly mean.
    weekly = _weekly_mean(conversions.astype(np.float64))
    spend = weekly * COST_PER_CONVERSION * rng.lognormal(0.0, 0.12, weekly.shape)
    clicks = np.maximum(rng.poisson(weekly * CLICKS_PER_CONVERSION), conversions)
    impressions = rng.poisson(clicks * IMPRESSIONS_PER_CLICK)
    revenue = value * rng.lognormal(0.0, 0.1, value.shape)

    d, campaign, medium = (index.ravel() for index in np.indices(conversions.shape))
    stamps = history.dates[d].astype("datetime64[us]")
    return pd.DataFrame(
        {
            "ds": stamps,
            "campaign": texts(CAMPAIGNS)[campaign],
            "marketing_channel": texts(MARKETING_CHANNELS)[medium],
            "spend": spend.ravel().round(2),
            "impressions": impressions.ravel().astype(np.int64),
            "clicks": clicks.ravel().astype(np.int64),
            "conversions": conversions.ravel().astype(np.int64),
            "new_customers": newcomers.ravel().astype(np.int64),
            "revenue": revenue.ravel().round(2),
            "source": "marketing_ads",
            "updated_at": stamps + np.timedelta64(1, "D"),
        }
    )


def _weekly_mean(daily: FloatArray) -> FloatArray:
    """Return the mean of the seven days around each day, along the first axis."""
    padded = np.concatenate([np.zeros((1, *daily.shape[1:])), np.cumsum(np.pad(daily, ((3, 3), (0, 0), (0, 0)), mode="edge"), axis=0)])
    mean: FloatArray = (padded[7:] - padded[:-7]) / 7.0
    return mean
