from __future__ import annotations

import pytest

from cyberpunk_ai.data_fabric.files.formats import detect_formats


@pytest.mark.parametrize(
    ("values", "decimal", "thousands"),
    [
        (["1,50", "20,00", "3,75"], ",", ""),
        (["1.50", "20.00", "3.75"], ".", ""),
        (["1.234,50", "20,00"], ",", "."),
        (["1,234.50", "20.00"], ".", ","),
        (["0,850", "1,250", "12,000"], ",", ""),
        (["12,50 €", "3,10 €"], ",", ""),
    ],
)
def test_decimal_and_thousands_marks_are_found(values: list[str], decimal: str, thousands: str) -> None:
    notation = detect_formats({"price": values})["price"]
    assert (notation.kind, notation.decimal) == ("number", decimal)
    if thousands:
        assert notation.thousands == thousands


def test_an_unambiguous_day_decides_for_all_columns() -> None:
    formats = detect_formats({"a": ["13/02/2024", "01/02/2024"], "b": ["03/04/2024", "05/06/2024"]})
    assert formats["a"].dates[0] == "%d/%m/%Y"
    assert formats["b"].dates[0] == "%d/%m/%Y"


def test_month_first_is_found() -> None:
    assert detect_formats({"a": ["02/13/2024 10:00", "01/02/2024 11:30"]})["a"].dates[0] == "%m/%d/%Y %H:%M"


def test_undecided_dates_are_said_to_be_ambiguous() -> None:
    assert detect_formats({"a": ["03/04/2024", "05/06/2024"]})["a"].ambiguous


@pytest.mark.parametrize(
    "values",
    [
        ["2024-01-31", "2024-02-29"],
        ["2024-01-31T10:00:00Z", "2024-02-01T10:00:00+02:00"],
        ["31 Jan 2024", "1 Feb 2024"],
        ["20240131", "20240229"],
    ],
)
def test_dates_are_told_from_numbers_and_text(values: list[str]) -> None:
    assert detect_formats({"a": values})["a"].kind == "date"


@pytest.mark.parametrize("values", [["00123", "00456"], ["85123A", "71053"], ["+49 40 1234", "+49 40 5678"], ["1.2.3", "1.2.4"]])
def test_codes_stay_text(values: list[str]) -> None:
    assert detect_formats({"a": values})["a"].kind == "text"


def test_a_few_broken_values_do_not_change_the_kind() -> None:
    assert detect_formats({"a": [*["12"] * 50, "abc"]})["a"].kind == "integer"
