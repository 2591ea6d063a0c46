import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import NotBuilt
from cyberpunk_ai.core.results import Result, to_jsonable


@dataclass(frozen=True)
class Answer(Result):
    value: Any
    table: pd.DataFrame


def test_a_result_becomes_json_ready() -> None:
    table = pd.DataFrame({"at": pd.to_datetime(["2024-01-01", None]), "x": [1.0, np.nan], "n": pd.array([1, None], dtype="Int64")})
    plain = Answer(np.float32(0.5), table).to_dict()
    assert json.loads(json.dumps(plain)) == {
        "value": 0.5,
        "table": [{"at": "2024-01-01T00:00:00", "x": 1.0, "n": 1}, {"at": None, "x": None, "n": None}],
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("inf"), None),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (date(2024, 1, 2), "2024-01-02"),
        (pd.NaT, None),
        ({1: (2,)}, {"1": [2]}),
        (np.array([1.5, np.nan]), [1.5, None]),
    ],
)
def test_values_of_every_library_become_plain(value: object, expected: object) -> None:
    assert to_jsonable(value) == expected


def test_an_empty_frame_becomes_an_empty_list() -> None:
    assert to_jsonable(pd.DataFrame({"a": []})) == []


def test_a_result_without_a_picture_says_so() -> None:
    with pytest.raises(NotBuilt, match="has no chart"):
        Answer(1, pd.DataFrame()).chart()


def test_a_result_shows_itself_with_its_table_and_its_notes() -> None:
    @dataclass(frozen=True)
    class ManyThings(Result):
        notes: tuple[str, ...]

        def to_frame(self) -> pd.DataFrame:
            return pd.DataFrame({"name": [f"<{each}>" for each in range(12)]})

    shown = ManyThings(("a <b>", "c"))._repr_mimebundle_()
    assert shown["text/plain"] == "Many things: 12 rows"
    assert "4 more rows" in shown["text/html"]
    assert "a &lt;b&gt;" in shown["text/html"]
    assert "<td>&lt;0&gt;</td>" in shown["text/html"]
    assert "<script" not in shown["text/html"]
