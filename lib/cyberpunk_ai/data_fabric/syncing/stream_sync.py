"""Brings one stream up to date: publish what an earlier run kept, read on, sort rows, land, publish, look for customers in orders."""

from __future__ import annotations

import asyncio
import dataclasses
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.data_fabric.connectors.base import StreamState
from cyberpunk_ai.data_fabric.landing import Landing, Portion, StreamRecord, lease
from cyberpunk_ai.data_fabric.mapping.declaration import StreamMapping
from cyberpunk_ai.data_fabric.mapping.sorting import Quarantined, row_hash, sort_rows, with_defaults

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cyberpunk_ai.data_fabric.connectors.base import Batch, Connector, StreamSpec
    from cyberpunk_ai.data_fabric.landing import Lease
    from cyberpunk_ai.data_fabric.mapping.sorting import Sorted

PUBLISH_ROWS = 20_000  # a commit to the warehouse costs more than the rows of a small page
SURE_ENOUGH = 0.6  # below it a mapping nobody declared is not trusted


@dataclass
class StreamTally:
    """Counts of a stream while it is synced."""

    rows: int = 0
    bytes: int = 0
    quarantined: int = 0
    cursor: str | None = None
    warnings: list[str] = field(default_factory=list)
    new_columns: list[str] = field(default_factory=list)


class StreamSync:
    """Syncs one stream of a source.

    Args:
        landing: The way into the stores.
        source: Name of the source.
        mapping: How the stream fills a table; guessed from its first batch when None.
        on_batch: Told the tally after every batch.
        after: When the newest batch of any stream was read; what is read here counts as later.
    """

    def __init__(
        self,
        landing: Landing,
        source: str,
        mapping: StreamMapping | None,
        on_batch: Callable[[StreamTally], None],
        *,
        after: datetime | None = None,
    ) -> None:
        self.after = after
        self.landing, self.source, self.mapping, self.on_batch = landing, source, mapping, on_batch
        self.tally = StreamTally()
        self._waiting = 0

    async def run(self, connector: Connector, stream: StreamSpec) -> StreamTally:
        """Sync the stream.

        Raises:
            Conflict: Another process is syncing it.
            SourceFailed: The source refused; what landed before stays.
            ContractBroken: A column that the mapping names is missing.
        """
        with lease(self.landing.operational, self.source, stream.name) as held:
            await asyncio.to_thread(self.landing.publish, held)
            record = self.landing.state(self.source, stream.name)
            record = dataclasses.replace(record, read_at=max(filter(None, (record.read_at, self.after)), default=None))
            if self.mapping is None and record.mapping is not None:
                self.mapping = StreamMapping.model_validate(record.mapping)
            try:
                async with aclosing(connector.read(stream, StreamState(record.place, record.cursor))) as batches:  # type: ignore[type-var]
                    async for batch in batches:
                        record = await asyncio.to_thread(self._take, held, record, batch)
                        self.on_batch(self.tally)
            finally:
                # What landed before the source broke off is worth having today.
                await asyncio.to_thread(self.landing.publish, held)
            if record.owes_customers:
                await asyncio.to_thread(add_customers, self.landing, held, record)
        return self.tally

    def _take(self, held: Lease, record: StreamRecord, batch: Batch) -> StreamRecord:
        """Land and publish one batch."""
        columns = list(map(str, batch.rows.columns))
        new = [name for name in columns if record.columns and name not in record.columns]
        if new:
            self.tally.new_columns += [f"{held.stream}.{name}" for name in new]
            self.tally.warnings.append(f"{held.stream}: new column {', '.join(new)}")
        formats = {name: notation.model_dump(mode="json", exclude_defaults=True) for name, notation in batch.formats.items()}
        record = dataclasses.replace(
            record, place=batch.position, cursor=batch.cursor or record.cursor, columns=(*record.columns, *new) or tuple(columns),
            formats=formats or record.formats, read_at=self.landing.next_reading(record.read_at),
        )  # fmt: skip
        rejected = [Quarantined(row_hash((held.source, held.stream, item)), item.reason, {"text": item.payload}) for item in batch.rejected]
        portions: list[Portion] = []
        if len(batch.rows) or batch.mode == "replace":
            if self.mapping is None:
                self.mapping = _guessed(batch, held.stream)
                record = dataclasses.replace(record, mapping=self.mapping.model_dump(mode="json", exclude_defaults=True))
            mapping = self.mapping
            outcome = self._sort(held, mapping, batch, record)
            rejected += outcome.bad
            self.tally.warnings += [text for text in outcome.warnings if text not in self.tally.warnings]
            portions = self._portions(held, mapping, batch, outcome, is_new=record.is_new)
            record = dataclasses.replace(record, is_new=False)
            landed = outcome.good.num_rows
            self.tally.rows += landed
            record = dataclasses.replace(record, owes_customers=record.owes_customers or (landed > 0 and names_customers(mapping)))
        self.landing.land(held, portions, record, quarantined=rejected)
        self._waiting += sum(portion.rows.num_rows for portion in portions if portion.rows is not None)
        if self._waiting >= PUBLISH_ROWS:
            self.landing.publish(held)
            self._waiting = 0
        self.tally.quarantined += len(rejected)
        self.tally.bytes += batch.bytes
        self.tally.cursor = record.cursor
        return record

    def _sort(self, held: Lease, mapping: StreamMapping, batch: Batch, record: StreamRecord) -> Sorted:
        now = record.read_at or self.landing.clock()
        return sort_rows(batch.rows, mapping, stream=held.stream, source=row_source(held), now=now, formats=batch.formats)

    def _portions(self, held: Lease, mapping: StreamMapping, batch: Batch, outcome: Sorted, *, is_new: bool) -> list[Portion]:
        portions = []
        # Rows without a key of their own would be there twice where the warehouse outlived the operational record.
        if batch.mode == "replace" or (is_new and _is_append_only(mapping, batch)):
            portions.append(Portion(mapping.table, "delete", where={"source": row_source(held)}))
        if outcome.good.num_rows:
            portions.append(Portion(mapping.table, "append" if _is_append_only(mapping, batch) else "upsert", outcome.good))
        return portions


