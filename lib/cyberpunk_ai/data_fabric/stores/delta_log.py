"""One Delta table as its readers see it: the newest snapshot, kept up to date cheaply. Nothing is written here."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.errors import StoreFailed

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Snapshot:
    """The state of a table after a commit.

    Attributes:
        version: 0 before the first commit, then growing by one with each.
        files: Absolute paths of its Parquet files.
        rows: Number of rows, from the log's statistics.
        full: Columns in which no value is missing, from the same.
    """

    version: int
    files: tuple[str, ...]
    rows: int
    full: frozenset[str] = frozenset()


EMPTY = Snapshot(0, (), 0)


class DeltaLog:
    """Follows the commits of one table; thread-safe. Asking again costs some microseconds while nothing has changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._table: Any = None
        self._snapshot = EMPTY
        self._seen: tuple[int, int] | None = None

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot.

        Raises:
            StoreFailed: The log cannot be read.
        """
        from deltalake.exceptions import DeltaError

        with self._lock:
            seen = self._log_folder()
            if self._table is not None and self._is_newest(seen):
                return self._snapshot
            try:
                self._table = refreshed(self.folder, self._table)
            except (DeltaError, OSError) as error:
                raise StoreFailed(
                    f"the table in {self.folder} cannot be read: {error}", hint="`cyberpunk doctor` checks the stores"
                ) from error
            if self._table is None:
                self._snapshot = EMPTY
            elif self._table.version() + 1 != self._snapshot.version:
                files = tuple(sorted(f"{self.folder}/{uri.rpartition('/')[2]}" for uri in self._table.file_uris()))
                self._snapshot = Snapshot(self._table.version() + 1, files, *_statistics(self._table))
            self._seen = seen
            return self._snapshot

    def _is_newest(self, seen: tuple[int, int] | None) -> bool:
        """Whether nothing was committed since the last look, which the library would take milliseconds to tell.

        Commits are files numbered one after another, so the next one's name is known. The time of the folder is looked at as well, for a
        log that was cleaned up meanwhile; it alone would miss a commit within the clock's tick.
        """
        following = self.folder / "_delta_log" / f"{self._snapshot.version:020}.json"  # ours count from one
        return seen is not None and seen == self._seen and not following.exists()

    def _log_folder(self) -> tuple[int, int] | None:
        try:
            found = (self.folder / "_delta_log").stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


def refreshed(folder: Path, table: Any) -> Any:
    """Return the table at its newest version, loading it where needed, or None when it does not exist yet."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError, TableNotFoundError

    if table is not None:
        try:
            table.update_incremental()
        except DeltaError:  # its log was cleaned up or made anew meanwhile
            table = None
        else:
            return table
    try:
        return DeltaTable(str(folder))
    except TableNotFoundError:
        return None


def _statistics(table: Any) -> tuple[int, frozenset[str]]:
    """Return the rows of a table and its columns without a missing value, from the log alone."""
    import pyarrow as pa

    actions = pa.table(table.get_add_actions(flatten=True))
    nulls = {name.removeprefix("null_count."): actions[name].to_pylist() for name in actions.column_names if name.startswith("null_count.")}
    return sum(actions["num_records"].to_pylist()), frozenset(name for name, counts in nulls.items() if all(count == 0 for count in counts))
