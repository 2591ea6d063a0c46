"""Records of a page as rows: nested objects flattened, what is no object set aside, a large page in several batches."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.data_fabric.connectors.base import RejectedRow

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH_RECORDS = 50_000
BATCH_CELLS = 5_000_000
"""Records and cells of one batch: a page of few megabytes can hold millions of tiny records, or a new field in each."""


def batches(records: list[Any], key: tuple[str, ...]) -> Iterator[tuple[Any, tuple[RejectedRow, ...]]]:
    """Yield records as rows, nested objects flattened with dots, and those that are no objects; at least once, all at once if possible."""
    good: list[dict[str, Any]] = []
    rejected: list[RejectedRow] = []
    fields: set[str] = set()
    for number, item in enumerate(records, start=1):
        if isinstance(item, dict):
            good.append(_flat(item))
            fields.update(good[-1])
        else:
            rejected.append(RejectedRow("the record is no object", json.dumps(item)[:2000]))
        is_full = len(good) + len(rejected) >= BATCH_RECORDS or len(good) * len(fields) >= BATCH_CELLS
        if is_full and number < len(records):
            yield _frame(good, key), tuple(rejected)
            good, rejected, fields = [], [], set()
    yield _frame(good, key), tuple(rejected)


def _frame(records: list[dict[str, Any]], key: tuple[str, ...]) -> Any:
    import pandas as pd

    rows = pd.DataFrame(records, dtype=object)
    present = [name for name in key if name in rows.columns]
    if present and len(rows):
        names = rows[present[0]].astype(str)
        for name in present[1:]:
            names = names + "|" + rows[name].astype(str)
        rows.index = pd.Index(names, name="key")
    return rows


def _flat(record: dict[str, Any], prefix: str = "", depth: int = 3) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict) and depth > 1:
            flat |= _flat(value, f"{prefix}{name}.", depth - 1)
        else:
            flat[f"{prefix}{name}"] = value
    return flat
