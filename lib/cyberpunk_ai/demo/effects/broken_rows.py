"""Rows of the raw files that no one could take: the sync must set aside exactly these, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

# stream: one entry per broken row, naming the raw columns that are spoilt and what stands there instead.
# Each is spoilt in a column that its table cannot do without, or that must be a number, a date or not negative.
BROKEN: dict[str, tuple[Mapping[str, object], ...]] = {
    "orders": (
        {"Qty": "twelve"},
        {"InvoiceDate": "2025-13-45 10:00:00"},
        {"Invoice": None},
        {"Amount": "n/a"},
        {"Refund": "maybe"},
        {"UnitPrice": "free"},
    ),
    "demand": ({"Units": "lots"}, {"Product": None}),
    "customers_erp": ({"CustomerNo": None},),
    "marketing_ads": ({"Cost": -5.0}, {"Day": "soon"}),
    "customers": ({"signed_up": "a while ago"}, {"signed_up": "??"}),
    "asset_events": ({"hours_down": -4.0},),
    "telemetry": ({"ts": None}, {"ts": None}, {"machine": None}, {"machine": None}),
    "web_sessions": ({"pages": -1}, {"pages": -1}, {"started": None}),
}


def spoil(rows: pd.DataFrame, stream: str) -> pd.DataFrame:
    """Return the raw rows of a stream with its broken rows added: copies of good rows, each spoilt in one place.

    Args:
        rows: Raw rows, under the source's own column names.
        stream: Key of `BROKEN`.

    Returns:
        The rows with the broken ones spread evenly among them, in their old order otherwise.
    """
    broken = BROKEN[stream]
    places = np.linspace(0, len(rows) - 1, len(broken) + 2).astype(np.int64)[1:-1]
    spoilt = rows.iloc[places].to_dict(orient="list")
    for position, faults in enumerate(broken):
        for column, value in faults.items():
            is_time = pd.api.types.is_datetime64_any_dtype(rows[column].dtype)
            spoilt[column][position] = pd.NaT if value is None and is_time else value
    worded = {column for faults in broken for column, value in faults.items() if isinstance(value, str)}
    kinds = {column: object if column in worded else rows[column].dtype for column in rows.columns}
    additions = pd.DataFrame(spoilt, index=places * 2 + 1, dtype=object).astype(kinds)
    together = pd.concat([rows.astype(kinds).set_axis(np.arange(len(rows)) * 2), additions])
    return together.sort_index().reset_index(drop=True)
