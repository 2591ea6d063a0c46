"""From a frame of transactions, however its columns are called, to a `Ledger`: typed, cut at `as_of`, collapsed by day, refunds netted.

What is wrong with single rows is said in warnings; what is wrong with the frame as a whole is an error that names the columns seen.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.contracts import Column, FrameContract
from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument, TooLittleData
from cyberpunk_ai.customer_analytics.reading.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Mapping

TRANSACTIONS = FrameContract(
    "transactions",
    (
        Column("customer_id", "string", description="Who bought."),
        Column("ordered_at", "timestamp", description="When; naive times are UTC."),
        Column("order_id", "string", nullable=True, description="Rows of one order are joined, its refund lines netted."),
        Column("amount", "float", nullable=True, description="Revenue in one currency; negative for a refund."),
        Column("currency", "string", nullable=True, description="Must be the same in every row."),
    ),
)
# Names that other systems use, best first, compared without case, spaces and underscores.
KNOWN_NAMES: dict[str, tuple[str, ...]] = {
    "customer_id": ("customerid", "customer", "clientid", "client", "householdid", "userid", "user", "accountid", "memberid"),
    "ordered_at": (
        "orderedat", "orderdate", "invoicedate", "transactiondate", "purchasedat", "purchasedate", "timestamp", "datetime", "date",
        "createdat", "paidat", "ds",
    ),
    "order_id": ("orderid", "invoiceno", "invoiceid", "transactionid", "orderno", "basketid", "receiptid"),
    "amount": ("amount", "revenue", "salesvalue", "total", "totalprice", "ordertotal", "value", "sales", "spend"),
    "currency": ("currency", "currencycode"),
}  # fmt: skip
QUANTITY, UNIT_PRICE = ("quantity", "qty", "units"), ("unitprice", "price")
DAY = np.timedelta64(1, "D")


def read_transactions(
    transactions: pd.DataFrame,
    *,
    as_of: date | datetime | str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> tuple[Ledger, pd.Timestamp, tuple[str, ...]]:
    """Read transactions up to a moment.

    Args:
        transactions: One row per order or per order line.
        as_of: Last moment that counts; a date means its end; the last transaction when None.
        mapping: Canonical name to the frame's column, for names that are not recognised.

    Returns:
        The ledger, the moment it was cut at (naive UTC), and warnings about rows that were left out.

    Raises:
        ContractBroken: No column for the customer or the time, or amounts in several currencies.
        TooLittleData: No purchase is left.
    """
    if not len(transactions):
        raise TooLittleData("transactions: there are no rows", hint="sync a source, import a file, or load the demo", frame="transactions")
    rows, notes = _typed(transactions, mapping)
    moment, rows, late = _cut(rows, as_of)
    ledger = _collapse(rows, pd.Timestamp(moment))
    if not ledger.size:
        raise TooLittleData(
            f"transactions: no purchase by {moment:%Y-%m-%d}",
            hint="only refunds, or nothing at all, is left up to that day",
            rows=len(rows),
        )
    refund_only = rows["customer_id"].nunique() - ledger.size
    if refund_only:
        notes.append(f"{refund_only} customers have refunds only and are left out")
    return ledger, moment, (*notes, *late)


def moment_of(as_of: date | datetime | str) -> pd.Timestamp:
    """Return a moment as a naive UTC timestamp; a bare date means the end of that day.

    Raises:
        InvalidArgument: It is no date.
    """
    try:
        moment = pd.Timestamp(as_of)
    except (ValueError, TypeError) as error:
        raise InvalidArgument(f"as_of {as_of!r} is not a date", hint="write it like 2011-09-30") from error
    if pd.isna(moment):
        raise InvalidArgument("as_of is missing", hint="leave it out to look from the last transaction")
    bare = (isinstance(as_of, date) and not isinstance(as_of, datetime)) or (
        isinstance(as_of, str) and len(as_of.strip()) <= len("2011-09-30")
    )
    if moment.tzinfo is not None:
        moment = moment.tz_convert("UTC").tz_localize(None)
    return moment + pd.Timedelta(days=1) - pd.Timedelta(microseconds=1) if bare else moment


def found_columns(frame: pd.DataFrame, known: Mapping[str, tuple[str, ...]], mapping: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return canonical name to column, from the mapping first, then the canonical name itself, then the names other systems use.

    Raises:
        ContractBroken: The mapping names a column that is not there.
    """
    given = dict(mapping or {})
    absent = sorted(theirs for theirs in given.values() if theirs not in frame.columns)
    if absent:
        raise ContractBroken(
            f"column {', '.join(map(repr, absent))} of the mapping is missing", hint=f"columns seen: {', '.join(map(str, frame.columns))}"
        )
    plain: dict[str, str] = {}
    for column in frame.columns:
        plain.setdefault(_plain(column), column)
    found: dict[str, str] = {}
    for ours, names in known.items():
        theirs = given.get(ours) or (ours if ours in frame.columns else next((plain[name] for name in names if name in plain), None))
        if theirs is not None:
            found[ours] = theirs
    return found


def _plain(column: object) -> str:
    return re.sub(r"[^a-z0-9]", "", str(column).lower())


