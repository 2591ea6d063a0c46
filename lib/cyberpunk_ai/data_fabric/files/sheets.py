"""Rows of Excel files in blocks, counted while they are streamed. Cells know their types, so nothing about notation is guessed here."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import SourceFailed
from cyberpunk_ai.data_fabric.files.packages import check_package, reading
from cyberpunk_ai.data_fabric.limits import DEFAULT, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

BLOCK_ROWS = 50_000
BLOCK_CELLS = 2_000_000
"""Of a wide sheet, fewer rows make a block."""


def read_excel(
    path: Path, *, sheet: str | None = None, skip: int = 0, block_rows: int = BLOCK_ROWS, limits: Limits = DEFAULT
) -> Iterator[pd.DataFrame]:
    """Read a sheet of an Excel file in blocks; the index is the row number from 1, blank rows not counted.

    Args:
        path: The file.
        sheet: Name of the sheet; the first one by default.
        skip: Rows that were read before.
        block_rows: Rows a block, at most.
        limits: Cells and unpacked size.

    Raises:
        SourceFailed: No such sheet, no header row, beyond a limit, damaged, or with XML entities.
    """
    import openpyxl
    import pandas as pd

    check_package(path, limits)
    # A file of our own: openpyxl leaves the one that it opens itself open when it fails.
    with path.open("rb") as file:
        with reading(path):
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        if sheet is not None and sheet not in book.sheetnames:
            raise SourceFailed(f"{path.name} has no sheet {sheet!r}", hint=f"sheets: {', '.join(book.sheetnames)}")
        if not book.worksheets:
            raise SourceFailed(f"{path.name} has no sheet with cells", hint="save it again as .xlsx", path=str(path))
        with reading(path):
            page = book[sheet] if sheet is not None else book.worksheets[0]
            # The size that a sheet declares is often wrong; rows are taken as they are, and counted.
            page.reset_dimensions()
        lines = (line for line in _counted(page, path, limits) if any(cell is not None and str(cell).strip() for cell in line))
        head = list(itertools.islice(lines, 20))
        if not head:
            raise SourceFailed(f"{path.name} is empty", hint="a header row with column names is needed", path=str(path))
        # Titles above a table fill fewer cells than its header does.
        width = max(sum(cell is not None for cell in line) for line in head)
        first = next(position for position, line in enumerate(head) if sum(cell is not None for cell in line) >= max(1, int(0.8 * width)))
        names = [str(cell).strip() if cell is not None else f"column_{position}" for position, cell in enumerate(head[first], start=1)]
        body = itertools.chain(head[first + 1 :], lines)
        number = 0
        rows_now = max(1, min(block_rows, BLOCK_CELLS // len(names)))
        while block := [line[: len(names)] for line in itertools.islice(body, rows_now)]:
            rows = pd.DataFrame([list(line) + [None] * (len(names) - len(line)) for line in block], columns=names, dtype=object)
            rows.index = pd.RangeIndex(number + 1, number + 1 + len(rows), name="row")
            number += len(rows)
            if number > skip:
                yield rows.loc[max(skip + 1, rows.index[0]) :]


def _counted(page: ReadOnlyWorksheet, path: Path, limits: Limits) -> Iterator[tuple[object, ...]]:
    cells, lines = 0, page.iter_rows(values_only=True)
    while True:
        with reading(path):
            line = next(lines, None)
        if line is None:
            return
        cells += max(1, len(line))
        if cells > limits.max_sheet_cells:
            raise limits.exceeded(
                "max_sheet_cells",
                f"{path.name}: sheet {page.title[:40]!r} has more than {limits.max_sheet_cells:,} cells, empty ones included",
                advice="delete what stands far from the table",
            )
        yield line
