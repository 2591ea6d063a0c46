"""Rows of Excel and Parquet files in blocks. Both know their types, so nothing about notation is guessed here."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import SourceFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

BLOCK_ROWS = 50_000


def read_parquet(path: Path, *, skip: int = 0, block_rows: int = BLOCK_ROWS) -> Iterator[pd.DataFrame]:
    """Read a Parquet file in blocks; the index is the row number from 1.

    Args:
        path: The file.
        skip: Rows that were read before.
        block_rows: Rows a block.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    seen = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=block_rows):
            if seen + batch.num_rows > skip:
                rows = pa.Table.from_batches([batch]).to_pandas(ignore_metadata=True, types_mapper=_nullable().get)
                rows.index = pd.RangeIndex(seen + 1, seen + 1 + len(rows), name="row")
                yield rows.loc[skip + 1 :] if seen < skip else rows
            seen += batch.num_rows


def read_excel(path: Path, *, sheet: str | None = None, skip: int = 0, block_rows: int = BLOCK_ROWS) -> Iterator[pd.DataFrame]:
    """Read a sheet of an Excel file in blocks; the index is the row number from 1, blank rows not counted.

    Args:
        path: The file.
        sheet: Name of the sheet; the first one by default.
        skip: Rows that were read before.
        block_rows: Rows a block.

    Raises:
        SourceFailed: No such sheet, or no header row.
    """
    import openpyxl
    import pandas as pd

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise SourceFailed(f"{path.name} has no sheet {sheet!r}", hint=f"sheets: {', '.join(book.sheetnames)}")
        page = book[sheet] if sheet is not None else book.worksheets[0]
        lines = (line for line in page.iter_rows(values_only=True) if any(cell is not None and str(cell).strip() for cell in line))
        head = list(itertools.islice(lines, 20))
        if not head:
            raise SourceFailed(f"{path.name} is empty", hint="a header row with column names is needed", path=str(path))
        # Titles above a table fill fewer cells than its header does.
        width = max(sum(cell is not None for cell in line) for line in head)
        first = next(position for position, line in enumerate(head) if sum(cell is not None for cell in line) >= max(1, int(0.8 * width)))
        names = [str(cell).strip() if cell is not None else f"column_{position}" for position, cell in enumerate(head[first], start=1)]
        body = itertools.chain(head[first + 1 :], lines)
        number = 0
        while block := list(itertools.islice(body, block_rows)):
            rows = pd.DataFrame(
                [list(line[: len(names)]) + [None] * (len(names) - len(line)) for line in block], columns=names, dtype=object
            )
            rows.index = pd.RangeIndex(number + 1, number + 1 + len(rows), name="row")
            number += len(rows)
            if number > skip:
                yield rows.loc[max(skip + 1, rows.index[0]) :]
    finally:
        book.close()


def _nullable() -> dict[object, object]:
    """Arrow types whose plain numpy form would turn 17850 into 17850.0 as soon as one value is missing."""
    import pandas as pd
    import pyarrow as pa

    return {
        pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.int16(): pd.Int16Dtype(), pa.int8(): pd.Int8Dtype(),
        pa.uint64(): pd.UInt64Dtype(), pa.uint32(): pd.UInt32Dtype(), pa.uint16(): pd.UInt16Dtype(), pa.uint8(): pd.UInt8Dtype(),
        pa.bool_(): pd.BooleanDtype(), pa.string(): pd.StringDtype("pyarrow"), pa.large_string(): pd.StringDtype("pyarrow"),
    }  # fmt: skip
