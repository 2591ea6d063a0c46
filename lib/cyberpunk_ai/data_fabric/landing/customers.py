"""Customers on their way: kept in the operational record, which is the record of truth for them, and found in orders that name them.

Matching one customer across several systems is not done here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite

from cyberpunk_ai.data_fabric.stores.records import customers

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy.engine import Connection

    from cyberpunk_ai.data_fabric.stores.warehouse import Warehouse

FROM_ORDERS = "orders"  # value of `source` of customers that only orders have told us of


def keep_customers(connection: Connection, rows: pa.Table) -> None:
    """Write customers to the record inside a transaction; an older version never replaces a newer one."""
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(customers)
    changed = {column.name: insert.excluded[column.name] for column in customers.columns if column.name != "customer_id"}
    newer = insert.on_conflict_do_update(
        index_elements=["customer_id"], set_=changed, where=insert.excluded.updated_at >= customers.c.updated_at
    )
    if rows.num_rows:
        connection.execute(newer, rows.to_pylist())


def customers_of_orders(warehouse: Warehouse, source: str) -> pa.Table:
    """Return the customers that a source's orders name and no other source describes: id, country, first order.

    Args:
        warehouse: Holds the published orders.
        source: Value of `source` of these orders.
    """
    import pyarrow as pa

    found = warehouse.query(
        """
        SELECT customer_id, argMinIf(country, ordered_at, country IS NOT NULL) AS country,
               argMinIf(region, ordered_at, region IS NOT NULL) AS region,
               min(ordered_at) AS signed_up_at, max(ordered_at) AS updated_at
        FROM orders
        WHERE customer_id IN (SELECT customer_id FROM orders WHERE source = {source:String} AND customer_id IS NOT NULL)
          AND customer_id NOT IN (SELECT customer_id FROM customers WHERE source != {ours:String})
        GROUP BY customer_id ORDER BY customer_id
        """,
        {"source": source, "ours": FROM_ORDERS},
    )
    from cyberpunk_ai.data_fabric.tables import table

    kinds = {"string": pa.string(), "timestamp": pa.timestamp("us")}
    columns = {}
    for column in table("customers").contract.columns:
        if column.name == "source":
            columns["source"] = pa.array([FROM_ORDERS] * len(found), type=pa.string())
        elif column.name in found.columns:
            columns[column.name] = pa.array(found[column.name], type=kinds[column.kind], from_pandas=True)
        else:
            columns[column.name] = pa.nulls(len(found), kinds[column.kind])
    return pa.table(columns)
