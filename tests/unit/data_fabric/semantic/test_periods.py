"""Phrases and the days they mean, counted from Thursday, 14 August 2025."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.data_fabric.semantic.calendar import GRAINS, add_months, buckets, start_of, step
from cyberpunk_ai.data_fabric.semantic.periods import FORMS, comparison, resolve

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2025, 8, 14)
DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))
BEYOND = {  # forms of free speech, which the conversation will read, not this grammar
    "tomorrow", "on 3 March 2025", "last Friday", "two days ago", "next week", "the week of July 7", "last weekend", "week 27 of 2025",
    "in the last 24 hours", "next month", "in March", "Jan '25", "05/2025", "the month before last", "two months ago", "in november",
    "next quarter", "Q1", "4Q24", "first quarter of 2025", "the third quarter of last year", "Q2'25", "second half of 2024",
    "the quarter before last", "next year", "since the start of the quarter", "since January", "since 15 June", "from June onwards",
    "from January to March 2025", "Jan - Jun 2024", "May 5 to May 20", "Q1 to Q3 2024", "2022-2024", "before 2024", "summer 2024",
    "Black Friday week 2024", "same month last year", "vs same month last year", "compared to the same period last year",
    "same quarter a year ago", "vs Q2 2024", "next 3 months", "the coming 6 weeks", "next 90 days", "for the rest of the year",
    "through December", "next fiscal year", "by year end",
}  # fmt: skip


def days(phrase: object, as_of: date = TODAY, **options: int) -> tuple[str, str]:
    found = resolve(phrase, as_of=as_of, **options)
    return str(found.start), str(found.end)


def test_shared_expressions_are_right_or_refused_and_never_wrong(shared_data: Path) -> None:
    lines = (shared_data / "chat" / "time_dev.jsonl").read_text(encoding="utf-8").splitlines()
    understood = set()
    for case in map(json.loads, lines):
        try:
            found = resolve(case["expr"], as_of=TODAY)
        except InvalidArgument:
            continue
        understood.add(case["expr"])
        assert [str(found.start), str(found.end)] in [[case["start"], case["end"]], *case["alt"]], case["expr"]
    assert {json.loads(line)["expr"] for line in lines} - understood == BEYOND


@pytest.mark.parametrize(
    ("phrase", "start", "end"),
    [
        ("today", "2025-08-14", "2025-08-15"),
        ("Last  30 Days", "2025-07-15", "2025-08-14"),
        ("last twelve months", "2024-08-14", "2025-08-14"),
        ("LAST_12_MONTHS", "2024-08-14", "2025-08-14"),
        ("previous month", "2025-07-01", "2025-08-01"),
        ("this year", "2025-01-01", "2026-01-01"),
        ("wtd", "2025-08-11", "2025-08-15"),
        ("2024-05", "2024-05-01", "2024-06-01"),
        ("2024-01-01..2024-03-31", "2024-01-01", "2024-04-01"),
        ("2024-01 to 2024-03", "2024-01-01", "2024-04-01"),
        ("Q4 2024..Q1 2025", "2024-10-01", "2025-04-01"),
        ("since 2024-11", "2024-11-01", "2025-08-15"),
        ((date(2024, 1, 1), date(2024, 2, 1)), "2024-01-01", "2024-02-01"),
        (("2024-01-01", datetime(2024, 2, 1, 10)), "2024-01-01", "2024-02-01"),
        (["2024-01-01", "2024-02-01"], "2024-01-01", "2024-02-01"),
        ({"start": "2024-01-01", "end": "2024-02-01"}, "2024-01-01", "2024-02-01"),
    ],
)
def test_phrases(phrase: object, start: str, end: str) -> None:
    assert days(phrase) == (start, end)


def test_a_fiscal_year_is_named_after_its_end() -> None:
    assert days("FY2024", fiscal_year_start=4) == ("2023-04-01", "2024-04-01")
    assert days("fy24") == ("2024-01-01", "2025-01-01")


def test_the_last_day_of_february_is_found() -> None:
    assert days("last 12 months", date(2024, 2, 29)) == ("2023-02-28", "2024-02-29")


@pytest.mark.parametrize(
    "phrase",
    [
        "soon", "last", "last 0 days", "last 99999 years", "last -3 days", "Q5 2024", "2024-13", "2024-02-30", "0000",
        "9999-12-31..0001-01-01", "2024-03-31..2024-01-01", "2024'; DROP TABLE orders --", "'' OR 1=1", "last 12 months)",
        ("2024-02-01", "2024-01-01"),
        ("2024-01-01",), ("a", "b"), (1, 2), {"from": "2024"}, (), "last 30 days; select 1", "٢٠٢٤-١٣", "y" * 5000,
    ],
)  # fmt: skip
def test_what_is_not_understood_lists_the_forms(phrase: object) -> None:
    with pytest.raises(InvalidArgument) as caught:
        resolve(phrase, as_of=TODAY)
    assert caught.value.hint


def test_every_form_in_the_hint_is_understood() -> None:
    for form in FORMS:
        for phrase in form.split(", ") if "|" not in form else [form.split(" ")[0] + " " + unit for unit in form.split(" ")[1].split("|")]:
            if not phrase.startswith(("a pair", "day after")):
                resolve(phrase, as_of=TODAY)


def test_all_data_are_the_days_of_the_data() -> None:
    found = resolve(None, as_of=TODAY, data=(date(2010, 12, 1), date(2011, 12, 10)))
    assert (found.start, found.end, found.is_bounded) == (date(2010, 12, 1), date(2011, 12, 10), False)
    assert resolve("all", as_of=TODAY).days == 0


@pytest.mark.parametrize(
    ("phrase", "compare", "start", "end"),
    [
        ("2025-05", "previous_period", "2025-04-01", "2025-05-01"),
        ("2025-05", "previous_year", "2024-05-01", "2024-06-01"),
        ("Q1 2025", "previous period", "2024-10-01", "2025-01-01"),
        ("last 30 days", "previous_period", "2025-06-15", "2025-07-15"),
        ("last 31 days", "previous_period", "2025-06-13", "2025-07-14"),
        ("last 12 months", "previous_period", "2023-08-14", "2024-08-14"),
        ("last week", "previous_period", "2025-07-28", "2025-08-04"),
        ("ytd", "previous_year", "2024-01-01", "2024-08-15"),
        ("2024-02-29..2024-02-29", "previous_year", "2023-02-28", "2023-03-01"),
        ("2025", "2023", "2023-01-01", "2024-01-01"),
        ("2025", ("2023-01-01", "2023-02-01"), "2023-01-01", "2023-02-01"),
    ],
)
def test_comparisons(phrase: str, compare: object, start: str, end: str) -> None:
    found = comparison(resolve(phrase, as_of=TODAY), compare)
    assert (str(found.start), str(found.end)) == (start, end)


def test_comparisons_that_make_no_sense_are_refused() -> None:
    period = resolve("2025", as_of=TODAY)
    for compare in ("previous_decade", "", "all", None, 7):
        with pytest.raises(InvalidArgument):
            comparison(period, compare)


@given(DAYS, st.integers(1, 400), st.sampled_from(["day", "week", "month", "quarter", "year"]))
def test_rolling_periods_end_at_the_anchor_and_are_followed_without_a_gap(as_of: date, count: int, unit: str) -> None:
    found = resolve(f"last {count} {unit}s", as_of=as_of)
    assert found.start < found.end <= as_of
    assert comparison(found, "previous_period").end == found.start


@given(DAYS, st.integers(0, 800), st.sampled_from(GRAINS))
def test_units_cover_a_range_without_gap_or_overlap(start: date, length: int, grain: str) -> None:
    end = start + timedelta(days=length)
    found = buckets(grain, start, end)
    assert all(step(grain, one) == two for one, two in pairwise(found))
    assert all(start_of(grain, day) == day for day in found)
    if length:
        assert found[0] <= start < step(grain, found[0])
        assert found[-1] < end <= step(grain, found[-1])


@given(DAYS, st.integers(-240, 240))
def test_moving_by_months_lands_in_that_month(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert (moved.year - day.year) * 12 + moved.month - day.month == months
    assert moved.day <= day.day
