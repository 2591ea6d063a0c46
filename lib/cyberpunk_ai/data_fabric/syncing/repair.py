"""Repairs a table that has lost data files or commits: what is left is made readable, and its streams are read again from their start."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import select

from cyberpunk_ai.core.errors import CyberpunkError, InvalidArgument
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.data_fabric.connectors.base import CONNECTORS
from cyberpunk_ai.data_fabric.landing import Portion, lease
from cyberpunk_ai.data_fabric.stores.records import landing_batches
from cyberpunk_ai.data_fabric.syncing.reports import SyncReport  # noqa: TC001 - a field of a public dataclass, kept resolvable
from cyberpunk_ai.data_fabric.syncing.stream_sync import row_source
from cyberpunk_ai.data_fabric.tables import table as canonical

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector


@dataclass(frozen=True)
class RepairReport(Result):
    """What a repair did.

    Attributes:
        table: The table.
        files_removed: Data files that were missing or damaged and that the table does without now.
        read_again: Streams whose rows were removed and read again, as `source:stream`.
        not_read_again: Streams that their source does not offer any more; of their rows only those that were left are there.
        sync: The sync that followed.
    """

    chart_name: ClassVar[str] = ""

    table: str
    files_removed: int
    read_again: tuple[str, ...]
    not_read_again: tuple[str, ...]
    sync: SyncReport

    @property
    def ok(self) -> bool:
        """Whether every stream of the table was read again."""
        return self.sync.ok and not self.not_read_again

    def to_frame(self) -> pd.DataFrame:
        """Return stream and outcome (`read again` or `lost`)."""
        import pandas as pd

        rows = [(name, "read again") for name in self.read_again] + [(name, "lost") for name in self.not_read_again]
        return pd.DataFrame(rows, columns=["stream", "outcome"])


async def repair_table(connector: UnifiedDataConnector, name: str) -> RepairReport:
    """Make a damaged table readable and read its streams again.

    Rows that live topics brought are not read again: the log keeps them for a while only.

    Args:
        connector: Knows the sources and the stores.
        name: Canonical table.

    Raises:
        NotFound: No such table.
        InvalidArgument: The warehouse is a server, which keeps its own files.
    """
    spec = canonical(name)
    forget = getattr(connector.warehouse, "forget_missing", None)
    if forget is None:
        raise InvalidArgument(f"{name}: this warehouse keeps its own files", hint="repair it with the tools of ClickHouse")
    removed = await asyncio.to_thread(forget, spec.name)
    again: list[str] = []
    lost: list[str] = []
    streams = await asyncio.to_thread(_streams_of, connector, spec.name)
    for source in sorted({source for source, _ in streams}):
        offered = await _offered(connector, source)
        for stream in sorted(stream for owner, stream in streams if owner == source):
            if stream in offered:
                await asyncio.to_thread(_start_again, connector, spec.name, source, stream)
                again.append(f"{source}:{stream}")
            else:
                lost.append(f"{source}:{stream}")
    report = await connector.sync_all_sources(sorted({each.partition(":")[0] for each in again}))
    return RepairReport(spec.name, removed, tuple(again), tuple(lost), report)


def _streams_of(connector: UnifiedDataConnector, table: str) -> set[tuple[str, str]]:
    c = landing_batches.c
    with connector.operational.read() as connection:
        found = connection.execute(select(c.source, c.stream).where(c.target_table == table, c.mode != "derive").distinct())
        return {(row.source, row.stream) for row in found}


async def _offered(connector: UnifiedDataConnector, source: str) -> set[str]:
    try:
        kind, kept = connector._registered(source)
        opened = CONNECTORS.get(kind).configure(kept["config"], home=connector.home, limits=connector.limits)
        try:
            return {stream.name for stream in await asyncio.to_thread(opened.discover)}
        finally:
            await opened.close()
    except CyberpunkError:
        return set()  # a source that is gone or does not answer can't be read again; its rows stay as they are


def _start_again(connector: UnifiedDataConnector, table: str, source: str, stream: str) -> None:
    """Remove the rows of a stream and forget how far it was read, in one transaction of the outbox."""
    with lease(connector.operational, source, stream) as held:
        connector.landing.publish(held)
        record = replace(connector.landing.state(source, stream), epoch=uuid.uuid4().hex[:12], place={}, cursor=None)
        connector.landing.land(held, [Portion(table, "delete", where={"source": row_source(held)})], record)
        connector.landing.publish(held)
