"""Monthly demand per product and region, drawn from the same market grid as the orders; it includes wholesale, which order lines do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.demo.catalogue import PRODUCTS
from cyberpunk_ai.demo.draws import stream, texts
from cyberpunk_ai.demo.history import DAY_SECONDS
from cyberpunk_ai.demo.order_lines import EXTRA_UNITS, LINES_PER_ORDER
from cyberpunk_ai.demo.seasons import weekday_holidays_per_month
from cyberpunk_ai.demo.vocabulary import REGIONS

if TYPE_CHECKING:
    from cyberpunk_ai.demo.draws import FloatArray
    from cyberpunk_ai.demo.history import History
    from cyberpunk_ai.demo.market import Market
    from cyberpunk_ai.demo.people import People
    from cyberpunk_ai.demo.purchases import Purchases

WHOLESALE = 6.0
"""Units asked for at all points of sale, relative to the units on the company's own order lines."""
NOISE = 0.05
HOLIDAY_LOSS = 0.015
"""Share of a month's demand that each weekday holiday costs."""


def units_sold(history: History, people: People, purchases: Purchases) -> FloatArray:
    """Return the units that orders are expected to hold per month and region, shape (months, regions)."""
    lines = float(np.dot([1, 2, 3], LINES_PER_ORDER))
    month = history.month_of_day[purchases.second // DAY_SECONDS]
    cell = month * len(REGIONS) + people.region[purchases.customer]
    units = lines * (1.0 + EXTRA_UNITS[people.segment[purchases.customer]])
    counted = np.bincount(cell, weights=units, minlength=(history.whole_months + 1) * len(REGIONS))
    return counted.astype(np.float64).reshape(-1, len(REGIONS))


def demand_rows(history: History, people: People, purchases: Purchases, market: Market, seed: int) -> pd.DataFrame:
    """Return the canonical table `demand` for all months that are over; `channel` is empty, demand is not split by it."""
    rng = stream(seed, "demand")
    months = history.whole_months
    sold = units_sold(history, people, purchases)[:months]
    # The regional total is smoothed over a quarter: wholesalers order ahead, they do not follow single days.
    padded = np.pad(sold, ((1, 1), (0, 0)), mode="edge")
    level = (padded[:-2] + padded[1:-1] + padded[2:]) / 3.0
    holidays = np.stack([weekday_holidays_per_month(history, region)[:months] for region in REGIONS], axis=1)
    appeal = market.appeal[:months]
    # Appeal carries season and trend of the product; dividing by a fixed year keeps both instead of cancelling them.
    share = appeal / appeal[:12].sum(axis=2).mean(axis=0)[None, :, None]
    mean = WHOLESALE * level.mean(axis=0)[None, :, None] * (level / level.mean(axis=0)).clip(0.5, 2.0)[:, :, None] ** 0.5 * share
    mean = mean * (1.0 - HOLIDAY_LOSS * holidays)[:, :, None] * rng.lognormal(0.0, NOISE, mean.shape)
    units = rng.poisson(mean).astype(np.float64)

    month, region, product = (index.ravel() for index in np.indices(units.shape))
    first_days = history.dates.astype("datetime64[M]")[0] + np.arange(months + 1)
    return pd.DataFrame(
        {
            "ds": first_days[month].astype("datetime64[us]"),
            "product": texts(item.name for item in PRODUCTS)[product],
            "region": texts(REGIONS)[region],
            "channel": "",
            "units": units.ravel(),
            "price": market.price[:months].ravel(),
            "on_promotion": market.promoted[month, product],
            "holiday_days": holidays[month, region].astype(np.int64),
            "source": "erp",
            "updated_at": first_days[month + 1].astype("datetime64[us]"),
        }
    )
