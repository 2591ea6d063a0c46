"""From a frame of transactions, however its columns are called, to a `Ledger`: typed, cut at `as_of`, collapsed by day, refunds netted.

What is wrong with single rows is said in warnings; what is wrong with the frame as a whole is an error that names the columns seen.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.contracts import Column, FrameContract, cast
from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument, TooLittleData
from cyberpunk_ai.core.numbers import to_numbers
from cyberpunk_ai.customer_analytics.reading.collapsing import Rows, collapse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, IntArray, Ledger, TextArray

    Moments = NDArray[np.datetime64]

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
SHORT_ID = 40
"""Up to this length ids are compared as text of fixed width, which sorts three times faster; one long id would widen all of them."""


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
    rows, moments, currency, notes = _typed(transactions, mapping)
    moment, late = _cut(moments, as_of)
    rows = rows.only(moments <= moment.to_datetime64())
    ledger = replace(collapse(rows, int(np.datetime64(moment, "D").astype(np.int64))), currency=currency)
    if not ledger.size:
        raise TooLittleData(
            f"transactions: no purchase by {moment:%Y-%m-%d}",
            hint="only refunds, or nothing at all, is left up to that day",
            rows=len(rows),
        )
    refund_only = np.count_nonzero(np.bincount(rows.customer)) - ledger.size
    if refund_only:
        notes.append(f"{refund_only} customers have refunds only and are left out")
    return ledger, moment, (*notes, *late)


def moment_of(as_of: date | datetime | str) -> pd.Timestamp:
    """Return a moment as a naive UTC timestamp; a bare date means the end of that day.

    Raises:
        InvalidArgument: It is no date, or more than a year ahead.
    """
    try:
        moment = pd.Timestamp(as_of)
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidArgument(f"as_of {as_of!r} is not a date", hint="write it like 2011-09-30") from error
    if pd.isna(moment):
        raise InvalidArgument("as_of is missing", hint="leave it out to look from the last transaction")
    bare = (isinstance(as_of, date) and not isinstance(as_of, datetime)) or (
        isinstance(as_of, str) and len(as_of.strip()) <= len("2011-09-30")
    )
    if moment.tzinfo is not None:
        moment = moment.tz_convert("UTC").tz_localize(None)
    # Tables by month grow with the square of the time that is looked at.
    if moment > pd.Timestamp(utc_now()).tz_localize(None) + pd.Timedelta(days=366):
        raise InvalidArgument(f"as_of {as_of} lies in the future", hint="use a date up to today, or leave it out")
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


def _typed(transactions: pd.DataFrame, mapping: Mapping[str, str] | None) -> tuple[Rows, Moments, str | None, list[str]]:
    """Read every row that can be used, and the one currency of their amounts; say what was wrong with the other rows."""
    found, notes = found_columns(transactions, KNOWN_NAMES, mapping), []
    named = {ours: transactions[theirs] for ours, theirs in found.items()}
    if "amount" not in found:
        computed = _quantity_times_price(transactions)
        if computed is None:
            notes.append("there are no amounts: value is not estimated, and segments rest on recency and frequency")
        else:
            named["amount"] = computed
            notes.append("amount is quantity times unit price")
    TRANSACTIONS.sift(pd.DataFrame({ours: column.iloc[:0] for ours, column in named.items()}))  # says which column is missing
    customer, ids = _coded_customers(named["customer_id"])
    is_known = customer >= 0
    if not is_known.all():
        notes.append(f"{int((~is_known).sum())} of {len(transactions)} rows have no customer and are left out")
    times, wrong_time = cast(named["ordered_at"], "timestamp")
    amounts, wrong_amount = cast(named["amount"], "float") if "amount" in named else (None, None)
    amount = np.full(len(customer), np.nan) if amounts is None else amounts.to_numpy(np.float64)
    fits = ~times.isna().to_numpy() & ~wrong_time.to_numpy()
    if wrong_amount is not None:
        fits &= ~wrong_amount.to_numpy()
    if not fits[is_known].all():
        _, unusable = TRANSACTIONS.sift(pd.DataFrame({ours: column[is_known & ~fits] for ours, column in named.items()}))
        worst = "; ".join(f"{reason}: {count}" for reason, count in unusable["reason"].value_counts().head(3).items())
        notes.append(f"{len(unusable)} rows do not fit and are left out ({worst})")
    has_orders = "order_id" in named
    order = _coded_orders(named["order_id"], customer, amount) if has_orders else np.full(len(customer), -1, dtype=np.int64)
    copies = _copies(transactions, customer, order, times.to_numpy(), amount)
    kept = is_known & fits
    currency = _one_currency(named["currency"][kept]) if "currency" in named else None
    moments = times.to_numpy().astype("datetime64[us]")[kept]
    day = moments.astype("datetime64[D]").astype(np.int64)
    rows = Rows(ids, customer[kept], order[kept], day, amount[kept])
    blank = np.isnan(rows.amount)
    if blank.any() and not blank.all():
        notes.append(f"{int(blank.sum())} rows have no amount and count as purchases of zero")
    if copies:
        notes.append(f"{copies} rows are exact copies of another and are kept, as order lines may repeat; their amounts count twice")
    return rows, moments, currency, notes


def _coded_customers(raw: pd.Series) -> tuple[IntArray, TextArray]:
    """Return each row's place among the sorted ids, -1 where nobody is named, and the ids as text.

    Casting and comparing texts is done once per customer, not once per row.
    """
    codes, found = pd.factorize(raw)
    if pd.api.types.is_float_dtype(raw.dtype) and (np.abs(found) < 2.0**53).all() and (found % 1 == 0).all():
        found = found.astype("int64")
    texts = np.array(found if pd.api.types.infer_dtype(found) == "string" else [str(item) for item in found], dtype=object)
    is_short = len(texts) > 0 and max(map(len, texts)) <= SHORT_ID
    ids, place = np.unique(texts.astype(str) if is_short else texts, return_inverse=True)
    is_blank = np.array([not text.strip() for text in ids.tolist()], dtype=bool)
    place = np.where(is_blank[place], -1, place)
    # The last entry answers for the code -1 of what is missing.
    return np.append(place, -1)[codes].astype(np.int64), ids.astype(object)


def _coded_orders(orders: pd.Series, customer: IntArray, amount: FloatArray) -> IntArray:
    """Return a number per order of customers with a loss, -1 where none is named, and for all others, whom orders make no difference to.

    Values that read alike as text are one order.
    """
    has_loss = np.zeros(int(customer.max(initial=-1)) + 2, dtype=bool)
    has_loss[customer[amount < 0]] = True
    rows = has_loss[customer]
    numbers = np.full(len(customer), -1, dtype=np.int64)
    raw = orders[rows]
    codes, found = pd.factorize(raw)
    if raw.dtype == object and pd.api.types.infer_dtype(found) not in {"string", "empty"}:
        place = pd.factorize(np.array([str(item) for item in found], dtype=object))[0]
        codes = np.append(place, -1)[codes]
    numbers[rows] = codes
    return numbers


def _copies(transactions: pd.DataFrame, customer: IntArray, order: IntArray, times: Moments, amount: FloatArray) -> int:
    """Count rows that repeat an earlier one in every column. Only rows that agree in what we read are compared in full."""
    key = times.astype(np.int64) * np.int64(1_000_003) ^ customer * np.int64(-7_046_029_254_386_353_131)
    key ^= order * np.int64(-4_658_895_280_553_007_687) ^ np.nan_to_num(amount, nan=-1.5).view(np.int64) * np.int64(31)
    ranked = np.sort(key)
    again = ranked[1:][ranked[1:] == ranked[:-1]]
    if not len(again):
        return 0
    alike = transactions[np.isin(key, again)]
    try:
        return int(alike.duplicated().sum())
    except TypeError:  # lists and the like cannot be compared as they are
        return int(alike.astype(str).duplicated().sum())


def _one_currency(currency: pd.Series) -> str | None:
    currencies = sorted({str(item) for item in currency.dropna().unique()})
    if len(currencies) > 1:
        raise ContractBroken(
            f"transactions: amounts are in {len(currencies)} currencies: {', '.join(currencies)}",
            hint="convert them to one currency, or analyse one at a time",
            frame="transactions",
        )
    return currencies[0] if currencies else None


def _quantity_times_price(transactions: pd.DataFrame) -> pd.Series | None:
    found = found_columns(transactions, {"quantity": QUANTITY, "unit_price": UNIT_PRICE})
    if len(found) < 2:
        return None
    quantity, price = (to_numbers(transactions[found[name]]).astype("float64") for name in ("quantity", "unit_price"))
    return quantity * price


def _cut(moments: Moments, as_of: date | datetime | str | None) -> tuple[pd.Timestamp, list[str]]:
    if not len(moments):
        raise TooLittleData("transactions: no usable row is left", hint="the customer or the time is missing in all of them")
    notes: list[str] = []
    if as_of is not None:
        moment = moment_of(as_of)
        late = int((moments > moment.to_datetime64()).sum())
        if late:
            notes.append(f"{late} rows are later than {moment:%Y-%m-%d} and were not read")
        return moment, notes
    is_past = moments <= pd.Timestamp(utc_now()).tz_localize(None).to_datetime64()
    future = int((~is_past).sum())
    if future == len(moments):
        raise TooLittleData("transactions: every row lies in the future", hint="check the time column, or pass as_of")
    if future:
        notes.append(f"{future} rows lie in the future and are left out")
    return pd.Timestamp(moments[is_past].max()), notes
