"""Periods: what "last 12 months" or "Q3 2024" means in days. Half-open ranges, echoed back. Free speech is not understood here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.data_fabric.semantic.calendar import add_months, start_of, step

PeriodLike = str | tuple[object, object] | Sequence[object] | Mapping[str, object] | None
FORMS = (
    "today", "yesterday", "this week|month|quarter|year", "last week|month|quarter|year", "last 30 days", "last 12 months",
    "last 4 quarters", "ytd, qtd, mtd, wtd", "Q3 2024", "H1 2024", "FY2024", "2024", "May 2024", "2024-05", "2024-05-31",
    "2024-01-01..2024-03-31", "since 2024-01", "all", "a pair (first day, day after the last)",
)  # fmt: skip
_NUMBER_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {word: str(number) for number, word in enumerate(_NUMBER_WORDS, start=1)} | {"couple of": "2"}
_MONTH_WORDS = (
    ("january", "jan"), ("february", "feb"), ("march", "mar"), ("april", "apr"), ("may",), ("june", "jun"), ("july", "jul"),
    ("august", "aug"), ("september", "sep", "sept"), ("october", "oct"), ("november", "nov"), ("december", "dec"),
)  # fmt: skip
_MONTH_NAMES = {name: month for month, names in enumerate(_MONTH_WORDS, start=1) for name in names}
_LONGEST = 10_000


@dataclass(frozen=True)
class Period:
    """A resolved period, from `start` up to but without `end`.

    Attributes:
        start: First day.
        end: Day after the last.
        label: The phrase, as it was understood.
        as_of: Day that relative phrases were counted from.
        is_bounded: False for "all data": the days are then those of the data, and nothing is filtered.
    """

    start: date
    end: date
    label: str
    as_of: date
    is_bounded: bool = True

    @property
    def days(self) -> int:
        """Length in days."""
        return (self.end - self.start).days

    def __str__(self) -> str:
        last = self.end - timedelta(days=1)
        return f"{self.label} ({self.start} to {last})" if self.days else f"{self.label} (no days)"


def resolve(phrase: PeriodLike, *, as_of: date, data: tuple[date, date] | None = None, fiscal_year_start: int = 1) -> Period:
    """Turn a phrase into days.

    Args:
        phrase: One of `FORMS`, a pair (start, end) with the end left out, {"start", "end"}, or None for all data.
        as_of: Day that relative phrases count from. "last 30 days" ends before it, "ytd" includes it.
        data: First day of the data and the day after its last, used by "all" and by "before".
        fiscal_year_start: Month that opens the fiscal year.

    Raises:
        InvalidArgument: The phrase is not understood, or ends before it starts.
    """
    if phrase is None or (isinstance(phrase, str) and _clean(phrase) in {"", "all", "all time", "all data"}):
        start, end = data or (as_of, as_of)
        return Period(start, end, "all data", as_of, is_bounded=False)
    if isinstance(phrase, str):
        try:
            found = _phrase(_clean(phrase), as_of, fiscal_year_start)
        except (ValueError, OverflowError) as error:  # a 31st of February, or a year beyond the calendar
            raise _unknown(phrase) from error
        if found is None:
            raise _unknown(phrase)
        return _checked(*found, phrase.strip(), as_of)
    if isinstance(phrase, Period):
        return phrase
    if isinstance(phrase, Mapping):
        if set(phrase) != {"start", "end"}:
            raise _unknown(phrase)
        pair: list[object] = [phrase["start"], phrase["end"]]
    else:
        pair = list(phrase) if isinstance(phrase, (list, tuple)) else []
    if len(pair) != 2:
        raise _unknown(phrase)
    start, end = (_day(item, phrase) for item in pair)
    return _checked(start, end, f"{start}..{end - timedelta(days=1)}", as_of)


def comparison(period: Period, compare: PeriodLike, *, fiscal_year_start: int = 1) -> Period:
    """Return the period to compare with.

    Args:
        period: The one asked for.
        compare: "previous_period" (the same number of days or calendar units just before), "previous_year", or any period of its own.
        fiscal_year_start: Month that opens the fiscal year.

    Raises:
        InvalidArgument: `period` is all data, which nothing precedes, or `compare` is not understood.
    """
    words = "_".join(compare.casefold().split()) if isinstance(compare, str) else ""
    if words in {"previous_period", "previous_year"} and not period.is_bounded:
        raise InvalidArgument(f"nothing can be compared with all data by {words!r}", hint="give a period, such as 'last 12 months'")
    if words == "previous_year":
        return Period(add_months(period.start, -12), add_months(period.end, -12), "previous year", period.as_of)
    if words == "previous_period":
        months = _whole_months(period)
        start = add_months(period.start, -months) if months else period.start - timedelta(days=period.days)
        return Period(start, period.start, "previous period", period.as_of)
    found = resolve(compare, as_of=period.as_of, fiscal_year_start=fiscal_year_start)
    if not found.is_bounded:
        raise InvalidArgument("nothing to compare with", hint="previous_period, previous_year or a period such as '2024-05'")
    return found


def _whole_months(period: Period) -> int:
    """Length in months of a period that is made of months, else 0. May follows April although it is a day longer."""
    words = _clean(period.label)
    if re.search(r"\b(?:\d+ ?d|days?|weeks?)\b", words) or not (period.start.day == 1 or re.search(r"month|quarter|year|ttm|ltm", words)):
        return 0
    months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
    return months if months > 0 and add_months(period.start, months) == period.end else 0


def _clean(phrase: str) -> str:
    words = " ".join(phrase.casefold().replace("-to-date", " to date").replace("_", " ").split())
    words = re.sub(r"^(?:in|for|during|over|the|calendar)\s+(?:the\s+)?", "", words)
    for word, number in _NUMBERS.items():
        words = re.sub(rf"\b{word}\b", number, words)
    return words.replace("trailing", "last").replace("previous", "last").replace("past", "last")


def _phrase(words: str, as_of: date, first: int) -> tuple[date, date] | None:
    return _relative(words, as_of) or _span(words, as_of, first) or _absolute(words, first)


def _relative(words: str, as_of: date) -> tuple[date, date] | None:  # noqa: PLR0911 - one return per form reads as a table
    tomorrow = as_of + timedelta(days=1)
    if words == "today":
        return as_of, tomorrow
    if words == "yesterday":
        return as_of - timedelta(days=1), as_of
    if words in {"ttm", "ltm"}:
        words = "last 12 months"
    if match := re.fullmatch(r"(?:([ymwq])td|(year|quarter|month|week) to date|so far this (year|quarter|month|week))", words):
        letter, *units = match.groups()
        unit = {"y": "year", "q": "quarter", "m": "month", "w": "week"}[letter] if letter else next(filter(None, units))
        return start_of(unit, as_of), tomorrow
    if match := re.fullmatch(r"(this|current|last) (day|week|month|quarter|year)", words):
        start = start_of(match[2], as_of)
        return (step(match[2], start, -1), start) if match[1] == "last" else (start, step(match[2], start))
    if match := re.fullmatch(r"last (\d{1,5}) ?(d|day|week|month|quarter|year)s?", words):
        count, unit = int(match[1]), "day" if match[2] == "d" else match[2]
        if not 1 <= count <= _LONGEST:
            return None
        # Quarters are reported whole; the other units roll.
        end = start_of("quarter", as_of) if unit == "quarter" else as_of
        return step(unit, end, -count), end
    return None


def _span(words: str, as_of: date, first: int) -> tuple[date, date] | None:
    if words.startswith("since "):
        since = _absolute(words.removeprefix("since "), first)
        return (since[0], as_of + timedelta(days=1)) if since else None
    for separator in ("..", " to ", " through ", " until ", " and ", " - "):
        left, found, right = words.removeprefix("from ").removeprefix("between ").partition(separator)
        if found:
            start, end = _absolute(left.strip(), first), _absolute(right.strip(), first)
            return (start[0], end[1]) if start and end else None
    return None


def _absolute(words: str, first: int) -> tuple[date, date] | None:  # noqa: PLR0911 - as above
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", words):
        day = date(*map(int, match.groups()))
        return day, day + timedelta(days=1)
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})", words):
        return _months(int(match[1]), int(match[2]), 1)
    if match := re.fullmatch(r"(\d{4})", words):
        return _months(int(words), 1, 12)
    if match := re.fullmatch(r"q([1-4])(?:[ -]?| of )(\d{4})", words):
        return _months(int(match[2]), 3 * int(match[1]) - 2, 3)
    if match := re.fullmatch(r"(\d{4})[ -]?q([1-4])", words):
        return _months(int(match[1]), 3 * int(match[2]) - 2, 3)
    if match := re.fullmatch(r"h([12])(?:[ -]?| of )(\d{4})", words):
        return _months(int(match[2]), 6 * int(match[1]) - 5, 6)
    if match := re.fullmatch(r"(?:fy|fiscal year) ?(\d{4}|\d{2})", words):
        year = int(match[1]) + (2000 if len(match[1]) == 2 else 0)
        return _months(year - (first > 1), first, 12)
    if (match := re.fullmatch(r"([a-z]+)\.? (\d{4})", words)) and match[1] in _MONTH_NAMES:
        return _months(int(match[2]), _MONTH_NAMES[match[1]], 1)
    return None


def _months(year: int, month: int, count: int) -> tuple[date, date]:
    start = date(year, month, 1)
    return start, add_months(start, count)


def _day(value: object, phrase: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip()[:10])
        except ValueError as error:
            raise _unknown(phrase) from error
    raise _unknown(phrase)


def _checked(start: date, end: date, label: str, as_of: date) -> Period:
    if end <= start:
        raise InvalidArgument(f"the period {label!r} ends before it starts: {start} to {end}", hint="give the earlier day first")
    return Period(start, end, label, as_of)


def _unknown(phrase: object) -> InvalidArgument:
    return InvalidArgument(f"the period {str(phrase)[:80]!r} is not understood", hint="forms: " + "; ".join(FORMS), forms=list(FORMS))
