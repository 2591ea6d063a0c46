"""Whether a Delta table holds any key of a batch: from the log's statistics first, from the key columns of the files they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

    from cyberpunk_ai.data_fabric.tables import Table


def holds_any(target: Any, folder: Path, spec: Table, batch: pa.Table) -> bool:
    """Return whether a row of the batch has the key of a row of the table. Most batches are new rows, and then plain appends do."""
    actions = pa.table(target.get_add_actions(flatten=True))
    candidates = _overlapping(actions, spec, batch)
    if not candidates:
        return False
    first = spec.key[0]
    keys = batch.select(list(spec.key))
    wanted = pc.unique(batch[first])
    for path in candidates:
        with pq.ParquetFile(folder / path) as file:
            for group in range(file.num_row_groups):
                held = file.read_row_group(group, columns=list(spec.key)).cast(keys.schema)  # files say string_view
                held = held.filter(pc.is_in(held[first], value_set=wanted))
                if held.num_rows and (len(spec.key) == 1 or held.join(keys, list(spec.key), join_type="inner").num_rows):
                    return True
    return False


def _overlapping(actions: pa.Table, spec: Table, batch: pa.Table) -> list[str]:
    """Return the files whose key ranges touch those of the batch; files without statistics count as touching."""
    touching = [True] * actions.num_rows
    for name in spec.key:
        if f"min.{name}" not in actions.column_names:
            continue
        low, high = pc.min_max(batch[name]).values()
        low, high = low.as_py(), high.as_py()
        for position, (smallest, largest) in enumerate(
            zip(actions[f"min.{name}"].to_pylist(), actions[f"max.{name}"].to_pylist(), strict=True)
        ):
            if smallest is not None and largest is not None and (largest < low or smallest > high):
                touching[position] = False
    return [path for path, touches in zip(actions["path"].to_pylist(), touching, strict=True) if touches]
