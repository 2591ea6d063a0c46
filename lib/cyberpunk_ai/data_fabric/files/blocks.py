"""Rows of a text file in blocks, each with the exact byte offset behind it, so that a reader can go on where it stopped.

A block ends at a line end outside quotes. Rows with too few or too many fields are handed over with their text; nothing is dropped.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import SourceFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

    from cyberpunk_ai.data_fabric.files.dialect import Dialect

BLOCK_BYTES = 8 * 1024 * 1024
WIDE = {"utf-16", "utf-32", "utf_16", "utf_32"}


@dataclass(frozen=True)
class Rejected:
    """A row that could not be split into fields.

    Attributes:
        row: Row number in the file, from 1, the header not counted.
        reason: What is wrong.
        text: The row as it stands.
    """

    row: int
    reason: str
    text: str


@dataclass(frozen=True)
class Block:
    """Rows of a block, as text, with what is needed to go on behind it.

    Attributes:
        rows: Columns of the dialect as text, empty text for nothing; the index is the row number from 1.
        rejected: Rows that could not be split.
        offset: Byte offset behind the block.
        last_row: Number of the last row read so far.
    """

    rows: pd.DataFrame
    rejected: tuple[Rejected, ...]
    offset: int
    last_row: int


class PrefixDigest:
    """Running hash of the first bytes of a file, by which a changed file is told from one that only grew.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state = blake2b(digest_size=16)
        self._length = 0

    def advance(self, length: int) -> str:
        """Return the hash of the first `length` bytes; only what was not hashed before is read."""
        with self.path.open("rb") as file:
            file.seek(self._length)
            while self._length < length and (piece := file.read(min(length - self._length, 1 << 20))):
                self._state.update(piece)
                self._length += len(piece)
        return self._state.hexdigest()


def read_blocks(path: Path, dialect: Dialect, *, offset: int = 0, last_row: int = 0, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Read the rows of a text file from a byte offset on.

    Args:
        path: The file.
        dialect: How it is written.
        offset: Where to start, behind the header or an earlier block.
        last_row: Number of the last row before the offset.
        block_bytes: Aim for this many bytes a block.
    """
    if dialect.encoding in WIDE:
        # Line ends cannot be found by byte here; such exports are small, so the file is one block.
        if offset == 0:
            yield _parse(_without_header(path.read_bytes().decode(dialect.encoding)), dialect, path.stat().st_size, 0)
        return
    start = offset
    with path.open("rb") as file:
        file.seek(start)
        carried = b""
        while True:
            piece = file.read(block_bytes)
            body = carried + piece
            if not body:
                return
            # Half a line behind the last line end is a row of its own only where the file ends.
            cut = len(body) if len(piece) < block_bytes else _cut(body)
            if cut == 0 and len(body) < 8 * block_bytes:
                carried = body
                continue
            cut = cut or body.rfind(b"\n") + 1 or len(body)
            carried = body[cut:]
            start += cut
            block = _parse(_to_text(body[:cut], dialect.encoding), dialect, start, last_row)
            last_row = block.last_row
            yield block


def _cut(body: bytes) -> int:
    """Return the length up to the last line end outside quotes, 0 when there is none."""
    end = len(body)
    quotes = body.count(b'"')
    for _ in range(1000):
        position = body.rfind(b"\n", 0, end)
        if position < 0:
            return 0
        quotes -= body.count(b'"', position, end)
        if quotes % 2 == 0:
            return position + 1
        end = position
    return 0


def _to_text(body: bytes, encoding: str) -> bytes:
    """Return the block as UTF-8; a byte that the codec does not know becomes a replacement sign instead of the end of the sync."""
    if encoding in {"utf-8", "utf-8-sig", "ascii"}:
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            return body.decode("utf-8", errors="replace").encode()
        return body
    return body.decode(encoding, errors="replace").encode()


def _without_header(text: str) -> bytes:
    import csv

    reader = io.StringIO(text.lstrip("\ufeff"), newline="")
    next(csv.reader(iter(reader.readline, "")), None)
    return reader.read().encode()


def _parse(body: bytes, dialect: Dialect, offset: int, last_row: int) -> Block:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from pyarrow import csv

    width = len(dialect.columns)
    rejected: list[Rejected] = []

    def keep(row: csv.InvalidRow) -> str:
        reason = f"row has {row.actual_columns} fields, the header {row.expected_columns}"
        rejected.append(Rejected(last_row + row.number, reason, row.text))
        return "skip"

    # pyarrow counts blank lines in row numbers only where they come before the row; without them numbers are the same in every read.
    if b"\n\n" in body or b"\n\r\n" in body or body[:1] in (b"\n", b"\r"):
        body = b"".join(line for line in body.splitlines(keepends=True) if line.strip()) if b'"' not in body else body
    if not body.strip():
        return Block(pd.DataFrame(columns=list(dialect.columns), dtype="string"), (), offset, last_row)
    try:
        table = csv.read_csv(
            io.BytesIO(body),
            read_options=csv.ReadOptions(column_names=list(dialect.columns), use_threads=False, block_size=max(len(body) + 1, 1 << 16)),
            parse_options=csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=b'"' in body, invalid_row_handler=keep),
            convert_options=csv.ConvertOptions(column_types=dict.fromkeys(dialect.columns, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid as error:
        raise SourceFailed(
            f"rows {last_row + 1} and following cannot be read: {error}", hint="check the quotes around the fields"
        ) from error
    count = table.num_rows + len(rejected)
    numbers = np.arange(last_row + 1, last_row + count + 1)
    if rejected:
        numbers = numbers[~np.isin(numbers, [item.row for item in rejected])]
    rows = table.to_pandas(types_mapper={pa.string(): pd.StringDtype("pyarrow")}.get)
    rows.index = pd.Index(numbers[: len(rows)], name="row")
    assert width == rows.shape[1]  # noqa: S101 - column_names fixes the width
    return Block(rows, tuple(rejected), offset, last_row + count)
