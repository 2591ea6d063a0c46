"""What is in the orders: products, quantities, prices, costs and refunds, as rows of the canonical table `orders`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.demo.catalogue import PRODUCTS
from cyberpunk_ai.demo.draws import numbered, pick, pick_by_group, stream, texts
from cyberpunk_ai.demo.history import DAY_SECONDS
from cyberpunk_ai.demo.people import COUNTRY_NAMES
from cyberpunk_ai.demo.vocabulary import CAMPAIGNS, CATEGORIES, CHANNELS, CURRENCY, REGIONS

if TYPE_CHECKING:
    from cyberpunk_ai.demo.history import History
    from cyberpunk_ai.demo.market import Market
    from cyberpunk_ai.demo.people import People
    from cyberpunk_ai.demo.purchases import Purchases

LINES_PER_ORDER = (0.70, 0.20, 0.10)
"""Share of orders with one, two and three lines."""
EXTRA_UNITS = np.array([5.0, 1.6, 0.25])
"""Mean units beyond the first per line, by segment: Enterprise, SMB, Consumer."""
SEGMENT_PRICE = np.array([0.91, 0.96, 1.0])
REFUND_CHANCE = {"Electronics": 0.045, "Furniture": 0.05, "Office Supplies": 0.015, "Apparel": 0.085, "Home & Garden": 0.03}
REFUND_DAYS = (2, 30)
_PRODUCT_ID = texts(product.product_id for product in PRODUCTS)
_PRODUCT = texts(product.name for product in PRODUCTS)
_CATEGORY_OF = np.array([CATEGORIES.index(product.category) for product in PRODUCTS])
_REFUND = np.array([REFUND_CHANCE[product.category] for product in PRODUCTS])
_CAMPAIGN = texts([*CAMPAIGNS, None])


def order_rows(history: History, people: People, purchases: Purchases, market: Market, seed: int, first: int, last: int) -> pd.DataFrame:
    """Return the lines of the orders from position `first` up to but without `last`, refunds behind the sales.

    A refund takes a whole line back some days later; it is a line of its own with negative quantity, amount and cost.
    Refunds that would come after the end of the history have not happened yet.
    """
    rng = stream(seed, "order lines", first)
    count = 1 + pick(rng, LINES_PER_ORDER, last - first)
    order = np.repeat(np.arange(first, last), count)
    line = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count) + 1
    customer = purchases.customer[order].astype(np.int64)
    second = purchases.second[order].astype(np.int64)
    region, segment = people.region[customer], people.segment[customer]
    month = history.month_of_day[second // DAY_SECONDS]

    months, regions, products = market.appeal.shape
    product = pick_by_group(rng, market.appeal.reshape(months * regions, products), month * regions + region)
    quantity = 1.0 + rng.poisson(EXTRA_UNITS[segment])
    unit_price = (market.price[month, region, product] * SEGMENT_PRICE[segment]).round(2)
    cost = quantity * market.unit_cost[month, product]

    back = np.flatnonzero(rng.random(len(order)) < _REFUND[product])
    back_second = second[back] + rng.integers(REFUND_DAYS[0] * DAY_SECONDS, REFUND_DAYS[1] * DAY_SECONDS, len(back))
    happened = back_second < history.days * DAY_SECONDS
    back, back_second = back[happened], back_second[happened]

    rows = np.concatenate([np.arange(len(order)), back])
    sign = np.where(np.arange(len(rows)) < len(order), 1.0, -1.0)
    stamps = history.timestamps(np.concatenate([second, back_second]))
    line_ids = texts(["1", "2", "3", "R1", "R2", "R3"])
    channel = purchases.channel[order].astype(np.int64)
    # A person whom the ERP knows twice is booked under the second record by shops and partners.
    in_erp = people.twin[customer] & ((channel == CHANNELS.index("Retail")) | (channel == CHANNELS.index("Partner")))
    customer_id = np.where(in_erp, people.erp_id[customer], people.crm_id[customer])
    order_id = np.repeat(numbered("ORD-", range(first + 1, last + 1), 8), count)
    return pd.DataFrame(
        {
            "order_id": order_id[rows],
            "line_id": line_ids[line[rows] - 1 + np.where(sign < 0.0, 3, 0)],
            "ordered_at": stamps,
            "customer_id": customer_id[rows],
            "product_id": _PRODUCT_ID[product[rows]],
            "product": _PRODUCT[product[rows]],
            "category": texts(CATEGORIES)[_CATEGORY_OF[product[rows]]],
            "channel": texts(CHANNELS)[channel[rows]],
            "campaign": _CAMPAIGN[purchases.campaign[order[rows]]],
            "country": texts(COUNTRY_NAMES)[people.country[customer[rows]]],
            "region": texts(REGIONS)[region[rows]],
            "quantity": sign * quantity[rows],
            "unit_price": unit_price[rows],
            "amount": (sign * quantity[rows] * unit_price[rows]).round(2),
            "cost": (sign * cost[rows]).round(2),
            "is_refund": sign < 0.0,
            "currency": CURRENCY,
            "source": "erp",
            "updated_at": stamps,
        }
    )
