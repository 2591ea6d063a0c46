"""What a sync tells when it is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - a field of a public dataclass, kept resolvable
from typing import TYPE_CHECKING, Any, Literal

from cyberpunk_ai.core.results import Result

if TYPE_CHECKING:
    import pandas as pd

Status = Literal["ok", "failed", "locked"]


@dataclass(frozen=True)
class SourceReport:
    """One source's part of a sync.

    Attributes:
        name: Name of the source.
        connector: Its connector.
        status: `ok`, `failed`, or `locked` where another process is syncing it.
        rows: Rows that landed.
        bytes: Bytes read at the source.
        seconds: Duration.
        quarantined: Rows set aside; rows read are `rows + quarantined`.
        cursor: Cursor behind the last batch, of the last stream that has one.
        error: `code`, `message` and `hint`, when it failed.
        warnings: Drift and the like.
        new_columns: Columns that the source did not have before, as `stream.column`.
        streams: Rows that landed per stream.
    """

    name: str
    connector: str
    status: Status
    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0
    quarantined: int = 0
    cursor: str | None = None
    error: dict[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    new_columns: tuple[str, ...] = ()
    streams: dict[str, int] | None = None


@dataclass(frozen=True)
class SyncReport(Result):
    """What `sync_all_sources` did."""

    sources: tuple[SourceReport, ...]
    started_at: datetime
    finished_at: datetime

    @property
    def ok(self) -> bool:
        """Whether no source failed."""
        return all(source.status != "failed" for source in self.sources)

    @property
    def rows(self) -> int:
        """Rows that landed, over all sources."""
        return sum(source.rows for source in self.sources)

    @property
    def quarantined(self) -> int:
        """Rows set aside, over all sources."""
        return sum(source.quarantined for source in self.sources)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per source."""
        import pandas as pd

        names = ["name", "connector", "status", "rows", "bytes", "seconds", "quarantined", "cursor", "error", "warnings"]
        rows = [
            {name: getattr(source, name) for name in names}
            | {"error": (source.error or {}).get("message"), "warnings": "; ".join(source.warnings)}
            for source in self.sources
        ]
        return pd.DataFrame(rows, columns=names)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values, with `ok` and the sums."""
        return super().to_dict() | {"ok": self.ok, "rows": self.rows, "quarantined": self.quarantined}


@dataclass(frozen=True)
class SourceList(Result):
    """The registered sources.

    Attributes:
        sources: Columns name, connector, enabled, created_at, and of the last sync status, rows, quarantined, seconds, finished_at, error.
        unreadable: Source files that could not be taken, with the reason.
    """

    sources: pd.DataFrame
    unreadable: dict[str, str]

    def to_frame(self) -> pd.DataFrame:
        """Return the sources."""
        return self.sources


@dataclass(frozen=True)
class SyncHistory(Result):
    """Past syncs, newest first.

    Attributes:
        runs: Columns run_id, source, started_at, finished_at, status, rows, bytes, quarantined, seconds, error.
    """

    runs: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the runs."""
        return self.runs


@dataclass(frozen=True)
class Quarantine(Result):
    """Rows that were set aside, newest first.

    Attributes:
        rows: Columns id, source, stream, reason, payload, first_seen, replayed_at.
        total: How many there are in all.
    """

    rows: pd.DataFrame
    total: int

    def to_frame(self) -> pd.DataFrame:
        """Return the rows."""
        return self.rows


@dataclass(frozen=True)
class ReplayReport(Result):
    """What became of rows in quarantine that were tried again.

    Attributes:
        streams: Columns source, stream, tried, landed, left, and reason: why rows are left, the most frequent one.
        landed: Rows that now fit and landed.
        left: Rows that stay in quarantine.
    """

    streams: pd.DataFrame
    landed: int
    left: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per stream."""
        return self.streams
