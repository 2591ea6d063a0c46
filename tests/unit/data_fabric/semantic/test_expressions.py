"""What may be a metric, and what may not."""

from __future__ import annotations

import pytest

from cyberpunk_ai.data_fabric.semantic import expressions

COLUMNS = {"amount", "cost", "is_refund", "customer_id", "order_id", "email"}


@pytest.mark.parametrize(
    "text",
    [
        "sum(amount)",
        "sum(amount) / nullIf(count(), 0)",
        "count(DISTINCT customer_id)",
        "uniqExactIf(order_id, not is_refund)",
        "sum(if(is_refund, amount, 0))",
        "sum(case when is_refund then 0 else amount end)",
        "median(amount)",
        "round(avg(amount), 2) * 100",
        "sumIf(amount, order_id in ('a', 'b') and amount between 1 and 2)",
        "greatest(sum(amount), 0) - coalesce(sum(cost), 0)",
    ],
)
def test_aggregates_are_metrics(text: str) -> None:
    assert expressions.problems(text, COLUMNS, {"email"}) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "amount",
        "sum(amount) + amount",
        "sum(amount); DROP TABLE orders",
        "sum(amount) FROM system.users",
        "(SELECT 1)",
        "sum((SELECT max(amount) FROM orders))",
        "sum(amount) OVER ()",
        "file('/etc/passwd')",
        "sum(length(file('/etc/passwd')))",
        "sum(url('http://example.com'))",
        "sum(sum(amount))",
        "sum(amount) AS x",
        "sum(orders.amount)",
        "sum(secret)",
        "max(email)",
        "count(*)",
        "now()",
        "sum(dictGet('a', 'b', amount))",
        "groupArray(amount)",
        "{x:String}",
        "@@version",
        "sleep(3)",
        "sum(amount) /* hidden */ UNION ALL SELECT 1",
        "arrayJoin([1, 2])",
        "sum(throwIf(amount > 1))",
        "sum(amount) SETTINGS readonly = 0",
        "sum(amount) FORMAT CSV",
        "sum(cast(amount as Int64))",
        "max(hostName())",
        "lambda",
        "x -> x",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    assert expressions.problems(text, COLUMNS, {"email"})


def test_columns_are_bound_to_their_table() -> None:
    assert (
        expressions.bound("sumIf(amount, is_refund) / count()", "t").sql(dialect="clickhouse") == "sumIf(t.amount, t.is_refund) / count()"
    )


@pytest.mark.parametrize(
    ("text", "adds_up"),
    [
        ("sum(amount)", True),
        ("sum(amount) - sumIf(cost, is_refund) / 100", True),
        ("2 * (count() + countIf(is_refund))", True),
        ("-sum(amount)", True),
        ("count(DISTINCT customer_id)", False),
        ("uniqExactIf(order_id, is_refund)", False),
        ("avg(amount)", False),
        ("sum(amount) / sum(cost)", False),
        ("sum(amount) * sum(cost)", False),
        ("sum(amount) + 1", False),
        ("greatest(sum(amount), 0)", False),
    ],
)
def test_sums_and_counts_add_up(text: str, adds_up: bool) -> None:
    assert expressions.adds_up(text) is adds_up
