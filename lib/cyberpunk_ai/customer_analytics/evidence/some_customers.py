"""The ledger of some customers only: of one for a what-if, of a sample for a backtest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import IntArray, Ledger


def of_customers(ledger: Ledger, places: IntArray) -> Ledger:
    """Return the ledger of some customers, given by sorted positions."""
    new = np.full(ledger.size, -1, dtype=np.int64)
    new[places] = np.arange(len(places))
    rows, refunds = new[ledger.buyer] >= 0, new[ledger.refunded] >= 0
    return replace(
        ledger,
        customer_ids=ledger.customer_ids[places],
        buyer=new[ledger.buyer[rows]],
        day=ledger.day[rows],
        amount=ledger.amount[rows],
        refunded=new[ledger.refunded[refunds]],
        refund_day=ledger.refund_day[refunds],
        refund_amount=ledger.refund_amount[refunds],
        refund_target=ledger.refund_target[refunds],
    )
