from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument
from cyberpunk_ai.data_fabric.files.formats import ColumnFormat
from cyberpunk_ai.data_fabric.mapping.casts import cast, to_arrow
from cyberpunk_ai.data_fabric.mapping.declaration import read_mapping
from cyberpunk_ai.data_fabric.mapping.sorting import Sorted, sort_rows

MAPPING = {"table": "orders", "columns": {"order_id": "id", "ordered_at": "at", "quantity": "qty", "unit_price": "price", "cost": "cost"}}
NOW = datetime(2024, 6, 1)


def rows(count: int = 100) -> pd.DataFrame:
    return pd.DataFrame({"id": [f"o{n}" for n in range(count)], "at": "2024-01-01", "qty": "2", "price": "1.25", "cost": "1"})


def with_value(column: str, value: object) -> pd.DataFrame:
    """Rows of which one holds this value; a moment stands in a column of moments, as in a Parquet file."""
    frame = rows()
    if isinstance(value, datetime):
        frame[column] = frame[column].astype("datetime64[us]")
    frame.loc[3, column] = value
    return frame


def sort(frame: pd.DataFrame, mapping: dict[str, object] | None = None) -> Sorted:
    return sort_rows(frame, read_mapping(mapping or MAPPING)["*"], stream="s", source="x:s", now=NOW)


def test_what_follows_by_itself_is_filled_in() -> None:
    good = sort(rows(1)).good.to_pylist()[0]
    assert (good["amount"], good["is_refund"], good["source"], good["updated_at"]) == (2.5, False, "x:s", NOW)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("price", "1e308", "unit_price: beyond ±1e+15; amount: beyond ±1e+15"),
        ("cost", "-2e15", "cost: beyond ±1e+15"),
        ("at", "1899-12-31", "ordered_at: not within 1900 to 2299"),
        ("at", datetime(2300, 1, 1), "ordered_at: not within 1900 to 2299"),
    ],
)
def test_what_no_store_can_hold_or_add_up_is_quarantined(column: str, value: object, reason: str) -> None:
    outcome = sort(with_value(column, value))
    assert ([item.reason for item in outcome.bad], outcome.good.num_rows) == ([reason], 99)


@pytest.mark.parametrize(("column", "value"), [("price", "5e14"), ("at", "1900-01-01"), ("at", datetime(2299, 12, 31))])
def test_what_the_warehouse_can_hold_is_taken(column: str, value: object) -> None:
    assert sort(with_value(column, value)).bad == ()


def test_a_whole_number_beyond_64_bits_is_a_misfit_and_does_not_wrap() -> None:
    values, wrong = cast(to_arrow(pd.Series(["5", "1e300"])), "int")
    assert (values.to_pylist(), wrong.tolist()) == ([5, None], [False, True])


def test_a_bad_row_names_column_value_and_reason() -> None:
    frame = rows()
    frame.loc[3, ["qty", "at"]] = ["abc", None]
    bad = sort(frame).bad
    assert [item.reason for item in bad] == ['ordered_at: missing; quantity: "abc" is not a number']
    assert bad[0].payload["values"]["qty"] == "abc"


@pytest.mark.parametrize(("column", "landed", "fate"), [("cost", 100, "left empty"), ("qty", 90, "rows set aside")])
def test_a_drift_warns_and_empties_what_may_be_empty(column: str, landed: int, fate: str) -> None:
    frame = rows()
    frame.loc[:9, column] = "unknown"
    outcome = sort(frame)
    assert outcome.good.num_rows == landed
    assert len(outcome.bad) == 100 - landed
    assert len(outcome.warnings) == 1
    assert fate in outcome.warnings[0]


def test_a_lone_bad_value_of_an_optional_column_is_no_drift() -> None:
    frame = rows()
    frame.loc[0, "cost"] = "unknown"
    outcome = sort(frame)
    assert (outcome.good.num_rows, len(outcome.bad), outcome.warnings) == (99, 1, ())


def test_rows_that_look_the_same_are_counted_each() -> None:
    frame = pd.concat([rows(1).assign(qty="abc")] * 3, ignore_index=True)
    assert len({item.row_hash for item in sort(frame).bad}) == 3


@given(st.lists(st.sampled_from(["2", "abc", "", "1e400", "-3", "2,5"]), min_size=1, max_size=60))
def test_every_row_is_in_one_of_the_two(quantities: list[str]) -> None:
    outcome = sort(rows(len(quantities)).assign(qty=quantities))
    assert outcome.good.num_rows + len(outcome.bad) == len(quantities)


def test_a_missing_column_is_the_sources_fault_not_a_rows() -> None:
    with pytest.raises(ContractBroken, match="'price' is missing"):
        sort(rows().drop(columns="price"))


@pytest.mark.parametrize("broken", [{"table": "invoices", "columns": {}}, {"table": "orders", "columns": {"colour": "c"}}])
def test_a_mapping_to_nowhere_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(InvalidArgument, match=r"no (table|column)"):
        read_mapping(broken)


@pytest.mark.parametrize(
    ("text", "notation", "value"),
    [
        ("1.234,50", ColumnFormat(decimal=",", thousands="."), 1234.5),
        ("1.2.3", ColumnFormat(decimal=",", thousands="."), None),
        ("(12.50)", ColumnFormat(), -12.5),
        ("12.50-", ColumnFormat(), -12.5),
        ("€ 3.20", ColumnFormat(), 3.2),
        ("+4", ColumnFormat(), 4.0),
        ("1e400", ColumnFormat(), None),
        ("nan", ColumnFormat(), None),
    ],
)
def test_numbers_are_read_in_their_notation(text: str, notation: ColumnFormat, value: float | None) -> None:
    values, wrong = cast(to_arrow(pd.Series([text])), "float", notation)
    assert (values.to_pylist()[0], bool(wrong[0])) == (value, value is None)


def test_moments_become_naive_utc() -> None:
    texts = pd.Series(["2024-01-01T12:00:00+02:00", "2024-01-01 10:00", "31.12.2023"])
    values, wrong = cast(to_arrow(texts), "timestamp", ColumnFormat(dates=("ISO8601", "%d.%m.%Y")))
    assert values.to_pylist() == [datetime(2024, 1, 1, 10), datetime(2024, 1, 1, 10), datetime(2023, 12, 31)]
    assert not wrong.any()
    numbers, _ = cast(to_arrow(pd.Series([1704103200, 1704103200000])), "timestamp")
    assert numbers.to_pylist() == [datetime(2024, 1, 1, 10)] * 2


def test_ids_with_gaps_keep_their_digits() -> None:
    values, _ = cast(to_arrow(pd.Series([17850.0, None])), "string")
    assert values.to_pylist() == ["17850", None]
