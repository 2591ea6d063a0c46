from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from cyberpunk_ai.data_fabric.tables import TABLES
from cyberpunk_ai.demo import LiveEvent, live_events

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberpunk_ai.demo import DemoCompany


def ticking(start: datetime, milliseconds: int = 5) -> Callable[[], datetime]:
    """A clock that goes on by itself with every look at it."""
    looks = iter(range(10**9))
    return lambda: start + timedelta(milliseconds=milliseconds * next(looks))


def some(company: DemoCompany, count: int = 6_000, start: datetime = datetime(2025, 8, 14, 15, tzinfo=UTC)) -> list[LiveEvent]:
    return list(islice(live_events(company, 200, 1, clock=ticking(start)), count))


@pytest.fixture(scope="module")
def events(company: DemoCompany) -> list[LiveEvent]:
    return some(company)


@pytest.mark.parametrize("topic", ["orders", "web_sessions", "telemetry"])
def test_events_fit_the_canonical_table_of_their_topic(events: list[LiveEvent], topic: str) -> None:
    rows = pd.DataFrame([event.value for event in events if event.topic == topic])
    contract = TABLES[topic].contract

    assert len(contract.check(rows)) == len(rows) > 100
    assert set(rows.columns) == {*contract.names, "event_id"}
    assert not rows.duplicated(list(contract.key)).any()


def test_event_ids_are_unique_and_due_times_keep_the_rate(events: list[LiveEvent]) -> None:
    assert len({event.value["event_id"] for event in events}) == len(events)
    assert events[0].due_s == 0.0
    assert events[-1].due_s == pytest.approx((len(events) - 1) / 200)


def test_the_same_seed_and_clock_give_the_same_events(company: DemoCompany, events: list[LiveEvent]) -> None:
    assert some(company) == events


def test_a_later_run_shares_no_id_with_an_earlier_one(company: DemoCompany, events: list[LiveEvent]) -> None:
    later = some(company, start=datetime(2025, 8, 14, 15, 1, tzinfo=UTC))

    assert not {event.value["event_id"] for event in events} & {event.value["event_id"] for event in later}


def test_orders_go_on_behind_the_last_one_of_the_history(company: DemoCompany, events: list[LiveEvent]) -> None:
    numbers = [
        int(event.value["order_id"].removeprefix("ORD-")) for event in events if event.topic == "orders" and not event.value["is_refund"]
    ]

    assert numbers[0] > company.dimensions.orders
    assert numbers == sorted(numbers)


def test_timestamps_come_from_the_clock_as_naive_utc(events: list[LiveEvent]) -> None:
    stamps = [pd.Timestamp(event.value["updated_at"]) for event in events]

    assert stamps == sorted(stamps)
    assert stamps[0].tzinfo is None
    assert pd.Timestamp("2025-08-14T15:00:00") <= stamps[0] < pd.Timestamp("2025-08-14T15:00:01")


def test_online_orders_have_their_session_just_before(events: list[LiveEvent]) -> None:
    sessions = {event.value["order_id"] for event in events if event.topic == "web_sessions" and event.value["converted"]}
    online = {
        e.value["order_id"] for e in events if e.topic == "orders" and not e.value["is_refund"] and e.value["channel"] in {"Web", "Mobile"}
    }

    assert sessions
    assert online == sessions


def test_only_living_customers_buy(company: DemoCompany, frames: dict[str, pd.DataFrame], events: list[LiveEvent]) -> None:
    buyers = {event.value["customer_id"] for event in events if event.topic == "orders"}
    living = set(company.people.crm_id[company.people.leaves > company.history.days])

    assert buyers <= living <= set(frames["customers"]["customer_id"])


def test_the_drifting_machine_drifts_on(company: DemoCompany) -> None:
    def vibration(start: datetime) -> float:
        shown = [e.value["vibration_mm_s"] for e in some(company, 2_000, start) if e.topic == "telemetry" and e.value["asset"] == "P-101"]
        return sum(shown) / len(shown)

    first_day, fifth_day = vibration(datetime(2025, 8, 14, 15, tzinfo=UTC)), vibration(datetime(2025, 8, 18, 15, tzinfo=UTC))
    assert fifth_day > 1.1 * first_day


def test_people_sleep_and_machines_do_not(company: DemoCompany) -> None:
    def share_of_people(hour: int) -> float:
        seen = some(company, 3_000, datetime(2025, 8, 14, hour, tzinfo=UTC))
        return sum(event.topic != "telemetry" for event in seen) / len(seen)

    assert share_of_people(3) < 0.6 * share_of_people(19)
