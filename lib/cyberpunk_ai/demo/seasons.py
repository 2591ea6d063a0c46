"""When people buy: the rhythm of week, year and public holidays per region, and each category's seasons. Who buys lives in `people.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.demo.vocabulary import CATEGORIES, HOLIDAY_CALENDARS, REGIONS

if TYPE_CHECKING:
    from cyberpunk_ai.demo.draws import BoolArray, FloatArray, IntArray
    from cyberpunk_ai.demo.effects import WorkingCampaign
    from cyberpunk_ai.demo.history import History

WEEK = np.array([1.02, 1.04, 1.04, 1.05, 1.12, 0.95, 0.78])
"""Orders per weekday, Monday first, relative to the mean."""

YEAR = np.array([0.90, 0.88, 0.95, 0.97, 0.99, 0.98, 0.95, 0.97, 1.00, 1.04, 1.20, 1.30])
"""Orders per calendar month, January first, relative to the mean."""

HOLIDAY = 0.7
LATE_NOVEMBER = 1.45
"""People buy in the last ten days of November whether or not anybody advertises."""

HOURS = np.array([2, 1, 1, 1, 1, 2, 4, 7, 10, 13, 15, 15, 14, 13, 13, 12, 12, 13, 15, 17, 17, 14, 9, 5], dtype=np.float64)
"""Relative number of orders per hour of the day."""

CATEGORY_YEAR = {
    "Electronics": (0.90, 0.85, 0.90, 0.90, 0.90, 0.92, 0.95, 1.00, 1.00, 1.02, 1.35, 1.50),
    "Furniture": (1.10, 0.95, 1.05, 1.10, 1.05, 0.95, 0.90, 0.90, 1.05, 1.05, 0.95, 0.85),
    "Office Supplies": (1.15, 0.95, 0.95, 0.95, 0.92, 0.90, 0.95, 1.35, 1.30, 0.98, 0.85, 0.75),
    "Apparel": (0.85, 0.85, 1.00, 1.05, 1.10, 1.10, 1.05, 0.95, 0.95, 1.00, 1.10, 1.10),
    "Home & Garden": (0.70, 0.75, 1.05, 1.35, 1.40, 1.25, 1.10, 0.95, 0.90, 0.85, 0.85, 0.95),
}


def holidays(history: History, region: str) -> BoolArray:
    """Return whether each day is a public holiday of the region's lead country, shape (days,)."""
    from holidays import country_holidays

    years = range(history.start.year, history.end.year + 1)
    days = np.array(sorted(country_holidays(HOLIDAY_CALENDARS[region], years=years)), dtype="datetime64[D]")
    return np.isin(history.dates, days)


def weekday_holidays_per_month(history: History, region: str) -> IntArray:
    """Return public holidays on Monday to Friday per month of the history, the unfinished one included."""
    weekdays = np.is_busday(history.dates)
    counted = np.bincount(history.month_of_day, weights=holidays(history, region) & weekdays, minlength=history.whole_months + 1)
    return counted.astype(np.int64)


def rhythm(history: History, campaign: WorkingCampaign) -> FloatArray:
    """Return the factor on everybody's order rate per region and day, about 1 on average, shape (regions, days)."""
    weekday = (history.dates.astype(np.int64) + 3) % 7  # day 0 of datetime64, 1970-01-01, was a Thursday
    month = history.dates.astype("datetime64[M]").astype(np.int64) % 12
    day_of_month = (history.dates - history.dates.astype("datetime64[M]")).astype(np.int64) + 1
    common = WEEK[weekday] * YEAR[month] * np.where((month == 10) & (day_of_month >= 20), LATE_NOVEMBER, 1.0)
    return np.stack([common * np.where(holidays(history, region), HOLIDAY, 1.0) * campaign.rhythm(history, region) for region in REGIONS])


def category_seasons(history: History) -> FloatArray:
    """Return the season of each category per month of the history, the unfinished one included, shape (months, categories)."""
    table = np.array([CATEGORY_YEAR[category] for category in CATEGORIES])
    seasons: FloatArray = table[:, history.calendar_month].T
    return seasons
