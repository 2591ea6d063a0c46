"""When each order is placed, by whom and through which channel: sorted by time. What is in them lives in `order_lines.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.demo.draws import pick, pick_by_group, stream
from cyberpunk_ai.demo.effects.working_campaign import burst_days
from cyberpunk_ai.demo.history import DAY_SECONDS
from cyberpunk_ai.demo.seasons import HOURS
from cyberpunk_ai.demo.vocabulary import CAMPAIGNS, CHANNELS, ONLINE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cyberpunk_ai.demo.draws import FloatArray, IntArray
    from cyberpunk_ai.demo.history import History
    from cyberpunk_ai.demo.people import People

BLOCK = 1_000_000
# Rows: segments Enterprise, SMB, Consumer; columns: Web, Retail, Mobile, Partner. First at the start of the history, then at its end.
CHANNELS_AT_START = np.array([[0.30, 0.06, 0.04, 0.60], [0.48, 0.18, 0.12, 0.22], [0.44, 0.32, 0.22, 0.02]])
CHANNELS_AT_END = np.array([[0.32, 0.03, 0.07, 0.58], [0.48, 0.10, 0.21, 0.21], [0.42, 0.20, 0.36, 0.02]])
CREDITED_ALWAYS, CREDITED_IN_BURST = 0.025, 0.20
"""Share of online orders that carry a campaign's tag, on any day and while its main flight runs."""
MEDIUM_SHARES = np.array([
    [0.34, 0.22, 0.22, 0.12, 0.10],
    [0.28, 0.26, 0.24, 0.12, 0.10],
    [0.36, 0.20, 0.28, 0.08, 0.08],
    [0.30, 0.30, 0.16, 0.12, 0.12],
])  # fmt: skip
"""How each campaign's tagged orders split over the marketing channels."""


@dataclass(frozen=True)
class Purchases:
    """All orders in the order of time; position n is order number n + 1.

    Attributes:
        second: Seconds since the first midnight of the history.
        customer: Position among the people.
        is_first: Whether it is the customer's first order ever.
        channel: Position in `CHANNELS`.
        campaign: Position in `CAMPAIGNS`, -1 for none.
        medium: Position in `MARKETING_CHANNELS`, -1 for none.
    """

    second: NDArray[np.int32]
    customer: NDArray[np.int32]
    is_first: NDArray[np.bool_]
    channel: NDArray[np.int8]
    campaign: NDArray[np.int8]
    medium: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.second)


def draw_purchases(history: History, people: People, rhythm: FloatArray, seed: int, orders: int) -> Purchases:
    """Draw exactly `orders` orders.

    Repeat orders are a Poisson process per customer whose rate follows the region's rhythm. Given their total, they fall
    on the customers in proportion to rate x lived rhythm (a multinomial), so the number of orders can be exact.
    """
    rng = stream(seed, "purchases")
    lived = np.concatenate([np.zeros((len(rhythm), 1)), np.cumsum(rhythm, axis=1)], axis=1)
    days = np.arange(history.days + 1, dtype=np.float64)
    begin = np.clip(people.first_order, 0.0, history.days)
    finish = np.clip(people.leaves, begin, history.days)
    from_, until = np.empty(len(people)), np.empty(len(people))
    for region in range(len(rhythm)):
        there = people.region == region
        from_[there] = np.interp(begin[there], days, lived[region])
        until[there] = np.interp(finish[there], days, lived[region])
    newcomers = np.flatnonzero((people.first_order >= 0.0) & (people.first_order < history.days))[:orders]
    weight = people.rate * (until - from_)
    repeats = rng.multinomial(orders - len(newcomers), weight / weight.sum())

    # One sortable number per order: second, customer, whether it is the first.
    keys = np.empty(orders, dtype=np.int64)
    keys[: len(newcomers)] = _key((people.first_order[newcomers] * DAY_SECONDS).astype(np.int64), newcomers, first=True)
    filled = len(newcomers)
    edges = np.concatenate([[0], np.cumsum(repeats)])
    start = 0
    while start < len(people):
        end = max(int(np.searchsorted(edges, edges[start] + BLOCK, side="right")) - 1, start + 1)
        who = np.repeat(np.arange(start, end), repeats[start:end])
        moment = from_[who] + rng.random(len(who)) * (until[who] - from_[who])
        day = np.empty(len(who), dtype=np.int64)
        for region in range(len(rhythm)):
            there = people.region[who] == region
            day[there] = np.searchsorted(lived[region], moment[there], side="right") - 1
        second = np.clip(day, 0, history.days - 1) * DAY_SECONDS + _time_of_day(rng, len(who))
        keys[filled : filled + len(who)] = _key(second, who, first=False)
        filled += len(who)
        start = end
    keys.sort()
    second = (keys >> 32).astype(np.int32)
    customer = ((keys >> 1) & 0x7FFF_FFFF).astype(np.int32)
    is_first = (keys & 1).astype(bool)
    del keys
    return _route(history, people, rng, second, customer, is_first)


def credited_share(history: History) -> FloatArray:
    """Return the share of online orders tagged with each campaign per day, shape (days, campaigns)."""
    share = np.full((history.days, len(CAMPAIGNS)), CREDITED_ALWAYS)
    for column, campaign in enumerate(CAMPAIGNS):
        share[burst_days(history, campaign), column] = CREDITED_IN_BURST
    return share


def _route(
    history: History,
    people: People,
    rng: np.random.Generator,
    second: NDArray[np.int32],
    customer: NDArray[np.int32],
    is_first: NDArray[np.bool_],
) -> Purchases:
    """Give each order a channel and, to some of the online ones, a campaign."""
    orders = len(second)
    channel, campaign, medium = (np.empty(orders, dtype=np.int8) for _ in range(3))
    tagged = credited_share(history)
    tagged = np.concatenate([tagged, 1.0 - tagged.sum(axis=1, keepdims=True)], axis=1)
    quarters = max(history.days // 91, 1)
    towards_end = (np.arange(quarters + 1) / quarters)[:, None, None]
    mixes = (CHANNELS_AT_START + (CHANNELS_AT_END - CHANNELS_AT_START) * towards_end).reshape(-1, len(CHANNELS))
    segments = CHANNELS_AT_START.shape[0]
    online = np.array([name in ONLINE for name in CHANNELS])
    for start in range(0, orders, BLOCK):
        block = slice(start, min(start + BLOCK, orders))
        day = second[block].astype(np.int64) // DAY_SECONDS
        mix = np.minimum(day // 91, quarters) * segments + people.segment[customer[block]]
        through = pick_by_group(rng, mixes, mix)
        which = pick_by_group(rng, tagged, day)
        which = np.where(online[through] & (which < len(CAMPAIGNS)), which, -1)
        by = pick_by_group(rng, MEDIUM_SHARES, np.maximum(which, 0))
        channel[block], campaign[block], medium[block] = through, which, np.where(which >= 0, by, -1)
    return Purchases(second, customer, is_first, channel, campaign, medium)


def _key(second: IntArray, customer: IntArray, *, first: bool) -> IntArray:
    return (second << 32) | (customer << 1) | int(first)


def _time_of_day(rng: np.random.Generator, size: int) -> IntArray:
    return pick(rng, HOURS, size) * 3600 + rng.integers(0, 3600, size)
