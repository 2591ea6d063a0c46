"""How far one customer's value may lie from what is expected: posterior-predictive draws, calibrated on finished periods.

Many customers bring nothing, and their interval says so: where silence is likely enough both ends are nothing, even though the expected
value is not. Very many customers share the draws of those most like them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.customer_analytics.lifetime_value.base import histories_of
from cyberpunk_ai.customer_analytics.lifetime_value.gamma_gamma import draw_spend, spend_history

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberpunk_ai.customer_analytics.lifetime_value.gamma_gamma import SpendModel
    from cyberpunk_ai.customer_analytics.lifetime_value.origins import Origin, Outlook
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, IntArray

LEVEL = 0.8
TAIL = (1 - LEVEL) / 2
# Intervals of what is often nothing hold more than they say. Above this share they are drawn in, below `LEVEL` they are let out.
MOST_HELD = 0.87
TAILS = (0.03, 0.05, 0.075, TAIL, 0.125, 0.15, 0.175, 0.2)
DRAWS, CHUNK, DRAWN_CUSTOMERS, CALIBRATING, LEAST_CALIBRATING, MOST_ORIGINS = 200, 4096, 20_000, 3_000, 100, 3


def value_intervals(
    outlook: Outlook, spend: SpendModel, value: FloatArray, horizon_days: int, tail: float = TAIL, *, seed: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Return the lower and upper end of the interval of value per customer.

    Args:
        outlook: What the closed forms say.
        spend: Spend model.
        value: Expected value per customer; draws are scaled to it.
        horizon_days: How far to look ahead.
        tail: Share of the draws beyond each end.
        seed: Of the draws.
    """
    size = len(value)
    drawn = np.arange(size) if size <= DRAWN_CUSTOMERS else np.unique(np.linspace(0, size - 1, DRAWN_CUSTOMERS).astype(np.int64))
    lo, hi = np.empty(len(drawn)), np.empty(len(drawn))
    rng = np.random.default_rng(seed)
    for start in range(0, len(drawn), CHUNK):
        part = slice(start, start + CHUNK)
        lo[part], hi[part] = _ends(_draws(outlook, spend, value, horizon_days, drawn[part], rng), tail)
    if len(drawn) == size:
        return lo, hi
    from scipy.spatial import cKDTree

    # Ends in units of the expected value depend on how likely silence is, on how many purchases come, and on the length of the history.
    likeness = np.stack([4 * outlook.silent, np.log(outlook.purchases + 1e-3), 0.5 * np.log(outlook.ledger.purchases)], axis=1)
    unit = np.maximum(value, 1e-12)
    low, high = np.empty(size), np.empty(size)
    tree = cKDTree(likeness[drawn])
    relative_lo, relative_hi = lo / unit[drawn], hi / unit[drawn]
    for start in range(0, size, 100_000):
        part = slice(start, start + 100_000)
        _, near = tree.query(likeness[part], k=3, eps=0.2)
        low[part], high[part] = relative_lo[near].mean(axis=1) * unit[part], relative_hi[near].mean(axis=1) * unit[part]
    return low, high


def calibrated_tail(past: Sequence[tuple[Origin, FloatArray]], *, seed: int = 0) -> float:
    """Return the share of the draws to leave beyond each end, so that finished periods were held neither too rarely nor too often.

    Args:
        past: Past days with the value that was expected then.
        seed: Of the draws.

    Returns:
        The usual tail unless finished periods speak against it.
    """
    wanted: list[float] = []
    rng = np.random.default_rng(seed)
    for origin, value in past[:MOST_ORIGINS]:
        size, spend = len(value), origin.outlook.spend
        if size < LEAST_CALIBRATING or spend is None:
            continue
        rows = np.arange(size) if size <= CALIBRATING else np.sort(rng.choice(size, CALIBRATING, replace=False))
        totals, came = _draws(origin.outlook, spend, value, origin.horizon_days, rows, rng), origin.revenue[rows]
        ends = [_ends(totals, tail) for tail in TAILS]
        wanted.append(_wanted_tail(np.array([float(((came >= lo - 0.005) & (came <= hi + 0.005)).mean()) for lo, hi in ends])))
    # The most cautious period speaks: the next one may be as unlike the others as it was.
    return min(wanted, default=TAIL)


def _wanted_tail(held: FloatArray) -> float:
    """Return the tail at which a period would have been held often enough, and not too often, from the share held at each of `TAILS`."""
    usual = held[TAILS.index(TAIL)]
    if LEVEL <= usual <= MOST_HELD:
        return TAIL
    falling = np.minimum.accumulate(held)
    return float(np.interp(-(MOST_HELD if usual > MOST_HELD else LEVEL), -falling, TAILS))


def _draws(
    outlook: Outlook, spend: SpendModel, value: FloatArray, horizon_days: int, rows: IntArray, rng: np.random.Generator
) -> FloatArray:
    """Draws of the sum spent, sorted, scaled from the closed form's expected value to the one given, shape (rows, draws)."""
    x, t_x, age = (part[rows] for part in histories_of(outlook.ledger))
    count, mean = (part[rows] for part in spend_history(outlook.ledger))
    purchases = outlook.model.draws(x, t_x, age, float(horizon_days), DRAWS, rng)
    totals = np.sort(draw_spend(spend, count, mean, purchases, rng), axis=1)
    closed = outlook.value[rows]
    scale = np.where(closed > 0, value[rows] / np.where(closed > 0, closed, 1.0), 1.0)
    return totals * scale[:, None]


def _ends(totals: FloatArray, tail: float) -> tuple[FloatArray, FloatArray]:
    last = totals.shape[1] - 1
    return totals[:, int(np.floor(tail * last))], totals[:, int(np.ceil((1 - tail) * last))]
