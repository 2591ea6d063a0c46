"""Both frames of a question, read together: which columns belong to which, the purchases, the customers, and the moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument, TooLittleData
from cyberpunk_ai.customer_analytics.reading.frames import read_transactions
from cyberpunk_ai.customer_analytics.reading.members import read_members

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from cyberpunk_ai.customer_analytics.reading.ledger import Ledger
    from cyberpunk_ai.customer_analytics.reading.members import Members


@dataclass(frozen=True, eq=False)
class Inputs:
    """What the frames say.

    Attributes:
        ledger: Purchases, or None without transactions.
        members: Customers, or None without their frame.
        moment: Moment at which the purchases were cut, or None without them.
        warnings: What reading the purchases had to say.
    """

    ledger: Ledger | None
    members: Members | None
    moment: pd.Timestamp | None
    warnings: tuple[str, ...]


def read_inputs(
    customer_data: pd.DataFrame | None,
    transaction_data: pd.DataFrame | None,
    *,
    as_of: date | datetime | str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> Inputs:
    """Read both frames up to a moment.

    Args:
        customer_data: One row per customer, or None.
        transaction_data: One row per order or order line, or None.
        as_of: Last moment that counts; the last transaction when None.
        mapping: Canonical name to column. A name applies to each frame that has the column.

    Raises:
        ContractBroken: A needed column is missing or there twice, or amounts are in several currencies.
        TooLittleData: Both are empty, or no purchase is left.
        InvalidArgument: Something is no frame, or `as_of` is no date.
    """
    _check_frame("customers", customer_data)
    _check_frame("transactions", transaction_data)
    no_customers = customer_data is None or not len(customer_data)
    no_transactions = transaction_data is None or not len(transaction_data)
    if no_customers and no_transactions:
        raise TooLittleData("there are no transactions and no customers", hint="sync a source, import a file, or load the demo")
    for_customers, for_transactions = _split(mapping, customer_data, transaction_data)
    ledger, moment, members = None, None, None
    warnings: tuple[str, ...] = ()
    if transaction_data is not None and not no_transactions:
        ledger, moment, warnings = read_transactions(transaction_data, as_of=as_of, mapping=for_transactions)
    if customer_data is not None and not no_customers:
        members = read_members(customer_data, ledger, as_of if as_of is not None or moment is None else moment, for_customers)
    return Inputs(ledger, members, moment, warnings)


def _check_frame(what: str, frame: object) -> None:
    if frame is None:
        return
    if not isinstance(frame, pd.DataFrame):
        raise InvalidArgument(f"{what}: a {type(frame).__name__} is no frame", hint="give a pandas DataFrame with one row each")
    twice = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]})
    if twice:
        raise ContractBroken(f"{what}: column {', '.join(map(repr, twice))} is there twice", hint="keep one of each name", frame=what)


def _split(
    mapping: Mapping[str, str] | None, customers: pd.DataFrame | None, transactions: pd.DataFrame | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Give each frame the part of the mapping whose columns it has."""
    given = dict(mapping or {})
    sides = [
        {ours: theirs for ours, theirs in given.items() if isinstance(frame, pd.DataFrame) and theirs in frame.columns}
        for frame in (customers, transactions)
    ]
    lost = sorted(set(given) - set(sides[0]) - set(sides[1]))
    if lost:
        seen = [str(name) for frame in (customers, transactions) if frame is not None for name in frame.columns]
        raise ContractBroken(
            f"the mapping names columns that are in neither frame: {', '.join(given[name] for name in lost)}",
            hint=f"columns seen: {', '.join(seen)}",
        )
    return sides[0], sides[1]
