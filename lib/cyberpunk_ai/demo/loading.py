"""Brings a demo company into the stores it is handed: the smaller ones as files through the real sync, the larger ones in bulk.

It opens no store and knows no settings; the workspace passes both in. What a sync or a warehouse does is not known here either.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import pandas as pd

from cyberpunk_ai.core.errors import Conflict, SourceFailed
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.data_fabric.tables import TABLES
from cyberpunk_ai.demo.company import DemoCompany
from cyberpunk_ai.demo.vocabulary import SOURCES

# Sizes that arrive as files, like the data of a user; the larger ones would take too long that way.
AS_FILES = ("tiny", "small")

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    Progress = Callable[..., None]


class Connector(Protocol):
    """What is needed of `UnifiedDataConnector`."""

    def sources(self) -> pd.DataFrame: ...  # noqa: D102 - described there
    def add_source(self, name: str, connector: str, config: Mapping[str, Any], mapping: Mapping[str, Any] | None = None) -> None: ...  # noqa: D102
    def remove_source(self, name: str, *, rows: bool = False) -> None: ...  # noqa: D102
    async def sync_all_sources(self, names: Sequence[str] | None = None, *, on_progress: Any = None) -> Any: ...  # noqa: D102


class Warehouse(Protocol):
    """What is needed of a warehouse."""

    def append(self, table: str, rows: pd.DataFrame) -> int: ...  # noqa: D102 - described there
    def delete(self, table: str, *, where: Mapping[str, str]) -> int: ...  # noqa: D102
    def row_count(self, table: str) -> int: ...  # noqa: D102


@dataclass(frozen=True)
class DemoLoad(Result):
    """What was loaded.

    Attributes:
        size: Size of the company.
        seed: Its seed.
        end: Its last day.
        tables: Columns table, rows.
        rows: Rows in all.
        quarantined: Rows that the sync set aside; companies that arrive as files have some broken rows on purpose.
        seconds: How long it took.
    """

    chart_name: ClassVar[str] = ""
    size: str
    seed: int
    end: date
    tables: pd.DataFrame
    rows: int
    quarantined: int
    seconds: float

    def to_frame(self) -> pd.DataFrame:
        """Return the rows per table."""
        return self.tables


def load_demo(
    size: str,
    *,
    seed: int,
    end: date,
    home: Path,
    connector: Connector,
    warehouse: Warehouse,
    on_progress: Progress | None = None,
) -> DemoLoad:
    """Load a demo company in the place of the one that was loaded before, if any.

    Args:
        size: `tiny`, `small`, `medium` or `large`.
        seed: Seed of the company.
        end: First day without rows: today.
        home: Home folder; the raw files of the smaller companies go to `sources/demo` in it.
        connector: Registers and syncs the sources of the small company.
        warehouse: Takes the larger ones.
        on_progress: Called with a label, the rows done and the rows in all, where they are known.

    Raises:
        InvalidArgument: No such size.
        Conflict: A source of yours has the name of one of the demo's.
        SourceFailed: A source could not be synced.
    """
    started = time.perf_counter()
    company = DemoCompany(size, seed, end - timedelta(days=1))  # type: ignore[arg-type]
    folder = home / "sources" / "demo"
    _make_room(connector, warehouse, folder)
    if size in AS_FILES:
        rows, quarantined = sync_company(company, folder, connector, on_progress)
    else:
        rows, quarantined = append_company(company, warehouse, on_progress), 0
    tables = pd.DataFrame({"table": list(rows), "rows": list(rows.values())})
    return DemoLoad(size, seed, company.end, tables, sum(rows.values()), quarantined, time.perf_counter() - started)


def _make_room(connector: Connector, warehouse: Warehouse, folder: Path) -> None:
    """Take out what an earlier demo, or its live events, brought in; sources of the user are never touched."""
    taken = sorted(set(connector.sources()["name"]) & set(SOURCES))
    if taken and not folder.is_dir():
        raise Conflict(
            f"you have sources called {', '.join(taken)}; the demo's have the same names", hint="load the demo into another home"
        )
    for name in taken:
        connector.remove_source(name, rows=True)
    for table in TABLES:
        # Rows of a sync carry `source:stream`; those of bulk and live ones carry the source alone.
        for name in SOURCES:
            if warehouse.row_count(table):
                warehouse.delete(table, where={"source": name})


def sync_company(
    company: DemoCompany, folder: Path, connector: Connector, on_progress: Progress | None = None
) -> tuple[dict[str, int], int]:
    """Write the raw sources of a company into a folder, register and sync them; return the rows per table and those set aside.

    Raises:
        SourceFailed: A source could not be synced.
    """
    definitions = company.write_sources(folder)
    for definition in definitions:
        connector.add_source(definition.name, definition.connector, definition.config, definition.mapping)

    def told(step: Mapping[str, Any]) -> None:
        if on_progress is not None and step["stream"] is not None:
            on_progress(f"{step['source']}: {step['stream']}", step["rows"], None)

    # A thread of its own, because a notebook already runs an event loop in this one.
    with ThreadPoolExecutor(1) as pool:
        names = [definition.name for definition in definitions]
        report = pool.submit(lambda: asyncio.run(connector.sync_all_sources(names, on_progress=told))).result()
    failed = {source.name: source.error for source in report.sources if source.status != "ok"}
    if failed:
        name, error = next(iter(failed.items()))
        raise SourceFailed(
            f"{name}: {(error or {}).get('message', 'not synced')}", hint=(error or {}).get("hint", ""), failed=sorted(failed)
        )
    landed = {source.name: source.streams or {} for source in report.sources}
    rows = dict.fromkeys(TABLES, 0)
    for definition in definitions:
        for stream, mapping in definition.mapping.items():
            rows[str(mapping["table"])] += landed[definition.name].get(stream, 0)
    return rows, int(report.quarantined)


def append_company(company: DemoCompany, warehouse: Warehouse, on_progress: Progress | None = None) -> dict[str, int]:
    """Append every table of a company to a warehouse that has none of its rows, chunk by chunk; return the rows per table."""
    rows = dict.fromkeys(TABLES, 0)
    for table, chunk in company.iter_tables():
        rows[table] += warehouse.append(table, chunk)
        if on_progress is not None:
            on_progress(table, rows[table], None)
    return rows
