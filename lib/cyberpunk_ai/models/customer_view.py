"""One customer from all sides: profile and orders from the warehouse, segment, churn and value from the retention report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from cyberpunk_ai.core.errors import NotFound, TooLittleData
from cyberpunk_ai.core.results import Result, to_jsonable
from cyberpunk_ai.data_fabric.tables import TABLES
from cyberpunk_ai.governance.masking import mask

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from cyberpunk_ai.customer_analytics.results import RetentionReport
    from cyberpunk_ai.data_fabric.stores.warehouse import Warehouse
    from cyberpunk_ai.governance.callers import Caller

ORDERS = """
    SELECT order_id, max(ordered_at) AS ordered_at, sum(amount) AS amount, sum(quantity) AS units, max(is_refund) AS has_refund
    FROM orders WHERE customer_id = {customer_id:String} GROUP BY order_id ORDER BY ordered_at DESC, order_id
"""
PROFILE = "SELECT * FROM customers WHERE customer_id = {customer_id:String} LIMIT 1"

EXPLAINED = ("sentence", "typical_probability", "contributions", "model")


@dataclass(frozen=True)
class CustomerView(Result):
    """What is known of one customer.

    Attributes:
        customer_id: Id in the canonical tables.
        profile: Canonical customer columns; personal ones masked for callers who may not see them; empty when only orders are known.
        summary: orders, revenue, first_order_at, last_order_at.
        retention: Row of the retention report, or None with the reason in `note`.
        explanation: What moves the chance to leave away from the typical customer's: typical_probability, contributions, sentence, model;
            None without a row.
        orders: order_id, ordered_at, amount, units, has_refund, newest first.
        note: Why something is missing; empty when nothing is.
    """

    chart_name: ClassVar[str] = ""
    customer_id: str
    profile: dict[str, Any]
    summary: dict[str, Any]
    retention: dict[str, Any] | None
    explanation: dict[str, Any] | None
    orders: pd.DataFrame
    note: str

    def to_frame(self) -> pd.DataFrame:
        """Return the orders."""
        return self.orders


def customer_view(customer_id: str, warehouse: Warehouse, retention: Callable[[], RetentionReport], caller: Caller) -> CustomerView:
    """Gather one customer.

    Args:
        customer_id: Id in the canonical tables.
        warehouse: Where profile and orders are.
        retention: Returns the caller's report; called only when the customer exists.
        caller: Whose rows and masking apply.

    Raises:
        NotFound: No such customer, or not one of the caller's rows; both read alike on purpose.
    """
    asked = {"customer_id": customer_id}
    profile = warehouse.query(PROFILE, asked)
    orders = warehouse.query(ORDERS, asked)
    missing = NotFound(f"no customer has the id {customer_id!r}", hint="ids are listed in the retention report", customer_id=customer_id)
    if profile.empty and orders.empty:
        raise missing
    if caller.row_filter and (
        profile.empty or not all(_allows(profile.iloc[0].get(name), wanted) for name, wanted in caller.row_filter.items())
    ):
        raise missing
    row, explanation, note = _row(customer_id, retention)
    masked = mask(profile, TABLES["customers"].contract, caller)
    return CustomerView(
        customer_id=customer_id,
        profile={} if masked.empty else to_jsonable(masked.iloc[0].to_dict()),
        summary={
            "orders": len(orders),
            "revenue": float(orders["amount"].sum()),
            "first_order_at": to_jsonable(orders["ordered_at"].min()) if len(orders) else None,
            "last_order_at": to_jsonable(orders["ordered_at"].max()) if len(orders) else None,
        },
        retention=row,
        explanation=explanation,
        orders=orders,
        note=note,
    )


def _row(customer_id: str, retention: Callable[[], RetentionReport]) -> tuple[dict[str, Any] | None, dict[str, Any] | None, str]:
    try:
        report = retention()
    except TooLittleData as error:
        return None, None, error.message
    found = report.customers[report.customers["customer_id"] == customer_id]
    if found.empty:
        return None, None, "no purchase of this customer counts yet, so there is nothing to predict from"
    told = report.explain(customer_id).to_dict()
    return to_jsonable(found.iloc[0].to_dict()), {name: told[name] for name in EXPLAINED}, ""


def _allows(value: object, wanted: object) -> bool:
    return value in wanted if isinstance(wanted, (list, tuple, set, frozenset)) else value == wanted
