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


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("uniqExact(customer_id)", "uniqExact(sipHash64(t.customer_id))"),
        ("uniqExactIf(order_id, not is_refund)", "uniqExactIf(sipHash64(t.order_id), NOT t.is_refund)"),
        ("uniqExactIf(order_id, order_id <> '')", "uniqExactIf(sipHash64(t.order_id), t.order_id <> '')"),
        ("count(DISTINCT customer_id) / 2", "count(DISTINCT sipHash64(t.customer_id)) / 2"),
        ("uniqExact(amount)", "uniqExact(t.amount)"),
        ("uniqExact(order_id, customer_id)", "uniqExact(t.order_id, t.customer_id)"),
        ("countIf(order_id = 'a') + max(order_id)", "countIf(t.order_id = 'a') + max(t.order_id)"),
    ],
)
def test_different_texts_are_counted_by_their_hashes(text: str, sql: str) -> None:
    assert expressions.bound(text, "t", {"customer_id", "order_id"}).sql(dialect=expressions.DIALECT) == sql
