"""Replay: rows in quarantine go through their stream's mapping of now, and those that fit are landed as the sync would have landed them.

Which mapping is current is the caller's to say. Sources are not read again here.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.errors import CyberpunkError
from cyberpunk_ai.data_fabric.files.formats import ColumnFormat
from cyberpunk_ai.data_fabric.landing import Portion, lease
from cyberpunk_ai.data_fabric.mapping.declaration import StreamMapping
from cyberpunk_ai.data_fabric.mapping.sorting import IDENTITIES, sort_rows
from cyberpunk_ai.data_fabric.stores.records import quarantine
from cyberpunk_ai.data_fabric.syncing.reports import ReplayReport
from cyberpunk_ai.data_fabric.syncing.stream_sync import add_customers, names_customers, row_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from cyberpunk_ai.data_fabric.landing import Landing, Lease, StreamRecord
    from cyberpunk_ai.data_fabric.stores.operational import Operational

BLOCK_ROWS = 5000
_c = quarantine.c


def waiting_streams(operational: Operational, source: str | None = None) -> list[tuple[str, str]]:
    """List (source, stream) of the streams that have rows waiting in quarantine."""
    query = select(_c.source, _c.stream).where(_c.replayed_at.is_(None)).distinct().order_by(_c.source, _c.stream)
    with operational.read() as connection:
        found = connection.execute(query if source is None else query.where(_c.source == source))
        return [(row.source, row.stream) for row in found]


def replay_streams(
    landing: Landing, streams: Sequence[tuple[str, str]], mappings: Mapping[str, Mapping[str, StreamMapping]]
) -> ReplayReport:
    """Replay streams one after the other; one that cannot be replayed now says why and keeps its rows.

    Args:
        landing: The way into the stores.
        streams: Source and stream.
        mappings: Declared mappings by source, then by stream name; a source that is missing here is not registered.
    """
    import pandas as pd

    columns = ["source", "stream", "tried", "landed", "left", "reason"]
    report = pd.DataFrame([_replay(landing, source, stream, mappings.get(source)) for source, stream in streams], columns=columns)
    return ReplayReport(report, int(report["landed"].sum()), int(report["left"].sum()))


def _replay(landing: Landing, source: str, stream: str, declared: Mapping[str, StreamMapping] | None) -> dict[str, Any]:
    landed, reasons = 0, Counter[str]()
    if declared is None:
        reasons["the source is no longer registered"] += 1
    else:
        try:
            with lease(landing.operational, source, stream) as held:
                landing.publish(held)
                record = landing.state(source, stream)
                mapping = declared.get(stream) or declared.get("*")
                if mapping is None and record.mapping is not None:
                    mapping = StreamMapping.model_validate(record.mapping)
                if mapping is None:
                    reasons["the stream has no mapping"] += 1
                else:
                    for rows in _blocks(landing.operational, source, stream):
                        record, count = _land(landing, held, record, mapping, rows, reasons)
                        landed += count
                    landing.publish(held)
                    if record.owes_customers:
                        add_customers(landing, held, record)
        except CyberpunkError as failure:
            # The rows stay where they are; another stream may still have its turn.
            reasons[failure.message] += 1_000_000
    left = _count(landing.operational, source, stream)
    reason = reasons.most_common(1)[0][0] if reasons and left else None
    return {"source": source, "stream": stream, "tried": landed + left, "landed": landed, "left": left, "reason": reason}


def _land(
    landing: Landing, held: Lease, record: StreamRecord, mapping: StreamMapping, rows: Sequence[Any], reasons: Counter[str]
) -> tuple[StreamRecord, int]:
    """Land what fits of a block, in one transaction with the marks on its rows."""
    portions, ids = [], []
    for identity, alike in _by_identity(rows).items():
        if identity is None:
            reasons.update(row.reason for row in alike)  # text that never was a row
            continue
        good, fitting = _sorted(held, record, mapping, alike, identity, reasons)
        if good.num_rows:
            portions.append(Portion(mapping.table, "upsert", good))
            ids += fitting
    if portions:
        record = dataclasses.replace(record, owes_customers=record.owes_customers or names_customers(mapping))
        landing.land(held, portions, record, replayed=ids)
    return record, len(ids)


def _sorted(
    held: Lease, record: StreamRecord, mapping: StreamMapping, rows: Sequence[Any], identity: str, reasons: Counter[str]
) -> tuple[pa.Table, list[int]]:
    """Return canonical rows, and the ids of the quarantined ones that they were."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    index = pd.Index([row.payload[identity] for row in rows], name=identity) if identity else None
    frame = pd.DataFrame([row.payload["values"] for row in rows], index=index, dtype=object)
    # A column that came or went while these rows waited is empty in them, not missing.
    frame = frame.reindex(columns=[*frame.columns, *(name for name in record.columns if name not in frame.columns)])
    formats = {name: ColumnFormat.model_validate(values) for name, values in record.formats.items()}
    outcome = sort_rows(frame, mapping, stream=held.stream, source=row_source(held), now=utc_now(), formats=formats, may_drift=False)
    reasons.update(item.reason for item in outcome.bad)
    places, good = np.flatnonzero(outcome.fits).tolist(), outcome.good
    if "updated_at" not in mapping.columns:
        # As old as the day it was set aside: the source may have sent a better one since.
        seen = pa.array([rows[place].first_seen for place in places], type=pa.timestamp("us"))
        good = good.set_column(good.schema.get_field_index("updated_at"), "updated_at", seen)
    return good, [rows[place].id for place in places]


def _by_identity(rows: Sequence[Any]) -> dict[str | None, list[Any]]:
    """Group rows by what names them: a key of the payload, "" for their content alone, None where the text could not be read."""
    groups: dict[str | None, list[Any]] = {}
    for row in rows:
        known = next((name for name in IDENTITIES if name in row.payload), "") if "values" in row.payload else None
        groups.setdefault(known, []).append(row)
    return groups


def _blocks(operational: Operational, source: str, stream: str) -> Iterator[list[Any]]:
    last = 0
    query = select(_c.id, _c.reason, _c.payload, _c.first_seen).where(_c.source == source, _c.stream == stream, _c.replayed_at.is_(None))
    while True:
        with operational.read() as connection:
            rows = list(connection.execute(query.where(_c.id > last).order_by(_c.id).limit(BLOCK_ROWS)))
        if not rows:
            return
        yield rows
        last = rows[-1].id


def _count(operational: Operational, source: str, stream: str) -> int:
    from sqlalchemy import func

    waiting = (_c.source == source, _c.stream == stream, _c.replayed_at.is_(None))
    with operational.read() as connection:
        return int(connection.execute(select(func.count()).select_from(quarantine).where(*waiting)).scalar_one())
