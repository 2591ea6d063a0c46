"""Visits to the shop: one converted session for every online order, and the many that led to none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.demo.draws import numbered, pick, pick_by_group, stream, texts
from cyberpunk_ai.demo.history import DAY_SECONDS
from cyberpunk_ai.demo.people import COUNTRY_NAMES
from cyberpunk_ai.demo.vocabulary import CAMPAIGNS, CHANNELS, DEVICES, MARKETING_CHANNELS, ONLINE, REGIONS, TRAFFIC_SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cyberpunk_ai.demo.history import History
    from cyberpunk_ai.demo.people import People
    from cyberpunk_ai.demo.purchases import Purchases

VISITS_WITHOUT_ORDER = 15
"""Per online order: a conversion rate of one in sixteen."""
KNOWN_VISITOR = 0.25
BUYERS_PER_BLOCK = 2_000
BOUNCE = np.array([0.38, 0.50, 0.42])
"""Share of fruitless visits that end on the first page, by device."""
SOURCE_OF_MEDIUM = np.array([TRAFFIC_SOURCES.index({"Email": "Email", "Affiliate": "Referral"}.get(m, "Paid")) for m in MARKETING_CHANNELS])
# Organic, Paid, Direct, Referral, Email.
SOURCES_OF_BUYERS = (0.42, 0.08, 0.36, 0.06, 0.08)
SOURCES_OF_VISITORS = (0.44, 0.22, 0.18, 0.12, 0.04)
_CAMPAIGN = texts([*CAMPAIGNS, None])


def session_blocks(history: History, people: People, purchases: Purchases, seed: int, days: int) -> Iterator[pd.DataFrame]:
    """Yield the canonical table `web_sessions` for the last `days` days, in blocks of 32,000 rows, oldest first."""
    since = max(history.days - days, 0) * DAY_SECONDS
    first = int(np.searchsorted(purchases.second, since))
    online = np.array([name in ONLINE for name in CHANNELS])
    buyers = first + np.flatnonzero(online[purchases.channel[first:]])
    for part, start in enumerate(range(0, len(buyers), BUYERS_PER_BLOCK)):
        chosen = buyers[start : start + BUYERS_PER_BLOCK]
        yield _sessions(history, people, purchases, stream(seed, "web", part), chosen, start * (1 + VISITS_WITHOUT_ORDER))


def _sessions(
    history: History, people: People, purchases: Purchases, rng: np.random.Generator, orders: np.ndarray, already: int
) -> pd.DataFrame:
    """Return the sessions around some orders, `already` being the number of sessions before them."""
    bought, visits = len(orders), len(orders) * (1 + VISITS_WITHOUT_ORDER)
    # Fruitless visits happen on the days and hours on which people buy, half an hour to and fro.
    like = np.concatenate([orders, rng.choice(orders, visits - bought)])
    converted = np.arange(visits) < bought
    duration = np.where(converted, rng.gamma(3.0, 180.0, visits), rng.gamma(1.3, 110.0, visits)).round(1)
    second = purchases.second[like].astype(np.int64)
    second = np.where(converted, second - duration.astype(np.int64) - 5, second + rng.integers(-1800, 1800, visits))
    second = np.clip(second, 0, history.days * DAY_SECONDS - 1)

    medium = purchases.medium[like].astype(np.int64)
    tagged = (medium >= 0) & (converted | (rng.random(visits) < 0.9))
    source = np.where(converted, pick(rng, SOURCES_OF_BUYERS, visits), pick(rng, SOURCES_OF_VISITORS, visits))
    source = np.where(tagged, SOURCE_OF_MEDIUM[medium], source)
    by_app = purchases.channel[like] == CHANNELS.index("Mobile")
    devices = np.array([[0.84, 0.08, 0.08], [0.0, 0.88, 0.12], [0.42, 0.51, 0.07]])
    device = pick_by_group(rng, devices, np.where(converted, by_app.astype(np.int64), 2))
    bounced = ~converted & (rng.random(visits) < BOUNCE[device])
    pages = np.where(converted, 4 + rng.poisson(4.0, visits), 2 + rng.poisson(2.2, visits))

    customer = purchases.customer[like].astype(np.int64)
    known = converted | (rng.random(visits) < KNOWN_VISITOR)
    order_id = np.full(visits, None, dtype=object)
    order_id[:bought] = numbered("ORD-", (orders + 1).tolist(), 8)
    by_time = np.argsort(second, kind="stable")
    stamps = history.timestamps(second)
    rows = pd.DataFrame(
        {
            "started_at": stamps,
            "customer_id": np.where(known, people.crm_id[customer], None),
            "country": texts(COUNTRY_NAMES)[people.country[customer]],
            "region": texts(REGIONS)[people.region[customer]],
            "traffic_source": texts(TRAFFIC_SOURCES)[source],
            "device": texts(DEVICES)[device],
            "campaign": _CAMPAIGN[np.where(tagged, purchases.campaign[like], -1)],
            "page_views": np.where(bounced, 1, pages).astype(np.int64),
            "duration_seconds": np.where(bounced, np.minimum(duration, 20.0), duration),
            "bounced": bounced,
            "converted": converted,
            "order_id": order_id,
        }
    ).iloc[by_time]
    rows.insert(0, "session_id", numbered("WS-", range(already + 1, already + visits + 1), 9))
    return rows.assign(source="web_analytics", updated_at=rows["started_at"]).reset_index(drop=True)
