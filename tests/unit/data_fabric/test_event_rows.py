"""Events become rows; what does not fit is told, and spoils nothing beside it."""

from __future__ import annotations

import pandas as pd
import pytest

from cyberpunk_ai.data_fabric.event_rows import rows_of
from cyberpunk_ai.data_fabric.streams.base import Event
from cyberpunk_ai.data_fabric.tables import TABLES

ORDER = {
    "event_id": "e", "order_id": "o1", "line_id": "1", "ordered_at": "2026-03-01T12:00:00Z", "quantity": 2, "unit_price": 5.0,
    "amount": 10.0, "is_refund": False, "source": "shop", "updated_at": "2026-03-01T12:00:00",
}  # fmt: skip
SESSION = {
    "event_id": "e", "session_id": "s1", "started_at": "2026-03-01T12:00:00", "page_views": 3, "duration_seconds": 4.5, "bounced": False,
    "converted": True,
}  # fmt: skip


def event(offset: int, value: dict[str, object], *, topic: str = "orders", problem: str = "") -> Event:
    return Event(topic, value, None, 1_772_366_400_123, 0, offset, problem)


def test_events_that_fit_become_typed_rows_in_order() -> None:
    rows, rejected = rows_of([event(n, {**ORDER, "order_id": f"o{n}", "extra": 1}) for n in range(3)], TABLES["orders"])
    assert rejected == []
    assert list(rows.columns) == TABLES["orders"].contract.names
    assert rows["order_id"].tolist() == ["o0", "o1", "o2"]
    assert rows["ordered_at"].tolist() == [pd.Timestamp("2026-03-01T12:00:00")] * 3
    assert rows["quantity"].dtype == "float64"
    assert rows["is_refund"].dtype == "bool"


def test_provenance_is_filled_in() -> None:
    rows, rejected = rows_of([event(0, SESSION, topic="web_sessions")], TABLES["web_sessions"])
    assert rejected == []
    assert rows.loc[0, "source"] == "stream:web_sessions"
    assert rows.loc[0, "updated_at"] == pd.Timestamp("2026-03-01T12:00:00.123")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"order_id": None}, "order_id: missing"),
        ({"amount": "much"}, "amount: not a float"),
        ({"ordered_at": "yesterday"}, "ordered_at: not a timestamp"),
        ({"ordered_at": 2026}, "ordered_at: not a timestamp"),
        ({"ordered_at": True}, "ordered_at: not a timestamp"),
        ({"product": {"name": "x"}}, "product: a dict"),
        ({"order_id": ["o1"]}, "order_id: a list"),
        ({"is_refund": "perhaps"}, "is_refund: not a bool"),
        ({"ordered_at": "9999999-01-01T00:00:00"}, "ordered_at"),
        ({"amount": 10**400}, ""),
        ({"amount": 1e308}, "amount: beyond ±1e+15"),
        ({"ordered_at": "1812-01-01T00:00:00"}, "ordered_at: not within 1900 to 2299"),
    ],
)
def test_one_that_does_not_fit_is_told_and_the_others_stay(change: dict[str, object], reason: str) -> None:
    events = [event(0, ORDER), event(1, {**ORDER, **change}), event(2, {**ORDER, "ordered_at": "2026-03-01T12:00:00.5+01:00"})]
    rows, rejected = rows_of(events, TABLES["orders"])
    assert len(rows) == 2
    assert [(wrong.offset, reason in why) for wrong, why in rejected] == [(1, True)]


def test_an_int_beyond_all_bounds_stands_alone() -> None:
    events = [event(n, {**SESSION, "session_id": f"s{n}", "page_views": 10**30 if n == 5 else 1}) for n in range(9)]
    rows, rejected = rows_of(events, TABLES["web_sessions"])
    assert len(rows) == 8
    assert [wrong.offset for wrong, _ in rejected] == [5]


def test_a_column_missing_in_every_event_is_every_events_fault() -> None:
    rows, rejected = rows_of([event(0, {"order_id": "o"}), event(1, {})], TABLES["orders"])
    assert len(rows) == 0
    assert len(rejected) == 2
    assert "ordered_at: missing" in rejected[0][1]


def test_unreadable_events_keep_their_problem() -> None:
    rows, rejected = rows_of([event(0, {"unreadable": "{"}, problem="not JSON: unexpected end")], TABLES["orders"])
    assert len(rows) == 0
    assert rejected[0][1] == "not JSON: unexpected end"


def test_nothing_gives_nothing() -> None:
    rows, rejected = rows_of([], TABLES["orders"])
    assert (len(rows), rejected) == (0, [])
