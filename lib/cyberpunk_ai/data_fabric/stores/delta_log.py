"""One Delta table as its readers see it: the newest snapshot, kept up to date cheaply. Nothing is written here."""

from __future__ import annotations

import os
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
        sizes: Bytes of each of the files, in their order.
    """

    version: int
    files: tuple[str, ...]
    rows: int
    full: frozenset[str] = frozenset()
    sizes: tuple[int, ...] = ()


EMPTY = Snapshot(0, (), 0)


class DeltaLog:
    """Follows the commits of one table; thread-safe. Asking again costs some microseconds while nothing has changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._table: Any = None
        self._snapshot = EMPTY
        self._seen: tuple[int, int] | None = None
        self._verified: tuple[int, int] | None = None

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
                self._snapshot = _described(self._table, self.folder)
            self._seen = seen
            return self._snapshot

    def verified(self, *, is_doubted: bool = False) -> Snapshot:
        """Return the newest snapshot after a look at its files: a reader would leave out one that is gone and answer a smaller number.

        Files are looked at again when something was added to the folder or taken from it.

        Args:
            is_doubted: Look at the files in any case.

        Raises:
            StoreFailed: The log cannot be read, a commit is lost, or a file is missing or cut.
        """
        noted = self._noted()  # before the snapshot, which then holds every commit that had been noted
        found = self.snapshot()
        try:
            stamp = (found.version, self.folder.stat().st_mtime_ns)
        except FileNotFoundError:
            stamp = (found.version, 0)
        if is_doubted or stamp != self._verified:
            self._verified = None
            self._verify(found, noted)
            self._verified = stamp
        return found

    def note_version(self, version: int) -> None:
        """Keep the number of commits beside the table, so that a lost one is noticed; a writer calls it, alone, after its commit."""
        place = self._version_file()
        fresh = place.with_suffix(".new")
        fresh.write_text(str(version))
        fresh.replace(place)

    def _version_file(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.version")

    def _noted(self) -> int:
        try:
            return int(self._version_file().read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def check_commits(self) -> None:
        """Refuse to go on behind a lost commit: the next one would take its number, and nobody could tell any more.

        Raises:
            StoreFailed: A commit is lost, or the log cannot be read.
        """
        noted = self._noted()
        self._verify_commits(self.snapshot(), noted)

    @property
    def _hint(self) -> str:
        return f"restore it from a backup, or run `cyberpunk repair {self.folder.name}`, which reads the sources of this table again"

    def _verify_commits(self, found: Snapshot, noted: int) -> None:
        if noted > found.version:
            said = f"{self.folder.name}: {noted - found.version} of {noted} commits are lost, so numbers would be wrong"
            raise StoreFailed(said, hint=self._hint, table=self.folder.name)

    def _verify(self, found: Snapshot, noted: int) -> None:
        name = self.folder.name
        self._verify_commits(found, noted)
        broken = [file for file, size in zip(found.files, found.sizes, strict=True) if _size(file) != size]
        if broken:
            raise StoreFailed(
                f"{name}: {len(broken)} of {len(found.files)} data files are missing or damaged, so numbers would be too small: "
                f"{broken[0].rpartition('/')[2]}",
                hint=self._hint,
                table=name,
            )

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


def _size(file: str) -> int:
    try:
        return os.stat(file).st_size
    except OSError:
        return -1


def _described(table: Any, folder: Path) -> Snapshot:
    """Return what the log alone says of a table's newest version."""
    import pyarrow as pa

    actions = pa.table(table.get_add_actions(flatten=True))
    names = [str(path).rpartition("/")[2] for path in actions["path"].to_pylist()]
    files = sorted(zip((f"{folder}/{name}" for name in names), actions["size_bytes"].to_pylist(), strict=True))
    nulls = {name.removeprefix("null_count."): actions[name].to_pylist() for name in actions.column_names if name.startswith("null_count.")}
    full = frozenset(name for name, counts in nulls.items() if all(count == 0 for count in counts))
    rows = sum(actions["num_records"].to_pylist())
    return Snapshot(table.version() + 1, tuple(file for file, _ in files), rows, full, tuple(int(size) for _, size in files))
