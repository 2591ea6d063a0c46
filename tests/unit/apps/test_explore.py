"""Questions of the explore page: what is asked, what a click narrows, what the address carries."""

from __future__ import annotations

import pytest

from apps.explore.question import ALL, Question
from apps.kit.where import read_where, write_where

OFFERED = ["region", "country", "category"]


def test_a_question_becomes_arguments_of_the_query() -> None:
    asked = Question("revenue", "region", "region", grain="", where={"channel": ["Web"]}).asked()
    assert asked == {
        "by": ("region",), "where": {"channel": ["Web"]}, "period": "last 12 months", "grain": None, "compare": "previous_year",
        "order": "desc",
    }  # fmt: skip
    assert Question(period=ALL).asked()["compare"] is None
    assert Question(grain="month").asked()["order"] is None


def test_looking_inside_narrows_and_splits_by_the_next_dimension_and_can_be_taken_back() -> None:
    start = Question("revenue", "region")
    inside = start.drilled("region", "EMEA", OFFERED)
    assert (inside.where, inside.by) == ({"region": ["EMEA"]}, "country")
    deeper = inside.drilled("country", "France", OFFERED)
    assert (deeper.where, deeper.by) == ({"region": ["EMEA"], "country": ["France"]}, "category")
    last = deeper.drilled("category", "Lamps", OFFERED)
    assert last.by == ""
    assert deeper.without("country").where == {"region": ["EMEA"]}


def test_the_second_dimension_moves_up_when_the_first_is_narrowed() -> None:
    inside = Question("revenue", "region", "category").drilled("region", "EMEA", OFFERED)
    assert (inside.by, inside.then_by) == ("category", "")


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"region": "EMEA"}', '{"region": []}'])
def test_an_address_that_cannot_be_read_narrows_nothing(text: str) -> None:
    assert read_where(text) == {}


def test_narrowings_survive_the_address() -> None:
    where = {"region": ["EMEA", "Süd & Ost"], "channel": ["Web"]}
    assert read_where(write_where(where)) == where
    assert write_where({}) == ""