def add_customers(landing: Landing, held: Lease, record: StreamRecord) -> None:
    """Look for the customers that a stream's orders name, and publish those that no source describes."""
    from cyberpunk_ai.data_fabric.landing.customers import customers_of_orders

    found = customers_of_orders(landing.warehouse, row_source(held))
    portions = [Portion("customers", "derive", found)] if found.num_rows else []
    landing.land(held, portions, dataclasses.replace(record, owes_customers=False))
    landing.publish(held)


def row_source(held: Lease) -> str:
    """Return the value of the column `source`: a changed stream is replaced by it, so it names the stream too."""
    return f"{held.source}:{held.stream}"


def _guessed(batch: Batch, stream: str) -> StreamMapping:
    from cyberpunk_ai.data_fabric.imports.guess import formats_of, guess_rows, sample

    rows = sample(batch.rows)
    plan = guess_rows(rows, formats_of(rows, batch.formats))
    if plan.confidence < SURE_ENOUGH or not plan.is_complete:
        lacks = f", and nothing fills {', '.join(plan.missing)}" if plan.missing else ""
        raise InvalidArgument(
            f"{stream}: looks like {plan.table} with only {plan.confidence:.0%} confidence{lacks}",
            hint=f"declare a mapping; columns: {', '.join(plan.columns)}", confidence=plan.confidence, missing=list(plan.missing),
        )  # fmt: skip
    return plan.stream_mapping


def _is_append_only(mapping: StreamMapping, batch: Batch) -> bool:
    """Rows named by their place in a file are new whenever they are read; all others may come again."""
    return batch.mode in ("append", "replace") and mapping.table == "orders" and with_defaults(mapping)["line_id"].rule == "row"


def names_customers(mapping: StreamMapping) -> bool:
    """Whether customers are to be looked for in what this mapping makes."""
    return mapping.table == "orders" and mapping.derive_customers and "customer_id" in mapping.columns
