"""From rows of purchases and refunds to a `Ledger`: rows become orders, orders become days, losses become refunds.

All of it is sorting and adding of whole columns: a million customers with their orders take a second. Frames are read in `frames`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.customer_analytics.reading.ledger import Ledger

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray, FloatArray, IntArray, TextArray

_BITS = 63
LAST_BITS = 1e-9


@dataclass(frozen=True, eq=False)
class Rows:
    """Order lines as flat arrays of equal length (k,).

    Attributes:
        customer_ids: Ids, sorted, shape (n,); not all of them need have a row.
        customer: Position of the row's customer in `customer_ids`.
        order: Number of the order; -1 for a row that names none and is an order of its own.
        day: Days since 1970-01-01 UTC.
        amount: Revenue, negative for a refund, NaN where the data says nothing.
    """

    customer_ids: TextArray
    customer: IntArray
    order: IntArray
    day: IntArray
    amount: FloatArray

    def __len__(self) -> int:
        return len(self.customer)

    def only(self, kept: BoolArray) -> Rows:
        """Return the rows under a mask."""
        return Rows(self.customer_ids, self.customer[kept], self.order[kept], self.day[kept], self.amount[kept])


def collapse(rows: Rows, as_of_day: int) -> Ledger:
    """Join lines of one order and day, then orders of one day; what nets to a loss is a refund, and no purchase."""
    has_amounts = bool((~np.isnan(rows.amount)).any())
    orders, sold = _by_order(rows)
    # An order of nothing but zeros is a purchase without a price; one whose lines cancel out is none.
    is_purchase = (orders.amount > 0) | ((orders.amount == 0) & (sold == 0))
    bought, losses = orders.only(is_purchase), orders.only(~is_purchase)
    starts = _starts(bought.customer, bought.day)
    buyer, day = bought.customer[starts], bought.day[starts]
    is_known = np.zeros(len(rows.customer_ids), dtype=bool)
    is_known[buyer] = True
    place = np.cumsum(is_known) - 1
    booked = is_known[losses.customer]
    return Ledger(
        customer_ids=rows.customer_ids[is_known],
        buyer=place[buyer],
        day=day,
        amount=np.add.reduceat(bought.amount, starts) if len(starts) else bought.amount,
        refunded=place[losses.customer[booked]],
        refund_day=losses.day[booked],
        refund_amount=losses.amount[booked],
        refund_target=_days_of_orders(bought, losses)[booked],
        as_of_day=as_of_day,
        has_amounts=has_amounts,
    )


def _by_order(rows: Rows) -> tuple[Rows, FloatArray]:
    """Join the lines of one order on one day, sorted by customer and day; with them, what was sold before anything came back."""
    amount = np.nan_to_num(rows.amount, nan=0.0)
    names_order = rows.order >= 0
    order = rows.order if names_order.any() else np.full(len(rows), -1, dtype=np.int64)
    key = _packed(rows.customer, rows.day, order)
    sequence = np.argsort(key) if key is not None else np.lexsort((order, rows.day, rows.customer))
    customer, day, order, amount = rows.customer[sequence], rows.day[sequence], order[sequence], amount[sequence]
    # Rows that name no order stay apart.
    is_new = _is_new(customer, day, order) | (order < 0)
    starts = np.flatnonzero(is_new)
    sold = np.maximum(amount, 0.0)
    if len(starts) < len(is_new):
        customer, day, order = customer[starts], day[starts], order[starts]
        amount, sold = np.add.reduceat(amount, starts), np.add.reduceat(sold, starts)
    # What adds up to nothing but for the last bits of its numbers is nothing, in whichever order it was added.
    amount = np.where(np.abs(amount) <= LAST_BITS * sold, 0.0, amount)
    return Rows(rows.customer_ids, customer, order, day, amount), sold


def _days_of_orders(bought: Rows, losses: Rows) -> IntArray:
    """First day on which the customer bought something of the order that each loss names, -1 where there is none."""
    found = np.full(len(losses), -1, dtype=np.int64)
    named = losses.order >= 0
    if not named.any():
        return found
    is_returned = np.zeros(int(losses.order.max()) + 1, dtype=bool)
    is_returned[losses.order[named]] = True
    rows = np.flatnonzero((bought.order >= 0) & (bought.order < len(is_returned)))
    rows = rows[is_returned[bought.order[rows]]]
    width = len(is_returned)
    keys = bought.customer[rows] * width + bought.order[rows]
    sequence = np.lexsort((bought.day[rows], keys))
    keys, days = keys[sequence], bought.day[rows][sequence]
    wanted = losses.customer * width + losses.order
    place = np.searchsorted(keys, wanted)
    hit = named & (place < len(keys))
    hit[hit] = keys[place[hit]] == wanted[hit]
    found[hit] = days[place[hit]]
    return found


def _packed(*columns: IntArray) -> IntArray | None:
    """One number per row that sorts like the columns, or None where they do not fit into 63 bits."""
    if not len(columns[0]):
        return columns[0]
    lows = [int(column.min()) for column in columns]
    widths = [(int(column.max()) - low).bit_length() for column, low in zip(columns, lows, strict=True)]
    if sum(widths) > _BITS:
        return None
    key = np.zeros(len(columns[0]), dtype=np.int64)
    for column, low, width in zip(columns, lows, widths, strict=True):
        key <<= width
        key |= column - low
    return key


def _starts(*columns: IntArray) -> IntArray:
    return np.flatnonzero(_is_new(*columns))


def _is_new(*columns: IntArray) -> BoolArray:
    """Whether a row differs from the one before it in any column."""
    differs = np.ones(len(columns[0]), dtype=bool)
    if len(differs):
        differs[1:] = False
        for column in columns:
            differs[1:] |= column[1:] != column[:-1]
    return differs
