"""How numbers, dates and truth values are written in a column of text, found from a sample and kept for every later row.

Only the notation is decided here. Turning a column into a canonical type, row by row, is in `mapping/casts.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence  # noqa: TC003 - pydantic needs them at run time
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from cyberpunk_ai.core.numbers import to_numbers

if TYPE_CHECKING:
    import pandas as pd

ColumnKind = Literal["text", "integer", "number", "date", "bool", "empty"]
ENOUGH = 0.9  # share of the filled sample that must read as a kind; the rest are the broken rows that quarantine is for
ISO = "ISO8601"
_DAY_FIRST = [f"%d{s}%m{s}{y}" for s in ("/", ".", "-") for y in ("%Y", "%y")]
_MONTH_FIRST = [f"%m{s}%d{s}{y}" for s in ("/", "-", ".") for y in ("%Y", "%y")]
_NAMED = ["%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y"]
_OTHER = ["%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%b %Y", "%b-%y", "%m/%Y", "%Y-%m"]
_TIMES = ["", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %H:%M:%S.%f"]
_DATE_SHAPE = re.compile(r"\d{1,4}\D\s?(\d{1,2}|[A-Za-z]{3,9})\D|[A-Za-z]{3,9}[\s-]\d{1,4}|^\d{8}$|^\d{1,2}/\d{4}$|^\d{4}-\d{1,2}$")
_NUMBER_SHAPE = re.compile(r"^[+-]?[\d.,'\u00a0\u202f ]*\d[\d.,]*(?:[eE][+-]?\d+)?-?$")
_MONEY_SIGNS = re.compile(r"[€$£¥\u00a0\u202f]|\b(?:EUR|USD|GBP)\b")
_LONGEST = 200
_TRUTHS = {"true", "false", "yes", "no", "y", "n", "t", "f"}


class ColumnFormat(BaseModel):
    """How one column writes its values.

    Attributes:
        kind: What most of its values read as.
        decimal: Decimal mark of numbers.
        thousands: Mark between groups of three digits, empty for none.
        dates: Date formats to try in this order: `strptime` directives, or `ISO8601`.
        ambiguous: Whether day and month could be swapped; the sample did not decide.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ColumnKind = "text"
    decimal: str = "."
    thousands: str = ""
    dates: tuple[str, ...] = ()
    ambiguous: bool = False


def detect_formats(
    sample: Mapping[str, Sequence[str]], *, decimal: str | None = None, day_first: bool | None = None
) -> dict[str, ColumnFormat]:
    """Find how every column writes its values.

    Args:
        sample: Values per column as text; empty text means missing.
        decimal: Decimal mark, when the caller knows it.
        day_first: Whether days come before months, when the caller knows it.

    Returns:
        A format per column, in the sample's order.
    """
    filled = {name: [_cut(stripped) for value in values if value and (stripped := value.strip())] for name, values in sample.items()}
    marks = _number_marks(filled.values(), decimal)
    prefers_day = day_first if day_first is not None else _prefers_day(filled.values(), marks)
    return {name: _column(values, marks, day_first=prefers_day) for name, values in filled.items()}


def _cut(value: str) -> str:
    """Cut a value that is too long for a number or a date, and mark it, since patterns take very long over megabytes of digits."""
    return value if len(value) <= _LONGEST else value[:_LONGEST] + "…"


def text_formats(rows: pd.DataFrame) -> dict[str, ColumnFormat]:
    """Find the notation of the columns of a frame that hold text, for sources whose other columns have types of their own."""
    sample = {
        str(name): [item for item in rows[name].head(2000) if isinstance(item, str)]
        for name in rows.columns
        if any(isinstance(item, str) for item in rows[name].head(200))
    }
    return detect_formats(sample)


def _column(values: list[str], marks: tuple[str, str], *, day_first: bool) -> ColumnFormat:
    if not values:
        return ColumnFormat(kind="empty", decimal=marks[0], thousands=marks[1])
    if {value.lower() for value in values} <= _TRUTHS:
        return ColumnFormat(kind="bool", decimal=marks[0], thousands=marks[1])
    dates = _dates(values, day_first=day_first)
    if dates is not None:
        return ColumnFormat(kind="date", decimal=marks[0], thousands=marks[1], dates=dates[0], ambiguous=dates[1])
    pattern = number_pattern(*marks)
    numbers = [value for value in (_MONEY_SIGNS.sub("", item).strip() for item in values) if re.match(pattern, value)]
    if len(numbers) < ENOUGH * len(values):
        return ColumnFormat(kind="text", decimal=marks[0], thousands=marks[1])
    if any(re.match(r"^0\d+$", value) for value in numbers):  # a leading zero means a code: 00123 is not 123
        return ColumnFormat(kind="text", decimal=marks[0], thousands=marks[1])
    whole = all(marks[0] not in value for value in numbers)
    return ColumnFormat(kind="integer" if whole else "number", decimal=marks[0], thousands=marks[1])


