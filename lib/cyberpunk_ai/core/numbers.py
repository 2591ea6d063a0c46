"""Text as numbers: the one place that hands text to `pandas.to_numeric`, whose parser ends the process on `1e2147483648`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# An exponent of more than three digits is beyond every float; a column of hashes is full of them.
_NUMBER = r"^\s*[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?|[iI][nN][fF]([iI][nN][iI][tT][yY])?|[nN][aA][nN])\s*$"


def to_numbers(raw: pd.Series) -> pd.Series:
    """Read values as numbers.

    Args:
        raw: Numbers, text, or both, shape (n,).

    Returns:
        Numbers of the same index, shape (n,); what is none is missing.
    """
    import pandas as pd

    if isinstance(raw.dtype, pd.CategoricalDtype):
        raw = raw.astype(raw.cat.categories.dtype)
    if pd.api.types.is_string_dtype(raw.dtype) or raw.dtype == object:
        kind = pd.api.types.infer_dtype(raw, skipna=True)
        if kind == "string":
            raw = raw.where(_matches(raw), None)
        elif kind in ("mixed", "mixed-integer"):  # values that are no text are read without the parser
            raw = raw.where(raw.astype(object).str.match(_NUMBER, na=True).astype(bool), None)
    return pd.to_numeric(raw, errors="coerce")


def not_numbers(raw: pd.Series, read: pd.Series) -> list[str]:
    """Return the texts that were read as missing although they say something; blanks and `nan` do not.

    Args:
        raw: The values as they came, shape (n,).
        read: What `to_numbers` made of them, shape (n,).
    """
    unread = raw[read.isna() & raw.notna()].astype(str).str.strip()
    return list(unread[~unread.str.lower().isin(["", "nan"])].unique())


def _matches(texts: pd.Series) -> pd.Series:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        column = pa.array(texts, type=pa.large_string(), from_pandas=True)
    except (pa.ArrowInvalid, UnicodeEncodeError):  # half of a surrogate pair has no place in UTF-8
        return texts.astype(object).str.match(_NUMBER, na=False).astype(bool)
    return pd.Series(pc.fill_null(pc.match_substring_regex(column, _NUMBER), False).to_numpy(zero_copy_only=False), index=texts.index)
