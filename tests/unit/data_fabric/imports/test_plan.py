from __future__ import annotations

import pandas as pd
import pytest

from cyberpunk_ai.core.errors import InvalidArgument, SourceFailed
from cyberpunk_ai.data_fabric.imports import guess_mapping

ORDERS = pd.DataFrame(
    {
        "Order Number": ["A1", "A1", "A2"],
        "Order Date": ["2024-01-02", "2024-01-02", "2024-01-05"],
        "Client": ["c1", "c1", "c2"],
        "Total": ["10.50", "4.00", "7.25"],
        "Remark": ["", "gift", ""],
    }
)


def test_orders_are_told_by_names_and_kinds() -> None:
    plan = guess_mapping(ORDERS)
    assert plan.table == "orders"
    assert plan.mapping == {"order_id": "Order Number", "ordered_at": "Order Date", "customer_id": "Client", "amount": "Total"}
    assert plan.unmapped == ("Remark",)
    assert plan.is_complete


def test_customers_are_told() -> None:
    people = pd.DataFrame(
        {"Id": ["1", "2"], "First Name": ["Ada", "Alan"], "Last Name": ["L", "T"], "Email": ["a@x", "b@x"], "Country": ["UK", "UK"]}
    )
    plan = guess_mapping(people)
    assert plan.table == "customers"
    assert str(plan.stream_mapping.columns["name"]) == "joined(First Name, Last Name)"


def test_demand_is_told() -> None:
    plan = guess_mapping(pd.DataFrame({"date": ["2024-01-01", "2024-02-01"], "sku": ["A", "A"], "units": ["10", "12"]}))
    assert plan.table == "demand"
    assert plan.mapping == {"ds": "date", "product": "sku", "units": "units"}


def test_a_plan_reads_as_text_and_as_a_frame() -> None:
    plan = guess_mapping(ORDERS)
    assert "looks like orders" in str(plan)
    assert "order_id" in str(plan)
    frame = plan.to_frame().set_index("column")
    assert frame.loc["amount", "from"] == "Total"
    assert frame.loc["is_refund", "from"] == "refund(Total)"
    assert plan.to_dict()["table"] == "orders"


def test_a_correction_gives_a_new_plan() -> None:
    plan = guess_mapping(ORDERS)
    better = plan.correct(campaign="Remark", customer_id=None)
    assert better.mapping["campaign"] == "Remark"
    assert "customer_id" not in better.mapping
    assert "campaign" not in plan.mapping


def test_a_correction_may_change_the_table() -> None:
    plan = guess_mapping(ORDERS).correct(table="customers", customer_id="Client")
    assert plan.table == "customers"
    assert plan.is_complete


@pytest.mark.parametrize(
    ("correction", "words"),
    [
        ({"table": "invoices"}, "no table"),
        ({"colour": "Remark"}, "no column 'colour'"),
        ({"campaign": "Nope"}, "the file has no column 'Nope'"),
        ({"campaign": {"rule": "guess", "column": "Remark"}}, "no rule"),
    ],
)
def test_unknown_names_are_refused_with_what_there_is(correction: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words) as caught:
        guess_mapping(ORDERS).correct(**correction)
    assert caught.value.hint


def test_a_missing_file_is_named() -> None:
    with pytest.raises(SourceFailed, match="does not exist"):
        guess_mapping("/nowhere/orders.csv")
