"""A made-up shop of any size, drawn as whole arrays: customers who buy at their own pace until they silently leave. Nothing is measured."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

R, ALPHA, A, B = 0.9, 55.0, 0.9, 2.9
"""Pace of purchases per day, and the chance to leave after each: about 3.4 rows per customer over two years."""
DAYS = 730
START_US = 1_672_531_200_000_000  # 2023-01-01
DAY_US = 86_400_000_000
REFUNDS = 0.02
_MOST_PURCHASES = 400


def shop(customers: int, *, seed: int = 1) -> pa.Table:
    """Return orders and refunds: customer_id, order_id, ordered_at, amount, in order of time; the same for the same arguments."""
    random = np.random.default_rng(seed)
    who, day = _purchases(customers, random)
    amount = np.round(random.gamma(2.0, 1.0, len(who)) * (10.0 + random.gamma(3.0, 8.0, customers))[who], 2) + 0.01
    number = np.arange(len(who))
    returned = np.flatnonzero(random.random(len(who)) < REFUNDS)
    late = day[returned] + random.exponential(12.0, len(returned))
    returned, late = returned[late < DAYS], late[late < DAYS]
    share = random.choice([1.0, 0.5], len(returned))
    who, number = np.concatenate([who, who[returned]]), np.concatenate([number, number[returned]])
    day, amount = np.concatenate([day, late]), np.concatenate([amount, -np.round(amount[returned] * share, 2)])
    order = np.argsort(day, kind="stable")
    return pa.table(
        {
            "customer_id": _names("c", who[order]),
            "order_id": _names("o", number[order]),
            "ordered_at": pa.array(START_US + (day[order] * DAY_US).astype("int64")).cast(pa.timestamp("us")),
            "amount": pa.array(amount[order]),
        }
    )


def order_lines(orders: pa.Table) -> pa.Table:
    """Return the same shop as rows of the canonical table of order lines: a purchase is line 1 of its order, its refund line 2."""
    count = orders.num_rows
    is_refund = orders["amount"].to_numpy() < 0
    sign = np.where(is_refund, -1.0, 1.0)
    return pa.table(
        {
            "order_id": orders["order_id"],
            "line_id": pa.array(np.array(["1", "2"], dtype=object)[is_refund.astype(int)], type=pa.string()),
            "ordered_at": orders["ordered_at"],
            "customer_id": orders["customer_id"],
            "quantity": sign,
            "unit_price": pa.array(np.abs(orders["amount"].to_numpy())),
            "amount": orders["amount"],
            "is_refund": is_refund,
            "source": pa.array(["benchmark"] * count),
            "updated_at": orders["ordered_at"],
        }
    )


def _purchases(customers: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Customer and day of every purchase: one round draws the next purchase of all who are still there."""
    rate = np.maximum(random.gamma(R, 1 / ALPHA, customers), 1e-6)
    leaving = random.beta(A, B, customers)
    who, day = np.arange(customers), random.uniform(0, DAYS, customers)
    found = [(who, day)]
    for _ in range(_MOST_PURCHASES):
        stays = random.random(len(who)) >= leaving[who]
        who, day = who[stays], day[stays]
        day = day + random.exponential(1.0, len(who)) / rate[who]
        who, day = who[day < DAYS], day[day < DAYS]
        if not len(who):
            break
        found.append((who, day))
    return np.concatenate([each for each, _ in found]), np.concatenate([each for _, each in found])


def _names(stem: str, numbers: np.ndarray) -> pa.Array:
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(pa.scalar(stem), pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), 8, "0"), "")
