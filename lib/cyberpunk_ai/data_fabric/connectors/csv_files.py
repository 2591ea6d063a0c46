"""Files as a source: CSV, TSV, Excel and Parquet, one file, a folder or a glob. Every file is a stream.

An unchanged file is skipped, one that grew is read from where it ended, one that changed replaces its rows. How a file is written is found
by `files/`; this module only decides where to go on.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from cyberpunk_ai.core.errors import NotFound, SourceFailed
from cyberpunk_ai.core.logs import get_logger
from cyberpunk_ai.data_fabric.connectors.base import CONNECTORS, Batch, Connector, ConnectorConfig, RejectedRow, StreamSpec, StreamState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from cyberpunk_ai.data_fabric.files.blocks import PrefixDigest
    from cyberpunk_ai.data_fabric.files.dialect import Dialect

WIDE = {"utf-16", "utf-32", "utf_16", "utf_32"}  # line ends cannot be found by byte in these
TEXT = {".csv", ".tsv", ".txt"}
EXCEL = {".xlsx", ".xlsm"}
PARQUET = {".parquet", ".pq"}
SUFFIXES = TEXT | EXCEL | PARQUET


_log = get_logger(__name__)


class CsvFilesConfig(ConnectorConfig):
    """Where the files are, and what cannot be found out from them."""

    path: str = Field(description="File, folder or glob; relative paths start in the home folder.")
    encoding: str | None = Field(None, description="Codec of text files; found out when empty.")
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="Mark between fields; found out when empty.")
    decimal: Literal[".", ","] | None = Field(None, description="Decimal mark; found out when empty.")
    day_first: bool | None = Field(None, description="Whether 03/04 is the third of April; found out when empty.")
    sheet: str | None = Field(None, description="Sheet of Excel files; the first when empty.")
    block_bytes: int = Field(8 * 1024 * 1024, ge=1024, description="Bytes of a text file read at once.")
    block_rows: int = Field(50_000, ge=1, description="Rows of an Excel or Parquet file read at once.")


@CONNECTORS.register("csv_files", summary="CSV, TSV, Excel and Parquet files, folders and globs")
class CsvFiles(Connector):
    """CSV, TSV, Excel and Parquet files, folders and globs."""

    name = "csv_files"
    Config = CsvFilesConfig
    config: CsvFilesConfig

    def files(self) -> dict[str, Path]:
        """Return the files by stream name: the path within the folder, or the file's own name."""
        place = Path(self.config.path).expanduser()
        place = place if place.is_absolute() else self.home / place
        if place.is_dir():
            found = sorted(file for file in place.rglob("*") if file.is_file() and _lies_within(file, place))
            named = {file.relative_to(place).as_posix(): file for file in found}
        elif place.is_file():
            return {place.name: place}
        elif any(sign in str(place) for sign in "*?["):
            root = Path(*_before_glob(place.parts))
            found = sorted(root.glob(str(Path(*place.parts[len(root.parts) :]))))
            named = {file.relative_to(root).as_posix(): file for file in found if file.is_file() and _lies_within(file, root)}
        else:
            raise SourceFailed(f"{place} does not exist", hint="give a file, a folder or a glob", path=str(place))
        return {
            name: file for name, file in named.items()
            if file.suffix.lower() in SUFFIXES and not any(part.startswith((".", "~$")) for part in Path(name).parts)
        }  # fmt: skip

    def check(self) -> None:
        """Find out whether there is anything to read."""
        for path in self.files().values():
            with path.open("rb") as file:
                file.read(1)

    def discover(self) -> list[StreamSpec]:
        """List the files; their columns are found when they are read."""
        return [StreamSpec(name) for name in self.files()]

    async def read(self, stream: StreamSpec, state: StreamState) -> AsyncIterator[Batch]:
        """Read what is new in a file."""
        path = self.files().get(stream.name)
        if path is None:
            raise NotFound(f"no file is called {stream.name!r}", hint="it was moved or deleted since the source was listed")
        batches = self._text(path, state) if path.suffix.lower() in TEXT else self._typed(path, state)
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            yield batch

    def _text(self, path: Path, state: StreamState) -> Iterator[Batch]:
        from cyberpunk_ai.data_fabric.files.blocks import PrefixDigest, read_blocks

        position, stamp, prefix = dict(state.position), _stamp(path), PrefixDigest(path)
        if position.get("done") and position.get("stamp") == stamp:
            return
        offset, row = int(position.get("offset", 0)), int(position.get("rows", 0))
        if position and _only_grew(path, position, stamp[0], prefix):
            dialect, mode = _dialect(position["dialect"]), "append"
            if stamp[0] == offset:
                yield _empty(dialect, {**position, "stamp": stamp, "done": True}, "append")
                return
        else:
            dialect, prefix = self.dialect(path), PrefixDigest(path)
            offset, row, mode = dialect.header_end, 0, "replace" if position else "append"
        described = dialect.model_dump(mode="json")
        place: dict[str, Any] = {"stamp": stamp, "offset": offset, "rows": row, "dialect": described, "open_end": False, "done": True}
        before = offset
        for block in read_blocks(path, dialect, offset=offset, last_row=row, block_bytes=self.config.block_bytes):
            done = block.offset >= stamp[0]
            place = place | {
                "offset": block.offset, "rows": block.last_row, "digest": prefix.advance(block.offset), "done": done,
                "open_end": done and not _ends_with_line_end(path, block.offset),
            }  # fmt: skip
            rejected = tuple(RejectedRow(f"row {item.row}: {item.reason}", item.text) for item in block.rejected)
            size, before = block.offset - before, block.offset
            yield Batch(rows=block.rows, position=place, mode=mode, rejected=rejected, formats=dialect.formats, bytes=size)  # type: ignore[arg-type]
            mode = "append"
        if before == offset:
            yield _empty(dialect, {**place, "digest": prefix.advance(offset)}, mode)

    def _typed(self, path: Path, state: StreamState) -> Iterator[Batch]:
        from cyberpunk_ai.data_fabric.files.blocks import PrefixDigest
        from cyberpunk_ai.data_fabric.files.columnar import read_parquet
        from cyberpunk_ai.data_fabric.files.sheets import read_excel

        position = dict(state.position)
        stamp = _stamp(path)
        if position.get("done") and position.get("stamp") == stamp:
            return
        whole = PrefixDigest(path).advance(stamp[0])
        same = position.get("digest") == whole
        row, mode = (int(position["rows"]), "append") if same else (0, "replace" if position else "append")
        if same and position.get("done"):
            return
        excel = path.suffix.lower() in EXCEL
        rows_now = self.config.block_rows
        blocks = (
            read_excel(path, sheet=self.config.sheet, skip=row, block_rows=rows_now, limits=self.limits)
            if excel
            else read_parquet(path, skip=row, block_rows=rows_now, limits=self.limits)
        )
        ahead = next(blocks, None)
        while ahead is not None:
            rows, ahead = ahead, next(blocks, None)
            row += len(rows)
            place = {"stamp": stamp, "digest": whole, "rows": row, "done": ahead is None}
            yield Batch(rows=rows, position=place, mode=mode, bytes=stamp[0] if ahead is None else 0)  # type: ignore[arg-type]
            mode = "append"

    def dialect(self, path: Path) -> Dialect:
        """Return how a text file is written."""
        from cyberpunk_ai.data_fabric.files.dialect import detect_dialect

        settings = self.config
        mark = settings.delimiter or ("\t" if path.suffix.lower() == ".tsv" else None)
        return detect_dialect(path, encoding=settings.encoding, delimiter=mark, decimal=settings.decimal, day_first=settings.day_first)


