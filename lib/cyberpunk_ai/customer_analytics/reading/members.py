"""From a frame of customers to `Members`: who joined when, who left when, and which of their fields may explain it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.core.contracts import cast
from cyberpunk_ai.core.errors import ContractBroken
from cyberpunk_ai.core.numbers import to_numbers
from cyberpunk_ai.customer_analytics.reading.frames import found_columns, moment_of
from cyberpunk_ai.customer_analytics.reading.ledger import positions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray, FloatArray, Ledger, TextArray

KNOWN_NAMES: dict[str, tuple[str, ...]] = {
    "customer_id": ("customerid", "customer", "clientid", "userid", "accountid", "memberid", "householdid", "id"),
    "signed_up_at": ("signedupat", "signupdate", "joinedat", "startdate", "startedat", "contractstart", "createdat", "customersince"),
    "churned_at": ("churnedat", "churndate", "cancelledat", "canceledat", "canceldate", "cancellationdate", "enddate", "contractend"),
    "churned": ("churned", "churn", "ischurned", "haschurned", "churnflag"),
    "tenure_days": ("tenuredays",),
    "tenure_months": ("tenuremonths", "tenure", "accountlength"),
    "recurring_amount": ("recurringamount", "monthlycharges", "monthlycharge", "monthlyfee", "mrr"),
}
DAYS_PER_MONTH = 365.25 / 12
MOST_CATEGORIES, USUAL_SHARE, LEAK_AUC = 20, 0.02, 0.95
LARGEST = 1e15  # beyond it squares and sums would overflow, and nothing more is learnt


@dataclass(frozen=True, eq=False)
class Members:
    """Customers under contract, or simply known, at one moment.

    Attributes:
        customer_ids: Ids, sorted, shape (n,).
        tenure_days: Days from joining to leaving or to the moment; missing where neither is known.
        has_left: Who had left by the moment; None where leaving is not recorded.
        gone_days: Days since leaving, 0 for those still there or where only a flag is known.
        has_dates: Whether leaving is recorded by date, so that past days can be seen as they were.
        fields: Numeric and categorical fields that may explain leaving, one row per customer.
        recurring_amount: Amount per month, or missing.
        as_of: The moment.
        notes: What was assumed or left out.
        raw: The same fields as the user knows them, before any encoding; empty where the customers come from payments alone.
    """

    customer_ids: TextArray
    tenure_days: FloatArray
    has_left: BoolArray | None
    gone_days: FloatArray
    has_dates: bool
    fields: pd.DataFrame
    recurring_amount: FloatArray
    as_of: pd.Timestamp
    notes: tuple[str, ...]
    raw: pd.DataFrame = field(default_factory=pd.DataFrame)

    def never_bought(self, ledger: Ledger) -> int:
        """Return how many of them have no purchase."""
        return int((positions(ledger.customer_ids, self.customer_ids) < 0).sum())


def read_members(
    customers: pd.DataFrame, ledger: Ledger | None, as_of: date | datetime | str | None, mapping: Mapping[str, str] | None = None
) -> Members:
    """Read customers as they stood at a moment.

    Args:
        customers: One row per customer.
        ledger: Purchases, for the day of joining where the frame has none; or None.
        as_of: The moment; the last date in the frame when None.
        mapping: Canonical name to the frame's column.

    Raises:
        ContractBroken: There is no column for the customer, or a churn flag that is neither yes nor no.
    """
    found, notes = found_columns(customers, KNOWN_NAMES, mapping), []
    if "customer_id" not in found:
        raise ContractBroken(
            "customers: column 'customer_id' is missing", hint=f"columns seen: {', '.join(map(str, customers.columns))}", frame="customers"
        )
    rows = customers[customers[found["customer_id"]].notna()]
    ids = rows[found["customer_id"]].map(_id)
    twice = int(ids.duplicated(keep="last").sum())
    if twice:
        notes.append(f"{twice} rows repeat a customer; the last row of each counts")
    rows = rows[~ids.duplicated(keep="last")].assign(_id=ids).sort_values("_id", kind="stable")
    sorted_ids: TextArray = rows.pop("_id").to_numpy(dtype=object)
    joined, ended = (_times(rows, found, name, notes) for name in ("signed_up_at", "churned_at"))
    moment = moment_of(as_of) if as_of is not None else _last_moment(joined, ended, ledger)
    if ledger is not None:
        place = positions(ledger.customer_ids, sorted_ids)
        known = pd.Series(pd.to_datetime(ledger.first_day, unit="D")[np.maximum(place, 0)], index=rows.index).where(place >= 0)
        joined = joined.fillna(known)
    present = joined.isna() | (joined <= moment)
    if not present.all():
        notes.append(f"{int((~present).sum())} customers joined after the moment of the analysis and are left out")
        rows, joined, ended, sorted_ids = rows[present], joined[present], ended[present], sorted_ids[present.to_numpy()]
    left, has_dates = _left(rows, found, ended, moment)
    until = ended.where(ended <= moment, moment)
    gone = _days(moment - until)
    tenure = pd.Series(_days(until - joined), index=rows.index)
    for name, days in (("tenure_days", 1.0), ("tenure_months", DAYS_PER_MONTH)):
        if name in found:
            if name == "tenure_months" and tenure.isna().any():
                notes.append(f"{found[name]!r} is read as months")
            tenure = tenure.fillna(to_numbers(rows[found[name]]) * days)
    amount = to_numbers(rows[found["recurring_amount"]]) if "recurring_amount" in found else pd.Series(np.nan, rows.index)
    spent = {found[name] for name in found if name != "recurring_amount"}
    raw = rows.drop(columns=[name for name in rows.columns if name in spent]).reset_index(drop=True)
    fields = _fields(raw)
    return Members(
        sorted_ids,
        np.asarray(tenure.clip(lower=0.0), dtype=np.float64),
        left,
        gone,
        has_dates,
        fields,
        np.asarray(amount, dtype=np.float64),
        moment,
        tuple(notes),
        raw,
    )


def _days(spans: pd.Series) -> FloatArray:
    return np.asarray(spans.dt.total_seconds(), dtype=np.float64) / 86_400


def _id(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _times(rows: pd.DataFrame, found: Mapping[str, str], name: str, notes: list[str]) -> pd.Series:
    if name not in found:
        return pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us]")
    values, wrong = cast(rows[found[name]], "timestamp")
    if wrong.any():
        notes.append(f"{int(wrong.sum())} values of {found[name]!r} are no dates and count as missing")
    return values


def _last_moment(joined: pd.Series, ended: pd.Series, ledger: Ledger | None) -> pd.Timestamp:
    if ledger is not None:
        return pd.Timestamp(np.datetime64(ledger.as_of_day, "D"))
    seen = [times.max() for times in (joined, ended) if times.notna().any()]
    # A flag with a tenure refers to no calendar; any fixed moment will do, and this one is recognisable.
    return max(seen) if seen else pd.Timestamp("1970-01-01")


def _left(rows: pd.DataFrame, found: Mapping[str, str], ended: pd.Series, moment: pd.Timestamp) -> tuple[BoolArray | None, bool]:
    if "churned_at" in found and ended.notna().any():
        return (ended <= moment).to_numpy(dtype=bool), True
    if "churned" not in found:
        return None, False
    flag, wrong = cast(rows[found["churned"]], "bool")
    if wrong.any() or flag.isna().any():
        raise ContractBroken(
            f"customers: {found['churned']!r} has values that are neither yes nor no", hint="use true and false", frame="customers"
        )
    return flag.to_numpy(dtype=bool), False


def _fields(rows: pd.DataFrame) -> pd.DataFrame:
    """Numbers, also those written as text; other columns as one column per usual value; ids, free text and dates are left out."""
    parts: dict[str, pd.Series] = {}
    for name in rows.columns:
        column = rows[name]
        if pd.api.types.is_datetime64_any_dtype(column):
            continue
        numbers = _numbers(column)
        if numbers is not None:
            parts[str(name)] = numbers.fillna(numbers.median() if numbers.notna().any() else 0.0)
            continue
        texts = column.where(column.isna(), column.astype(str))
        for value in _usual(texts):
            parts[f"{name}={value}"] = (texts == value).astype("float64")
    return pd.DataFrame(parts, index=rows.index).reset_index(drop=True)


def _numbers(column: pd.Series) -> pd.Series | None:
    """Values as numbers, blanks missing, or None where they are not numbers."""
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        texts = column.dropna().astype(str).str.strip()
        texts = texts[texts != ""]
        if not len(texts) or to_numbers(texts).isna().any():
            return None
        column = to_numbers(column.astype(str).str.strip())
    found: pd.Series = column.astype("float64").replace([np.inf, -np.inf], np.nan).clip(-LARGEST, LARGEST)
    return found


def _usual(texts: pd.Series) -> list[str]:
    """All values where they are few; of many those that one in fifty customers has."""
    counts = texts.dropna().value_counts()
    if len(counts) > MOST_CATEGORIES:
        counts = counts[counts >= max(USUAL_SHARE * len(texts), 2)].head(MOST_CATEGORIES)
    return sorted(map(str, counts.index))