def _typed(transactions: pd.DataFrame, mapping: Mapping[str, str] | None) -> tuple[pd.DataFrame, list[str]]:
    found, notes = found_columns(transactions, KNOWN_NAMES, mapping), []
    named = pd.DataFrame({ours: transactions[theirs] for ours, theirs in found.items()})
    if "amount" not in found:
        computed = _quantity_times_price(transactions)
        if computed is None:
            notes.append("there are no amounts: value is not estimated, and segments rest on recency and frequency")
        else:
            named["amount"] = computed
            notes.append("amount is quantity times unit price")
    if "customer_id" in named:
        anonymous = named["customer_id"].isna() | (named["customer_id"].astype(str).str.strip() == "")
        if anonymous.any():
            notes.append(f"{int(anonymous.sum())} of {len(named)} rows have no customer and are left out")
            named = named[~anonymous]
        if pd.api.types.is_float_dtype(named["customer_id"]) and (named["customer_id"] % 1 == 0).all():
            named = named.assign(customer_id=named["customer_id"].astype("int64"))
        # Casting to text is done once per customer, not once per row.
        codes, ids = pd.factorize(named["customer_id"])
        named = named.assign(customer_id=np.array([str(item) for item in ids], dtype=object)[codes])
    rows, unusable = TRANSACTIONS.sift(named)
    if len(unusable):
        worst = "; ".join(f"{reason}: {count}" for reason, count in unusable["reason"].value_counts().head(3).items())
        notes.append(f"{len(unusable)} rows do not fit and are left out ({worst})")
    currencies = sorted(rows["currency"].dropna().unique())
    if len(currencies) > 1:
        raise ContractBroken(
            f"transactions: amounts are in {len(currencies)} currencies: {', '.join(currencies)}",
            hint="convert them to one currency, or analyse one at a time",
            frame="transactions",
        )
    blank = rows["amount"].isna()
    if blank.any() and not blank.all():
        notes.append(f"{int(blank.sum())} rows have no amount and count as purchases of zero")
    copies = int(transactions.duplicated().sum())
    if copies:
        notes.append(f"{copies} rows are exact copies of another and are kept, as order lines may repeat; their amounts count twice")
    return rows, notes


def _quantity_times_price(transactions: pd.DataFrame) -> pd.Series | None:
    found = found_columns(transactions, {"quantity": QUANTITY, "unit_price": UNIT_PRICE})
    if len(found) < 2:
        return None
    quantity, price = (pd.to_numeric(transactions[found[name]], errors="coerce").astype("float64") for name in ("quantity", "unit_price"))
    return quantity * price


def _cut(rows: pd.DataFrame, as_of: date | datetime | str | None) -> tuple[pd.Timestamp, pd.DataFrame, list[str]]:
    if not len(rows):
        raise TooLittleData("transactions: no usable row is left", hint="the customer or the time is missing in all of them")
    times, notes = rows["ordered_at"], []
    now = pd.Timestamp(utc_now()).tz_localize(None)
    if as_of is None:
        future = int((times > now).sum())
        if future == len(rows):
            raise TooLittleData("transactions: every row lies in the future", hint="check the time column, or pass as_of")
        if future:
            notes.append(f"{future} rows lie in the future and are left out")
        moment = times[times <= now].max()
    else:
        moment = moment_of(as_of)
        late = int((times > moment).sum())
        if late:
            notes.append(f"{late} rows are later than {moment:%Y-%m-%d} and were not read")
    return pd.Timestamp(moment), rows[times <= moment], notes


def _collapse(rows: pd.DataFrame, moment: pd.Timestamp) -> Ledger:
    """Join lines to orders and orders to days; what nets to a loss is a refund, and no purchase."""
    has_amounts = bool(rows["amount"].notna().any())
    day = (rows["ordered_at"].to_numpy().astype("datetime64[D]").astype(np.int64)).astype(np.int64)
    lines = pd.DataFrame({"customer": rows["customer_id"].to_numpy(), "day": day, "amount": rows["amount"].fillna(0.0).to_numpy(float)})
    lines["order"] = pd.factorize(rows["order_id"])[0] if rows["order_id"].notna().any() else -1
    # A row without an order id is an order of its own; negative numbers cannot meet the codes of real orders.
    alone = lines["order"].to_numpy() < 0
    lines.loc[alone, "order"] = -1 - np.arange(alone.sum())
    lines["sold"] = lines["amount"].clip(lower=0.0)
    orders = lines.groupby(["customer", "order", "day"], as_index=False, sort=False)[["amount", "sold"]].sum()
    is_purchase = ((orders["amount"] > 0) | ((orders["amount"] == 0) & (orders["sold"] == 0))).to_numpy()
    bought = orders[is_purchase]
    days = bought.groupby(["customer", "day"], as_index=False, sort=True)["amount"].sum()
    ids, buyer = np.unique(days["customer"].to_numpy(dtype=str), return_inverse=True)
    order = np.lexsort((days["day"].to_numpy(), buyer))
    refunds = orders[~is_purchase].merge(
        bought[bought["order"] >= 0].groupby(["customer", "order"], as_index=False).agg(target=("day", "min")),
        on=["customer", "order"],
        how="left",
    )
    place = pd.Index(ids).get_indexer(refunds["customer"].to_numpy(dtype=str)) if len(refunds) else np.array([], dtype=np.int64)
    kept = place >= 0
    return Ledger(
        customer_ids=ids.astype(object),
        buyer=buyer[order].astype(np.int64),
        day=days["day"].to_numpy()[order],
        amount=days["amount"].to_numpy()[order],
        refunded=place[kept].astype(np.int64),
        refund_day=refunds["day"].to_numpy(np.int64)[kept],
        refund_amount=refunds["amount"].to_numpy(float)[kept],
        refund_target=refunds["target"].fillna(-1).to_numpy(np.int64)[kept],
        as_of_day=int(np.datetime64(moment, "D").astype(np.int64)),
        has_amounts=has_amounts,
    )
