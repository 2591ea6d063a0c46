"""Keeps batches with their checkpoint in one transaction, and publishes them to the warehouse in order, each exactly once."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import delete, func, select, update

from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.errors import Conflict
from cyberpunk_ai.data_fabric.landing.customers import keep_customers
from cyberpunk_ai.data_fabric.stores.records import landing_batches, quarantine, sync_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa
    from sqlalchemy.engine import Connection

    from cyberpunk_ai.data_fabric.landing.leases import Lease
    from cyberpunk_ai.data_fabric.mapping.sorting import Quarantined
    from cyberpunk_ai.data_fabric.stores.operational import Operational
    from cyberpunk_ai.data_fabric.stores.warehouse import Warehouse

GROUP_ROWS = 200_000
GROUP_BATCHES = 500
PortionMode = Literal["append", "upsert", "derive", "delete"]


@dataclass(frozen=True)
class Portion:
    """What a batch does to one table.

    Attributes:
        table: Canonical table.
        mode: `append`; `upsert`; `derive`, an upsert of rows that follow from those of a source; `delete` of what `where` names.
        rows: Canonical rows; None for `delete`.
        where: Equalities on text columns, for `delete`.
    """

    table: str
    mode: PortionMode
    rows: pa.Table | None = None
    where: Mapping[str, str] | None = None


@dataclass(frozen=True)
class StreamRecord:
    """What is known of a stream behind its last landed batch.

    Attributes:
        epoch: Random name given when the stream was first seen. Batches are numbered within it, so that a warehouse which outlived the
            operational record does not take new batches for old ones.
        place: The connector's own position.
        cursor: Highest value of the cursor field.
        columns: Source columns seen so far.
        owes_customers: Whether orders landed whose customers have not been looked for yet.
        mapping: The mapping that was guessed from the first rows, where none was declared: a stream keeps it for life.
        formats: How the text columns of the last batch write their values.
        read_at: When its last batch was read, UTC; see `Landing.next_reading`.
        is_new: Whether nothing was known of it. The warehouse may hold rows of it all the same, where it outlived the operational record.
    """

    epoch: str
    place: Mapping[str, Any]
    cursor: str | None = None
    columns: tuple[str, ...] = ()
    owes_customers: bool = False
    mapping: dict[str, Any] | None = None
    formats: Mapping[str, Any] = field(default_factory=dict)
    read_at: datetime | None = None
    is_new: bool = False


class Landing:
    """The way of rows into the stores.

    Args:
        operational: Keeps batches, quarantine and checkpoints.
        warehouse: Is published to.
        clock: The present moment, aware.
    """

    def __init__(self, operational: Operational, warehouse: Warehouse, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.operational, self.warehouse, self.clock = operational, warehouse, clock

    def state(self, source: str, stream: str) -> StreamRecord:
        """Return what is known of a stream; a new epoch when nothing is."""
        known = (sync_state.c.position, sync_state.c.cursor, sync_state.c.updated_at)
        query = select(*known).where(sync_state.c.source == source, sync_state.c.stream == stream)
        with self.operational.read() as connection:
            row = connection.execute(query).one_or_none()
        kept = (row.position or {}) if row is not None else {}
        return StreamRecord(
            epoch=kept.get("epoch") or uuid.uuid4().hex[:12], place=kept.get("place") or {}, cursor=row.cursor if row is not None else None,
            columns=tuple(kept.get("columns") or ()), owes_customers=bool(kept.get("owes_customers")), mapping=kept.get("mapping"),
            formats=kept.get("formats") or {}, read_at=_aware(row.updated_at if row is not None else None), is_new="epoch" not in kept,
        )  # fmt: skip

    def newest_reading(self) -> datetime | None:
        """Return when the newest batch of all streams was read; None before the first."""
        with self.operational.read() as connection:
            return _aware(connection.execute(select(func.max(sync_state.c.updated_at))).scalar_one())

    def next_reading(self, after: datetime | None) -> datetime:
        """Return the moment of reading for the next batch: now, but always later than the readings before it.

        Versions of a row are ordered by it where a source has no time of change. A clock that was put back must not make a row that was
        read later look older.

        Args:
            after: Of the newest batch so far.
        """
        now = self.clock()
        return now if after is None or now > after else after + timedelta(microseconds=1)

    def land(
        self,
        held: Lease,
        portions: Sequence[Portion],
        record: StreamRecord,
        *,
        quarantined: Sequence[Quarantined] = (),
        replayed: Sequence[int] = (),
    ) -> None:
        """Keep portions, quarantined rows and what is then known of the stream in one transaction.

        A `delete` also lets go of the stream's earlier quarantined rows and counts: its rows are about to be read again.

        Args:
            held: The lease on the stream.
            portions: What goes into the warehouse, in order.
            record: What is known of the stream afterwards.
            quarantined: Rows set aside.
            replayed: Ids of quarantined rows that are among the portions.

        Raises:
            Conflict: The lease was lost, or a replayed row is no longer waiting; nothing was kept.
        """
        position = {
            "epoch": record.epoch, "place": dict(record.place), "columns": list(record.columns), "owes_customers": record.owes_customers,
            "mapping": record.mapping, "formats": dict(record.formats),
        }  # fmt: skip
        payloads = [(portion, _payload(portion)) for portion in portions]
        mine = (sync_state.c.source == held.source, sync_state.c.stream == held.stream)
        now = self.clock()
        read_at = record.read_at or now
        with self.operational.begin() as connection:
            held.renew(connection)
            sequence = connection.execute(select(sync_state.c.sequence).where(*mine)).scalar_one()
            for portion, payload in payloads:
                sequence += 1
                connection.execute(
                    landing_batches.insert().values(
                        source=held.source, stream=held.stream, sequence=sequence, target_table=portion.table, mode=portion.mode,
                        rows=portion.rows.num_rows if portion.rows is not None else 0, payload=payload, landed_at=now,
                    )
                )  # fmt: skip
                if portion.table == "customers" and portion.rows is not None:
                    keep_customers(connection, portion.rows)
                if portion.mode == "delete":
                    _let_go(connection, held)
            _keep_quarantined(connection, held, quarantined, read_at)
            _mark_replayed(connection, held, replayed)
            connection.execute(
                update(sync_state).where(*mine).values(sequence=sequence, position=position, cursor=record.cursor, updated_at=read_at)
            )

    def publish(self, held: Lease) -> int:
        """Publish the stream's kept batches in order and mark them.

        Neighbours that do the same to one table go together. The warehouse knows a write by its last batch's number, so one that was
        published just before a crash is not added again: the same batches are waiting then, and are put together in the same way.

        Returns:
            Rows published.
        """
        from cyberpunk_ai.data_fabric.stores.warehouse import BatchToken

        c = landing_batches.c
        mine = (c.source == held.source, c.stream == held.stream)
        with self.operational.read() as connection:
            waiting = connection.execute(
                select(c.sequence, c.target_table, c.mode, c.rows).where(*mine, c.published_at.is_(None)).order_by(c.sequence)
            ).all()
        if not waiting:
            return 0
        epoch = self.state(held.source, held.stream).epoch
        for group in _groups(waiting):
            numbers = [batch.sequence for batch in group]
            with self.operational.read() as connection:
                payloads = list(connection.execute(select(c.payload).where(*mine, c.sequence.in_(numbers)).order_by(c.sequence)).scalars())
            table, mode = group[0].target_table, group[0].mode
            token = BatchToken(f"{held.source}/{held.stream}@{epoch}", numbers[-1])
            if mode == "delete":
                self.warehouse.delete(table, where=json.loads(payloads[0]))
            elif any(batch.rows for batch in group):
                write = self.warehouse.append if mode == "append" else self.warehouse.upsert
                write(table, _rows(payloads), token=token)
            with self.operational.begin() as connection:
                held.renew(connection)
                # What is in the warehouse need not be kept twice; the row stays, for the counts.
                connection.execute(
                    update(landing_batches).where(*mine, c.sequence.in_(numbers)).values(published_at=utc_now(), payload=None)
                )
        return sum(batch.rows for batch in waiting)

    def unpublished_streams(self, source: str) -> list[str]:
        """List streams of a source that have kept batches still to be published."""
        query = (
            select(landing_batches.c.stream).where(landing_batches.c.source == source, landing_batches.c.published_at.is_(None)).distinct()
        )
        with self.operational.read() as connection:
            return sorted(connection.execute(query).scalars())

    def counts(self, source: str) -> dict[str, int]:
        """Return how many rows of a source have landed and how many wait in quarantine."""
        with self.operational.read() as connection:
            read = (landing_batches.c.source == source, landing_batches.c.mode != "derive")
            landed = connection.execute(select(func.coalesce(func.sum(landing_batches.c.rows), 0)).where(*read))
            waiting = select(func.count()).select_from(quarantine)
            aside = connection.execute(waiting.where(quarantine.c.source == source, quarantine.c.replayed_at.is_(None)))
            return {"landed": int(landed.scalar_one()), "quarantined": int(aside.scalar_one())}


def _aware(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


def _payload(portion: Portion) -> bytes:
    if portion.rows is None:
        return json.dumps(dict(portion.where or {})).encode()
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, portion.rows.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(portion.rows)
    return bytes(sink.getvalue())


def _groups(waiting: Sequence[Any]) -> list[list[Any]]:
    """Put neighbours together that do the same to one table, up to a size that fits in memory."""
    groups: list[list[Any]] = []
    for batch in waiting:
        last = groups[-1] if groups else []
        alike = bool(last) and batch.mode != "delete" and (last[0].target_table, last[0].mode) == (batch.target_table, batch.mode)
        if alike and sum(item.rows for item in last) + batch.rows <= GROUP_ROWS and len(last) < GROUP_BATCHES:
            last.append(batch)
        else:
            groups.append([batch])
    return groups


def _rows(payloads: Sequence[bytes]) -> pa.Table:
    import pyarrow as pa

    tables = []
    for payload in payloads:
        with pa.ipc.open_stream(payload) as reader:
            tables.append(reader.read_all())
    return pa.concat_tables(tables)


def _let_go(connection: Connection, held: Lease) -> None:
    connection.execute(delete(quarantine).where(quarantine.c.source == held.source, quarantine.c.stream == held.stream))
    done = (landing_batches.c.source == held.source, landing_batches.c.stream == held.stream, landing_batches.c.published_at.is_not(None))
    connection.execute(delete(landing_batches).where(*done))


def _keep_quarantined(connection: Connection, held: Lease, rows: Sequence[Quarantined], read_at: datetime) -> None:
    from sqlalchemy.dialects import postgresql, sqlite

    if not rows:
        return
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(quarantine).on_conflict_do_nothing()
    connection.execute(
        insert,
        [
            {
                "source": held.source,
                "stream": held.stream,
                "row_hash": item.row_hash,
                "reason": item.reason,
                "payload": item.payload,
                "first_seen": read_at,
            }
            for item in rows
        ],
    )


def _mark_replayed(connection: Connection, held: Lease, ids: Sequence[int]) -> None:
    waiting = (quarantine.c.source == held.source, quarantine.c.stream == held.stream, quarantine.c.replayed_at.is_(None))
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        marked = connection.execute(update(quarantine).where(*waiting, quarantine.c.id.in_(part)).values(replayed_at=utc_now()))
        if marked.rowcount != len(part):
            raise Conflict(f"{held.source}/{held.stream}: quarantined rows changed while they were replayed", hint="replay again")
