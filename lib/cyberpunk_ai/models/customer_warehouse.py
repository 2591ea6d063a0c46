"""Customers counted where they are: segments and cohorts from aggregates of the warehouse, and the engine's ledger in its leanest form.

What a purchase, a cohort or a segment is, the customer engine says; the SQL that counts is the fabric's. Here the two are put together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import TooLittleData
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.customer_analytics.cohorts.monthly import cohorts_of
from cyberpunk_ai.customer_analytics.reading.frames import moment_of
from cyberpunk_ai.customer_analytics.reading.ledger import Ledger
from cyberpunk_ai.customer_analytics.segments.rules import SEGMENTS, segment_of
from cyberpunk_ai.data_fabric.semantic.customer_purchases import CustomerPurchases
from cyberpunk_ai.data_fabric.semantic.rounding import settled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from cyberpunk_ai.data_fabric.semantic.query import SemanticLayer


@dataclass(frozen=True, eq=False)
class SegmentCounts(Result):
    """How many customers each RFM segment has, and what they brought.

    Attributes:
        as_of: Moment from which everything is seen.
        segments: segment, customers, share, revenue (net), average_recency_days; segments in their usual order, empty ones included.
    """

    as_of: pd.Timestamp
    segments: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return one row per segment."""
        return self.segments


@dataclass(frozen=True, eq=False)
class CohortCounts(Result):
    """Monthly cohorts.

    Attributes:
        as_of: Moment from which everything is seen.
        cohorts: As in `RetentionReport`: cohort, period, customers, active, retention, revenue; missing while the month is unfinished.
    """

    chart_name: ClassVar[str] = "cohorts"

    as_of: pd.Timestamp
    cohorts: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return one row per cohort and month since."""
        return self.cohorts


def purchases_of(
    layer: SemanticLayer,
    *,
    as_of: date | datetime | str | None = None,
    where: Mapping[str, object] | None = None,
    row_filter: Mapping[str, object] | None = None,
) -> CustomerPurchases:
    """Return the purchases that the functions of this module read.

    Args:
        layer: Knows the tables.
        as_of: Last moment that counts; a date means its end; the last past line when None.
        where: As in `SemanticLayer.query`.
        row_filter: What the caller may see.

    Raises:
        TooLittleData: No line of a known customer is left.
        InvalidArgument: `as_of` is no date, or `where` is not usable.
    """
    return CustomerPurchases(layer, where=where, row_filter=row_filter, as_of=None if as_of is None else moment_of(as_of))


def segment_counts(purchases: CustomerPurchases) -> SegmentCounts:
    """Count the customers of each RFM segment in the warehouse.

    Raises:
        TooLittleData: Nobody has a purchase.
    """
    cells = purchases.rfm_cells()
    _require(len(cells), purchases)
    fm = (cells["f"].to_numpy(np.int64) + cells["m"].to_numpy(np.int64) + 1) // 2
    cells["segment"] = segment_of(cells["r"].to_numpy(np.int64), fm)
    sums = cells.groupby("segment")[["customers", "revenue", "last_days"]].sum().reindex(list(SEGMENTS))
    count = sums["customers"].fillna(0).astype("int64")
    table = pd.DataFrame({"customers": count, "share": count / count.sum(), "revenue": sums["revenue"].astype("float64")})
    table["average_recency_days"] = _day(purchases.moment.as_of) - sums["last_days"] / sums["customers"]
    return SegmentCounts(purchases.moment.as_of, table.rename_axis("segment").reset_index())


def cohort_counts(purchases: CustomerPurchases) -> CohortCounts:
    """Count monthly cohorts in the warehouse.

    Raises:
        TooLittleData: Nobody has a purchase.
    """
    cells = purchases.cohorts()
    _require(len(cells), purchases)
    table = cohorts_of(
        cells["cohort"].to_numpy(np.int64),
        cells["period"].to_numpy(np.int64),
        cells["active"].to_numpy(np.float64),
        cells["revenue"].to_numpy(np.float64),
        as_of_day=_day(purchases.moment.as_of),
        has_amounts=True,
    )
    return CohortCounts(purchases.moment.as_of, table)


def ledger_of(purchases: CustomerPurchases, *, shares: int | None = None) -> tuple[Ledger, tuple[str, ...]]:
    """Bring the purchase days of all customers out of the warehouse, without a text per row.

    Args:
        purchases: What to read.
        shares: Shares of customers that come one after another; few enough customers each when None.

    Returns:
        The ledger that reading the order lines as a frame gives, and what was left out.

    Raises:
        TooLittleData: Nobody has a purchase.
    """
    parts = [_compact(rows) for rows in purchases.days(shares=shares) if len(rows)]
    _require(len(parts), purchases)
    ids = np.concatenate([part[0] for part in parts])
    order = np.argsort(ids)
    place = np.empty(len(ids), dtype=np.int64)
    place[order] = np.arange(len(ids))
    counts = np.concatenate([part[1] for part in parts])
    day = np.concatenate([part[2] for part in parts])
    # Threads of the warehouse add in any order; the last digits that this disturbs are no part of an amount.
    amount = settled(np.concatenate([part[3] for part in parts]))
    buyer = np.repeat(place, counts)
    if len(parts) > 1:
        rows = np.argsort(buyer, kind="stable")
        buyer, day, amount = buyer[rows], day[rows], amount[rows]
    ids = ids[order]
    refunds = purchases.refunds()
    who = refunds["who"].to_numpy(dtype=object)
    refunded = pd.Index(ids).get_indexer(who) if len(who) else np.empty(0, dtype=np.int64)
    known = refunded >= 0
    ledger = Ledger(
        customer_ids=ids,
        buyer=buyer,
        day=day.astype(np.int64),
        amount=amount,
        refunded=refunded[known].astype(np.int64),
        refund_day=refunds["day"].to_numpy(np.int64)[known],
        refund_amount=settled(refunds["amount"].to_numpy(np.float64)[known]),
        refund_target=refunds["target"].to_numpy(np.int64)[known],
        as_of_day=_day(purchases.moment.as_of),
        has_amounts=True,
    )
    return ledger, _notes(purchases, pd.unique(who[~known]).size)


def _compact(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ids, rows per id, days and amounts of rows that name a customer once."""
    who = rows["who"].to_numpy(dtype=object)
    starts = np.flatnonzero(who != "")
    counts = np.diff(np.append(starts, len(who)))
    return who[starts], counts, rows["day"].to_numpy(np.int32), rows["amount"].to_numpy(np.float64)


def _notes(purchases: CustomerPurchases, refund_only: int) -> tuple[str, ...]:
    moment, notes = purchases.moment, []
    if moment.anonymous:
        notes.append(f"{moment.anonymous} order lines have no customer and are left out")
    if refund_only:
        notes.append(f"{refund_only} customers have refunds only and are left out")
    if moment.later:
        notes.append(f"{moment.later} order lines are later than {moment.as_of:%Y-%m-%d} and were not read")
    return tuple(notes)


def _require(found: int, purchases: CustomerPurchases) -> None:
    if not found:
        raise TooLittleData(
            f"orders: no purchase by {purchases.moment.as_of:%Y-%m-%d}",
            hint="only refunds, or nothing at all, is left up to that day",
            lines=purchases.moment.lines,
        )


def _day(moment: pd.Timestamp) -> int:
    return int(np.datetime64(moment, "D").astype(np.int64))
