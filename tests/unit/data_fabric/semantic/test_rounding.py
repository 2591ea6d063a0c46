import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.data_fabric.semantic.rounding import settled


def test_sums_in_another_order_settle_on_one_number() -> None:
    amounts = np.random.default_rng(1).gamma(2.0, 30.0, 100_000).round(2)
    sums = [np.sum(np.array([part.sum() for part in np.array_split(amounts, parts)])) for parts in (1, 3, 7, 64)]
    assert len(set(sums)) > 1
    assert len(set(settled(np.array(sums)))) == 1


@pytest.mark.parametrize(("number", "expected"), [(0.0, 0.0), (1234.5, 1234.5), (-0.1, -0.1), (123456789012345.0, 123456789012000.0)])
def test_what_people_write_is_kept(number: float, expected: float) -> None:
    assert settled(np.array([number]))[0] == expected


def test_missing_stays_missing() -> None:
    assert np.isnan(settled(np.array([np.nan, 1.0]))).tolist() == [True, False]


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
def test_rounding_moves_a_number_by_less_than_its_last_digit(number: float) -> None:
    assert settled(np.array([number]))[0] == pytest.approx(number, rel=1e-11, abs=1e-300)
