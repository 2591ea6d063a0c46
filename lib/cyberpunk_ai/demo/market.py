"""What sells when, where and at which price: one grid of month x region x product that orders and demand both draw from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.demo.catalogue import PRODUCTS
from cyberpunk_ai.demo.draws import stream
from cyberpunk_ai.demo.seasons import category_seasons
from cyberpunk_ai.demo.vocabulary import CATEGORIES, REGIONS

if TYPE_CHECKING:
    from cyberpunk_ai.demo.draws import BoolArray, FloatArray
    from cyberpunk_ai.demo.effects import PlantedEffects
    from cyberpunk_ai.demo.history import History

PROMOTION_CHANCE = 0.12
PROMOTION_PRICE = 0.85
PROMOTION_LIFT = 1.45
YEARLY_INFLATION = 0.025


@dataclass(frozen=True)
class Market:
    """The grid.

    Attributes:
        appeal: Relative units of each product, shape (months, regions, products).
        price: List price, shape (months, regions, products).
        unit_cost: Cost of one unit, shape (months, products).
        promoted: Whether a product is on promotion, shape (months, products).
    """

    appeal: FloatArray
    price: FloatArray
    unit_cost: FloatArray
    promoted: BoolArray


def build_market(history: History, effects: PlantedEffects, seed: int) -> Market:
    """Lay out the grid for every month of the history, the unfinished one included."""
    rng = stream(seed, "market")
    months = history.whole_months + 1
    years = np.arange(months)[:, None] / 12.0
    popularity = np.array([product.popularity for product in PRODUCTS])
    growth = np.array([product.yearly_growth for product in PRODUCTS])
    category = np.array([CATEGORIES.index(product.category) for product in PRODUCTS])
    promoted = rng.random((months, len(PRODUCTS))) < PROMOTION_CHANCE

    appeal = popularity * (1.0 + growth) ** years * category_seasons(history)[:, category]
    appeal = appeal * np.where(promoted, PROMOTION_LIFT, 1.0)
    broken = [product.name for product in PRODUCTS].index(effects.demand_break.product)
    appeal[:, broken] *= effects.demand_break.level(months)
    taste = rng.uniform(0.75, 1.3, (len(REGIONS), len(PRODUCTS)))

    # Prices follow inflation once a year, on the anniversary of the first month.
    inflation = (1.0 + YEARLY_INFLATION) ** np.floor(years)
    price = np.array([product.list_price for product in PRODUCTS]) * inflation * np.where(promoted, PROMOTION_PRICE, 1.0)
    by_region = np.repeat(price[:, None, :], len(REGIONS), axis=1)
    raised = REGIONS.index(effects.price_rise.region)
    by_region[:, raised, :] *= effects.price_rise.price_level(months)[:, None]
    unit_cost = np.array([product.unit_cost for product in PRODUCTS]) * inflation
    return Market(appeal[:, None, :] * taste, by_region.round(2), unit_cost.round(2), promoted)
