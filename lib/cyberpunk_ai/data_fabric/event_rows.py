"""From events to rows of a canonical table: what fits, and why the rest does not. One bad event never spoils its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import CyberpunkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from cyberpunk_ai.data_fabric.streams.base import Event
    from cyberpunk_ai.data_fabric.tables import Table


def rows_of(events: Sequence[Event], table: Table) -> tuple[pd.DataFrame, list[tuple[Event, str]]]:
    """Turn events into rows.

    Args:
        events: Their values hold canonical columns, times as ISO 8601. `source` and `updated_at` may be left out.
        table: Canonical table that the rows are for.

    Returns:
        Typed rows in the order of the events, and the events that do not fit, each with its reason.
    """
    readable, rejected = [], []
    times = [column.name for column in table.contract.columns if column.kind == "timestamp"]
    for event in events:
        problem = event.problem or _nested(event, table)
        if problem:
            rejected.append((event, problem))
        else:
            readable.append((event, _record(event, times)))
    rows, unfit = _sift(readable, table)
    order = {id(event): place for place, event in enumerate(events)}
    return rows, sorted(rejected + unfit, key=lambda pair: order[id(pair[0])])


def _nested(event: Event, table: Table) -> str:
    for name, item in event.value.items():
        if type(item) in {dict, list} and name in table.contract.names:
            return f"{name}: a {type(item).__name__}, not a single value"
    return ""


def _record(event: Event, times: Sequence[str]) -> dict[str, object]:
    from datetime import UTC, datetime

    record = dict(event.value)
    record.setdefault("source", f"stream:{event.topic}")
    if record.get("updated_at") is None:
        record["updated_at"] = datetime.fromtimestamp(event.timestamp_ms / 1000, UTC).isoformat(timespec="milliseconds")
    for name in times:
        if record.get(name) is not None and not isinstance(record[name], str):
            # A bare number among texts would be read as a time of some unit nobody named.
            record[name] = f"{record[name]} is no time"
    return record


def _sift(pairs: list[tuple[Event, dict[str, object]]], table: Table) -> tuple[pd.DataFrame, list[tuple[Event, str]]]:
    import pandas as pd

    columns = {name: [record.get(name) for _, record in pairs] for name in table.contract.names}
    frame = pd.DataFrame(columns, dtype=object)
    if not pairs:
        return table.contract.sift(frame)[0], []
    try:
        good, bad = table.contract.sift(frame)
    except (CyberpunkError, ValueError, TypeError, ArithmeticError) as error:
        # A value that no cast foresaw: halve until it stands alone, so that only its own event is set aside.
        if len(pairs) == 1:
            return table.contract.sift(frame.iloc[:0])[0], [(pairs[0][0], f"{type(error).__name__}: {error}")]
        left, left_bad = _sift(pairs[: len(pairs) // 2], table)
        right, right_bad = _sift(pairs[len(pairs) // 2 :], table)
        parts = [part for part in (left, right) if len(part)] or [left]
        return pd.concat(parts, ignore_index=True), left_bad + right_bad
    return good, [(pairs[place][0], str(reason)) for place, reason in zip(bad.index.tolist(), bad["reason"], strict=True)]
