import pandas as pd
import pytest

from cyberpunk_ai.core.contracts import Column, FrameContract
from cyberpunk_ai.core.errors import ContractBroken

SALES = FrameContract(
    "sales",
    (
        Column("id", "string"),
        Column("at", "timestamp"),
        Column("amount", "float", minimum=0),
        Column("units", "int", nullable=True),
        Column("refund", "bool", nullable=True),
    ),
    key=("id",),
)


def frame(**changes: object) -> pd.DataFrame:
    base = {
        "id": ["a", "b"],
        "at": ["2024-01-01", "2024-01-02T10:00:00+02:00"],
        "amount": ["1.5", 2],
        "units": [1, None],
        "refund": ["no", "yes"],
    }
    return pd.DataFrame(base | changes)


def test_values_are_cast_and_zones_become_naive_utc() -> None:
    good = SALES.check(frame())
    assert good["amount"].tolist() == [1.5, 2.0]
    assert good["at"].tolist() == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02 08:00")]
    assert good["refund"].tolist() == [False, True]
    assert str(good["units"].dtype) == "Int64"


def test_an_absent_nullable_column_comes_back_empty() -> None:
    good = SALES.check(frame().drop(columns="units"))
    assert good["units"].isna().all()


def test_a_missing_required_column_is_named_with_the_columns_seen() -> None:
    with pytest.raises(ContractBroken, match="'at' is missing") as caught:
        SALES.check(frame().drop(columns="at"))
    assert "id, amount" in caught.value.hint


def test_sift_parts_rows_with_every_reason() -> None:
    good, bad = SALES.sift(frame(amount=["x", -1], at=["2024-01-01", "never"]))
    assert good.empty
    assert bad["reason"].tolist() == ["amount: not a float", "at: not a timestamp; amount: below 0"]
    assert bad["amount"].tolist() == ["x", -1]


def test_every_row_is_either_good_or_bad() -> None:
    good, bad = SALES.sift(frame(units=[1.5, 2]))
    assert len(good) + len(bad) == 2
    assert bad["reason"].tolist() == ["units: not a int"]


def test_a_mapping_names_the_columns_of_the_source() -> None:
    good = SALES.check(frame().rename(columns={"amount": "Total"}), mapping={"amount": "Total"})
    assert good["amount"].sum() == 3.5


def test_duplicate_index_labels_do_not_mix_rows() -> None:
    twice = pd.concat([frame(), frame(amount=["x", 4])])
    good, bad = SALES.sift(twice)
    assert good["amount"].tolist() == [1.5, 2.0, 4.0]
    assert len(bad) == 1