def _before_glob(parts: tuple[str, ...]) -> list[str]:
    fixed = []
    for part in parts:
        if any(sign in part for sign in "*?["):
            break
        fixed.append(part)
    return fixed


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _dialect(values: dict[str, Any]) -> Dialect:
    from cyberpunk_ai.data_fabric.files.dialect import Dialect

    return Dialect.model_validate(values)


def _only_grew(path: Path, position: dict[str, Any], size: int, prefix: PrefixDigest) -> bool:
    """Whether everything read so far still stands at the start of the file, and the last row was not lengthened."""
    offset = int(position["offset"])
    if size < offset or prefix.advance(offset) != position["digest"]:
        return False
    if size == offset:
        return True
    return position["dialect"]["encoding"] not in WIDE and not (position["open_end"] and not _starts_with_line_end(path, offset))


def _empty(dialect: Dialect, position: dict[str, Any], mode: str) -> Batch:
    """Carry a position without rows: the file was touched but holds nothing new, or nothing at all."""
    import pandas as pd

    return Batch(rows=pd.DataFrame(columns=list(dialect.columns)), position=position, mode=mode, formats=dialect.formats)  # type: ignore[arg-type]


def _starts_with_line_end(path: Path, offset: int) -> bool:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(1) in (b"\n", b"\r")


def _ends_with_line_end(path: Path, offset: int) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, offset - 1))
        return file.read(1) == b"\n"


def _lies_within(file: Path, folder: Path) -> bool:
    """Whether a file is in the folder itself: a link to another place would bring in what the folder does not hold."""
    if file.resolve().is_relative_to(folder.resolve()):
        return True
    _log.warning("link to a file outside of the folder is left out", file=str(file))
    return False