def number_pattern(decimal: str, thousands: str) -> str:
    """Return the regular expression of a number in this notation, after signs of money and blanks were taken off."""
    d, t = re.escape(decimal), re.escape(thousands)
    grouped = rf"\d{{1,3}}(?:{t}\d{{3}})+(?:{d}\d*)?|" if thousands else ""
    return rf"^[+-]?(?:{grouped}\d+(?:{d}\d*)?|{d}\d+)(?:[eE][+-]?\d+)?$"


def _number_marks(columns: Iterable[list[str]], decimal: str | None) -> tuple[str, str]:
    """Decide decimal and thousands mark for the whole file: a file is written in one locale."""
    votes = {".": 0, ",": 0}
    grouped = {".": 0, ",": 0}
    for values in columns:
        numbers = [_MONEY_SIGNS.sub("", value).strip() for value in values if _NUMBER_SHAPE.match(_MONEY_SIGNS.sub("", value).strip())]
        if len(numbers) < ENOUGH * len(values):
            continue
        for value in numbers:
            for mark, other in ((".", ","), (",", ".")):
                if mark not in value:
                    continue
                tail = len(value) - value.rfind(mark) - 1
                if other in value:
                    votes[mark if value.rfind(mark) > value.rfind(other) else other] += 1
                    grouped[other if value.rfind(mark) > value.rfind(other) else mark] += 1
                elif value.count(mark) > 1:
                    grouped[mark] += 1
                elif tail != 3 or len(value.lstrip("+-")) > 7 or value.lstrip("+-").startswith("0"):
                    votes[mark] += 1
    chosen = decimal or ("," if votes[","] > votes["."] else ".")
    other = "." if chosen == "," else ","
    # A lone group such as 1,234 decides nothing by itself, but with the decimal mark known it can only be a group.
    return chosen, other if grouped[other] or not votes[other] else ""


def _prefers_day(columns: Iterable[list[str]], marks: tuple[str, str]) -> bool:
    """Let unambiguous dates of any column decide for all; without one, a decimal comma or dots between the parts speak for day first."""
    day = month = dots = 0
    for values in columns:
        for value in values:
            match = re.match(r"^(\d{1,2})([/.-])(\d{1,2})\2\d{2,4}\b", value)
            if match:
                first, second = int(match[1]), int(match[3])
                day += first > 12 >= second
                month += second > 12 >= first
                dots += match[2] == "."
    if day != month:
        return day > month
    return marks[0] == "," or dots > 0


def _dates(values: list[str], *, day_first: bool) -> tuple[tuple[str, ...], bool] | None:
    """Return the formats that together read the column, or None when it holds no dates."""
    import pandas as pd

    shaped = [value for value in values if _DATE_SHAPE.search(value)]
    if len(shaped) < ENOUGH * len(values):
        return None
    distinct = pd.Series(sorted(set(shaped))[:2000])
    if to_numbers(distinct).notna().mean() > 0.5 and not distinct.str.match(r"^(19|20)\d{6}$").mean() > ENOUGH:
        return None
    numeric = (_DAY_FIRST + _MONTH_FIRST) if day_first else (_MONTH_FIRST + _DAY_FIRST)
    chosen: list[str] = []
    left = distinct
    total = len(distinct)
    for pattern in [ISO, *(day + time for day in [*numeric, *_NAMED, *_OTHER] for time in _TIMES)]:
        if pattern != ISO and not _could_fit(pattern, left.iloc[0]) and not _could_fit(pattern, left.iloc[-1]):
            continue
        read = pd.to_datetime(left, format=pattern, errors="coerce", utc=True).notna()
        if read.mean() >= 0.05:
            chosen.append(pattern)
            left = left[~read]
        if left.empty or len(left) < (1 - ENOUGH) * 0.1 * total:
            break
    if len(left) > (1 - ENOUGH) * total:
        return None
    return tuple(chosen), chosen[0] in {d + t for d in numeric for t in _TIMES} and not _decided(values)


def _could_fit(pattern: str, value: str) -> bool:
    """Cheap sieve before the exact parser: separators and the presence of a time of day must agree."""
    mark = pattern[2] if pattern.startswith("%") and len(pattern) > 2 else ""
    return (":" in pattern) == (":" in value) and (mark in ("%", "") or mark in value)


def _decided(values: list[str]) -> bool:
    for value in values:
        match = re.match(r"^(\d{1,2})[/.-](\d{1,2})[/.-]", value)
        if match and (int(match[1]) > 12 or int(match[2]) > 12):
            return True
    return False
