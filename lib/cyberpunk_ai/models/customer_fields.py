"""What the warehouse knows of customers beside their purchases, as the customer engine takes it; never what tells who a person is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberpunk_ai.data_fabric.semantic import extracts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from cyberpunk_ai.data_fabric.semantic.query import SemanticLayer


def customer_fields(layer: SemanticLayer, ids: Iterable[object], *, row_filter: Mapping[str, object] | None = None) -> pd.DataFrame | None:
    """Return customer_id, signed_up_at, and the dimensions of customers: country, region, segment.

    Args:
        layer: Knows the tables.
        ids: Customers who are asked for.
        row_filter: What the caller may see.

    Returns:
        One row per customer who is known, or None where there is none, or the caller may not see customers.
    """
    about = {name for name, item in layer.model.dimensions.items() if "customers" in item.columns}
    if set(row_filter or {}) - about:
        return None
    rows = extracts.customers(layer, row_filter=row_filter)
    columns = {"customer_id", "signed_up_at"} | {layer.model.dimensions[name].columns["customers"] for name in about}
    asked = rows.loc[rows["customer_id"].isin(list(ids)), [name for name in rows.columns if name in columns]]
    return asked.reset_index(drop=True) if len(asked) else None
