"""Purchases and refunds as flat arrays of whole days, the one shape that every calculation of this room reads.

Reading a frame into it is the work of `frames`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]
    TextArray = NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Ledger:
    """What is known of all customers up to one day.

    Attributes:
        customer_ids: Ids, sorted, shape (n,); every array below refers to them by position.
        buyer: Customer of each purchase day, shape (k,), sorted together with `day`; a customer has one row per day with a purchase.
        day: Day of the purchase, counted from 1970-01-01 UTC.
        amount: Gross amount of that day, zero where the data has no amounts.
        refunded: Customer of each refund that was booked apart from its purchase, shape (m,).
        refund_day: Day of the booking.
        refund_amount: Amount of the refund, negative or zero.
        refund_target: Day of the order that the refund belongs to, or -1 when the data does not say.
        as_of_day: Last day that counts.
        has_amounts: Whether the data holds amounts at all.
        currency: Of the amounts, where the data names it.
    """

    customer_ids: TextArray
    buyer: IntArray
    day: IntArray
    amount: FloatArray
    refunded: IntArray
    refund_day: IntArray
    refund_amount: FloatArray
    refund_target: IntArray
    as_of_day: int
    has_amounts: bool
    currency: str | None = None

    def until(self, day: int) -> Ledger:
        """Return the ledger as it stood at the end of a day: later purchases, refunds and customers are unknown to it."""
        seen, booked = self.day <= day, self.refund_day <= day
        known = np.flatnonzero(np.bincount(self.buyer[seen], minlength=self.size))
        place = np.full(len(self.customer_ids), -1, dtype=np.int64)
        place[known] = np.arange(len(known))
        booked &= place[self.refunded] >= 0
        return replace(
            self,
            customer_ids=self.customer_ids[known],
            buyer=place[self.buyer[seen]],
            day=self.day[seen],
            amount=self.amount[seen],
            refunded=place[self.refunded[booked]],
            refund_day=self.refund_day[booked],
            refund_amount=self.refund_amount[booked],
            refund_target=self.refund_target[booked],
            as_of_day=day,
        )

    @property
    def size(self) -> int:
        """Number of customers."""
        return len(self.customer_ids)

    @cached_property
    def first_row(self) -> IntArray:
        """Position of each customer's first purchase, shape (n,)."""
        return self.last_row - self.purchases + 1

    @cached_property
    def last_row(self) -> IntArray:
        """Position of each customer's last purchase, shape (n,)."""
        return np.cumsum(self.purchases) - 1

    @cached_property
    def purchases(self) -> IntArray:
        """Days with a purchase per customer, at least 1, shape (n,)."""
        return np.bincount(self.buyer, minlength=self.size)

    @cached_property
    def first_day(self) -> IntArray:
        """Day of the first purchase, shape (n,)."""
        return self.day[self.first_row]

    @cached_property
    def last_day(self) -> IntArray:
        """Day of the last purchase, shape (n,)."""
        return self.day[self.last_row]

    @cached_property
    def recency_days(self) -> IntArray:
        """Days since the last purchase, shape (n,)."""
        return self.as_of_day - self.last_day

    @cached_property
    def tenure_days(self) -> IntArray:
        """Days since the first purchase, shape (n,)."""
        return self.as_of_day - self.first_day

    @cached_property
    def gaps(self) -> FloatArray:
        """Days since the same customer's purchase before, NaN at the first, shape (k,)."""
        gaps = np.diff(self.day, prepend=0).astype(np.float64)
        gaps[self.first_row] = np.nan
        return gaps

    @cached_property
    def revenue(self) -> FloatArray:
        """Net revenue per customer: purchases less refunds, shape (n,)."""
        return self._sum(self.buyer, self.amount) + self._sum(self.refunded, self.refund_amount)

    @cached_property
    def net_amount(self) -> FloatArray:
        """Amount of each purchase day less the refunds that belong to it, shape (k,).

        A refund belongs to its order's day where the data says so, else to the customer's last purchase before it.
        """
        net = self.amount.copy()
        if not len(self.refunded):
            return net
        span = int(self.day.max()) - int(self.day.min()) + 2
        base = int(self.day.min()) - 1
        keys = self.buyer * span + (self.day - base)
        wanted = np.where(self.refund_target >= 0, self.refund_target, self.refund_day)
        target = np.clip(wanted - base, 0, span - 1)
        row = np.searchsorted(keys, self.refunded * span + target, side="right") - 1
        belongs = (row >= 0) & (self.buyer[np.maximum(row, 0)] == self.refunded)
        np.add.at(net, row[belongs], self.refund_amount[belongs])
        return net

    def purchases_between(self, after: int, until: int) -> IntArray:
        """Return purchase days per customer in (after, until], shape (n,)."""
        return np.bincount(self.buyer[(self.day > after) & (self.day <= until)], minlength=self.size)

    def revenue_between(self, after: int, until: int) -> FloatArray:
        """Return net revenue per customer booked in (after, until], shape (n,)."""
        bought = (self.day > after) & (self.day <= until)
        booked = (self.refund_day > after) & (self.refund_day <= until)
        return self._sum(self.buyer[bought], self.amount[bought]) + self._sum(self.refunded[booked], self.refund_amount[booked])

    def _sum(self, customer: IntArray, values: FloatArray) -> FloatArray:
        return np.bincount(customer, weights=values, minlength=self.size).astype(np.float64)


def positions(customer_ids: TextArray, wanted: Sequence[str] | TextArray) -> IntArray:
    """Return where each wanted id stands in sorted ids, or -1 for those that are not among them."""
    ids, asked = customer_ids.astype(str), np.asarray(wanted).astype(str)
    if not len(ids):
        return np.full(len(asked), -1, dtype=np.int64)
    place = np.minimum(np.searchsorted(ids, asked), len(ids) - 1)
    return np.where(ids[place] == asked, place, -1)
