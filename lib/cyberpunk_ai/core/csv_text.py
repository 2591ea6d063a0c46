"""Frames as CSV for people: what a spreadsheet would run as a formula is written as text.

Source: OWASP, CSV injection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberpunk_ai.core.storage_errors import writing

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

# A value that begins like this is run by spreadsheets; numbers that stand in text, such as -12.5 or +1, are none.
_FORMULA = r"^(?:[=@\t\r]|[+-](?!\d*[.,]?\d*$))"


def write_csv(frame: pd.DataFrame, file: Path | None = None) -> str:
    """Write a frame as CSV, without its index.

    Args:
        frame: The rows; texts that begin like a formula get an apostrophe in front, which spreadsheets do not show.
        file: Where to; nowhere when None.

    Returns:
        The text; '' where it went into a file.

    Raises:
        StoreFailed: The disk is full, or may not be written.
    """
    safe = frame.copy()
    for position, kind in enumerate(frame.dtypes):
        if str(kind) in ("object", "string", "str", "category"):
            column = frame.iloc[:, position].astype(object)
            is_formula = column.map(lambda value: isinstance(value, str)) & column.astype(str).str.match(_FORMULA)
            if is_formula.any():
                safe.isetitem(position, column.where(~is_formula, "'" + column.astype(str).str.replace("\r", "\n")).to_numpy())
    safe.columns = [f"'{name}" if isinstance(name, str) and name.startswith(("=", "@", "+", "-")) else name for name in frame.columns]
    if file is None:
        return str(safe.to_csv(index=False))
    with writing("the export to", file):
        safe.to_csv(file, index=False)
    return ""
