"""Text as numbers: what is read, what is not, and what must not end the process."""

from __future__ import annotations

import hashlib
import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.core.numbers import not_numbers, to_numbers


def test_text_is_read_and_the_rest_is_missing() -> None:
    read = to_numbers(pd.Series(["5", " 7.5 ", "1e5", "-.5", "5.", "inf", "abc", "0x10", "1_000", "", None, "½", "\ud800"]))
    assert read.tolist()[:6] == [5.0, 7.5, 1e5, -0.5, 5.0, math.inf]
    assert read.iloc[6:].isna().all()


def test_mixed_values_categories_and_numbers_stay_what_they_are() -> None:
    assert to_numbers(pd.Series([1, "2", 3.5, "x"], dtype=object)).tolist()[:3] == [1.0, 2.0, 3.5]
    assert to_numbers(pd.Series(["1", "2"], dtype="category")).tolist() == [1, 2]
    assert to_numbers(pd.Series([1.5, 2.0])).tolist() == [1.5, 2.0]


@pytest.mark.parametrize("text", ["1e2147483648", "1E-99999999999999999999", "9" * 400 + "e2147483647", "+1e+4294967296"])
def test_a_huge_exponent_is_no_number_and_ends_nothing(text: str) -> None:
    assert to_numbers(pd.Series([text, "1"])).isna().tolist() == [True, False]
    assert to_numbers(pd.Series([text, 1], dtype=object)).isna().tolist() == [True, False]


def test_a_column_of_hashes_holds_no_number() -> None:
    hashes = pd.Series([hashlib.sha256(str(number).encode()).hexdigest() for number in range(5000)])
    like_exponents = pd.Series([f"{number}e{number % 10}{2**31 + number}" for number in range(5000)])
    assert to_numbers(hashes).isna().all()
    assert to_numbers(like_exponents).isna().all()


def test_what_says_something_and_is_no_number_is_named() -> None:
    raw = pd.Series(["5", "", "nan", None, "twelve", "twelve", "1e999999"])
    assert not_numbers(raw, to_numbers(raw)) == ["twelve", "1e999999"]


@given(value=st.floats(allow_nan=False))
def test_every_float_survives_its_text(value: float) -> None:
    assert to_numbers(pd.Series([repr(value)])).iloc[0] == pytest.approx(value, rel=1e-12)
