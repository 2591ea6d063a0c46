"""The gate: what a query may say, whatever it is dressed as."""

from __future__ import annotations

import pytest

from cyberpunk_ai.core.errors import InvalidArgument, PermissionDenied, StoreFailed
from cyberpunk_ai.data_fabric.stores.warehouse_sql import check_select, translate


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT 1", ()),
        ("SELECT toStartOfMonth(ordered_at) AS m, sum(amount) FROM orders GROUP BY m WITH TOTALS", ("orders",)),
        ("SELECT * FROM orders AS o INNER JOIN customers c ON o.customer_id = c.customer_id", ("customers", "orders")),
        ("WITH orders_2 AS (SELECT * FROM orders) SELECT count() FROM orders_2", ("orders",)),
        ("SELECT * FROM (SELECT 1 AS a UNION ALL SELECT 2)", ()),
        ("SELECT count() FROM telemetry WHERE asset = {asset:String} AND ts > now() - INTERVAL 7 DAY", ("telemetry",)),
        ("SELECT topK(3)(product), quantiles(0.1, 0.9)(amount), sumIf(amount, is_refund) FROM orders", ("orders",)),
        ("SELECT product FROM orders WHERE product ILIKE '%file%' OR product = 'url'", ("orders",)),
        ("SELECT sum(amount) OVER (PARTITION BY region ORDER BY ordered_at) FROM orders", ("orders",)),
        ("SELECT * FROM orders ORDER BY ordered_at DESC LIMIT 1 BY customer_id", ("orders",)),
        ("SELECT a.ds FROM demand a ASOF JOIN demand b ON a.product = b.product AND a.ds >= b.ds", ("demand",)),
        ("SELECT number FROM numbers(10)", ()),
        ("SELECT * EXCEPT (email) FROM customers;", ("customers",)),
    ],
)
def test_ordinary_questions_pass(sql: str, tables: tuple[str, ...]) -> None:
    assert check_select(sql) == tables


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM file /**/ ('/etc/passwd')",
        "SELECT '\\'', file('/etc/passwd') --'",
        "SELECT 1 # ' \n , file('/etc/passwd') # '",
        "SELECT -- '\n file('/etc/passwd') -- '",
        "SELECT /*'*/ file('/etc/passwd') /*'*/",
        "SELECT $$a$$, file('/etc/passwd')",
        "SELECT '''', FILE('/etc/passwd'), ''''",
        "SELECT \"fi\\le\"('/etc/passwd')",
        "SELECT arrayMap(x -> file(x), ['/etc/passwd'])",
        "SELECT * APPLY(file) FROM orders",
        "SELECT * FROM values('a String', file('/etc/passwd'))",
        "SELECT 1 UNION ALL SELECT file('/etc/passwd')",
        "WITH file('/etc/passwd') AS secret SELECT secret",
        "SELECT * FROM view(SELECT 1)",
        "SELECT * FROM python(frame)",
        "SELECT * FROM azureBlobStorage('x')",
        "SELECT * FROM unheardOf('x')",
        "SELECT dictGet('a', 'b', 1)",
        "SELECT aiGenerate('x')",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM warehouse_1.orders",
        "SELECT * FROM orders_rows",
        "SELECT * FROM orders FORMAT Null",
        "SELECT * FROM orders INTO OUTFILE 'x'",
        "EXPLAIN SELECT 1",
        "SHOW TABLES",
        "KILL QUERY WHERE 1",
        "",
    ],
)
def test_everything_else_is_refused(sql: str) -> None:
    with pytest.raises((PermissionDenied, InvalidArgument)):
        check_select(sql)


def test_engine_errors_come_in_our_terms() -> None:
    refused = translate(
        Exception("Code: 164. DB::Exception: default: Cannot execute query in readonly mode. (READONLY) (version 26.9.2.1)")
    )
    assert isinstance(refused, PermissionDenied)
    assert "version" not in refused.message
    assert isinstance(
        translate(Exception("Code: 47. DB::Exception: Unknown expression identifier `x`. (UNKNOWN_IDENTIFIER)")), InvalidArgument
    )
    assert isinstance(translate(Exception("Code: 241. DB::Exception: Memory limit exceeded")), StoreFailed)
    assert isinstance(translate(RuntimeError("gone")), StoreFailed)
