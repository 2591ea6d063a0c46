"""From live topics into the real warehouse: everything once, whatever dies in between."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from cyberpunk_ai.core.errors import Conflict, StoreFailed
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.stores.delta_warehouse import DeltaWarehouse
from cyberpunk_ai.data_fabric.stores.warehouse import open_warehouse
from cyberpunk_ai.data_fabric.streaming_processor import StreamingProcessor
from cyberpunk_ai.data_fabric.streams import dead_letters, open_event_log
from cyberpunk_ai.data_fabric.streams.local_log import LocalEventLog
from tests.clock import Clock
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cyberpunk_ai.data_fabric.stores.warehouse import Warehouse
    from cyberpunk_ai.data_fabric.streams import EventLog


@pytest.fixture
def log() -> Iterator[EventLog]:
    opened = open_event_log(Settings.load())
    yield opened
    opened.close()


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    opened = open_warehouse(Settings.load())
    yield opened
    opened.close()


@pytest.fixture
def processor(log: EventLog, warehouse: Warehouse) -> Iterator[StreamingProcessor]:
    made = StreamingProcessor(log, warehouse, linger_s=0.0)
    yield made
    made.stop()


def orders(count: int, *, start: int = 0, **change: object) -> list[dict[str, object]]:
    return [
        {
            "event_id": f"e{n}", "order_id": f"o{n}", "line_id": "1", "ordered_at": f"2026-03-01T12:00:{n % 60:02}", "quantity": 1.0,
            "unit_price": 2.0, "amount": 2.0, "is_refund": False, "source": "shop", "updated_at": "2026-03-01T12:00:00", **change,
        }
        for n in range(start, start + count)
    ]  # fmt: skip


def readings(count: int) -> list[dict[str, object]]:
    return [{"event_id": f"r{n}", "asset": "pump", "ts": f"2026-03-01T12:{n // 60:02}:{n % 60:02}", "rpm": 900.0} for n in range(count)]


def letters(log: EventLog, topic: str = "orders") -> list[dict[str, Any]]:
    with log.consumer([f"{topic}.dead_letters"]) as consumer:
        return [letter.value for letter in consumer.poll(max_events=10_000)]


def total(warehouse: Warehouse) -> tuple[int, float]:
    row = warehouse.query("SELECT count() AS n, sum(amount) AS amount FROM orders").iloc[0]
    return int(row["n"]), float(row["amount"])


def test_every_topic_fills_its_table(processor: StreamingProcessor, log: EventLog, warehouse: Warehouse) -> None:
    session = {
        "event_id": "s",
        "session_id": "s",
        "started_at": "2026-03-01T12:00:00",
        "page_views": 1,
        "duration_seconds": 1,
        "bounced": 0,
        "converted": 1,
    }
    log.append("orders", orders(10))
    log.append("telemetry", readings(20))
    log.append("web_sessions", [session])
    assert processor.run_once() == 31
    assert [warehouse.row_count(name) for name in ("orders", "telemetry", "web_sessions")] == [10, 20, 1]
    assert total(warehouse) == (10, 20.0)
    assert (processor.stats.events, processor.stats.rows, processor.stats.dead_letters, processor.stats.batches) == (31, 31, 0, 1)


def test_an_empty_log_is_no_work(processor: StreamingProcessor) -> None:
    assert processor.run_once(timeout_s=0.0) == 0
    assert processor.stats.batches == 0


def test_unfit_events_are_set_aside_with_their_reason(processor: StreamingProcessor, log: EventLog, warehouse: Warehouse) -> None:
    log.append(
        "orders", [*orders(5), *orders(1, start=5, amount="much"), *orders(5, start=6), {"event_id": "odd"}], keys=[None] * 11 + ["k"]
    )
    assert processor.run_once() == 12
    assert warehouse.row_count("orders") == 10
    first, second = letters(log)
    assert (first["topic"], first["offset"], first["reason"]) == ("orders", 5, "amount: not a float")
    assert first["value"]["order_id"] == "o5"
    assert second["offset"] == 11
    assert second["key"] == "k"
    assert processor.stats.dead_letters == 2


def test_an_event_sent_twice_or_changed_leaves_one_row(processor: StreamingProcessor, log: EventLog, warehouse: Warehouse) -> None:
    log.append("orders", [*orders(3), *orders(3)])
    processor.run_once()
    log.append("orders", orders(1, amount=7.0, updated_at="2026-03-02T00:00:00"))
    log.append("orders", orders(1, amount=99.0, updated_at="2026-02-01T00:00:00"))  # older than what is known
    processor.run_once()
    assert total(warehouse) == (3, 11.0)


class FailsAtFirst:
    """The real warehouse behind a line that breaks: before the batch arrives, or after it arrived and before the answer."""

    kind = "flaky"

    def __init__(self, warehouse: Warehouse, *, after: bool) -> None:
        self._warehouse, self._after, self.failures = warehouse, after, 2

    def upsert(self, *arguments: Any, **named: Any) -> int:
        rows = self._warehouse.upsert(*arguments, **named) if self._after or not self.failures else 0
        if self.failures:
            self.failures -= 1
            raise StoreFailed("the line broke")
        return rows


@pytest.mark.parametrize("after", [False, True])
def test_a_failing_store_is_asked_again_with_the_same_events(log: EventLog, warehouse: Warehouse, after: bool) -> None:
    processor = StreamingProcessor(log, FailsAtFirst(warehouse, after=after), linger_s=0.0)  # type: ignore[arg-type]
    log.append("orders", [*orders(10), {"event_id": "odd"}])
    for _ in range(2):
        with pytest.raises(StoreFailed, match="the line broke"):
            processor.run_once()
        log.append("orders", orders(5, start=10))  # more comes while it fails
    assert processor.stats.last_error == "the line broke"
    assert processor.run_once() == 11
    assert processor.stats.last_error == ""
    assert processor.run_once() == 10
    assert total(warehouse) == (15, 30.0)
    assert len(letters(log)) == 1
    processor.stop()


def test_a_second_member_takes_over_without_repeating_letters(log: EventLog, warehouse: Warehouse) -> None:
    """The first one wrote letters and rows, and left before it committed."""
    log.append("orders", [*orders(5), {"event_id": "odd"}])

    class Leaves(DeltaWarehouse):
        def upsert(self, *arguments: Any, **named: Any) -> int:
            warehouse.upsert(*arguments, **named)
            raise KeyboardInterrupt

    first = StreamingProcessor(log, Leaves(Settings.load().home / "unused"), linger_s=0.0)
    with pytest.raises(KeyboardInterrupt):
        first.run_once()
    first.stop()
    second = StreamingProcessor(log, warehouse, linger_s=0.0)
    assert second.run_once() == 6
    second.stop()
    assert total(warehouse) == (5, 10.0)
    assert len(letters(log)) == 1


def test_a_thread_works_until_it_is_stopped(log: EventLog, warehouse: Warehouse) -> None:
    processor = StreamingProcessor(log, warehouse, linger_s=0.05)
    processor.start()
    with pytest.raises(Conflict, match="already running"):
        processor.start()
    for start in range(0, 50, 10):
        log.append("orders", orders(10, start=start))
    until(lambda: processor.stats.events == 50, "all events are done")
    assert processor.is_running
    processor.stop()
    assert not processor.is_running
    assert total(warehouse) == (50, 100.0)


class Died(BaseException):
    """No product code may catch it: as if the process had ended there."""


class Mortal:
    """A store whose user dies right after one of the given calls of it, which is also right before the next one."""

    def __init__(self, store: Any, step: Callable[[], None], *deadly: str) -> None:
        self._store, self._step, self._deadly = store, step, deadly

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name == "consumer":
            return lambda *arguments, **named: Mortal(found(*arguments, **named), self._step, "commit")
        if name not in self._deadly:
            return found

        def dying(*arguments: Any, **named: Any) -> Any:
            result = found(*arguments, **named)
            self._step()
            return result

        return dying


def test_dying_at_any_step_of_a_round_loses_and_doubles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between any two of: letters, writes, commits; the next member cuts its rounds elsewhere."""
    monkeypatch.setattr(dead_letters, "SILENCE_S", 0.0)  # a local log never keeps its reader waiting
    clock = Clock()
    log, warehouse = LocalEventLog(tmp_path / "events.sqlite3", clock=clock), DeltaWarehouse(tmp_path / "warehouse")
    for deadly in itertools.count(1):
        name, steps = f"died-at-{deadly:02}", itertools.count(1)
        topics = {f"{name}-orders": "orders", f"{name}-telemetry": "telemetry"}
        lines = [order | {"order_id": f"{name}-{order['order_id']}"} for order in orders(17, source=name)]
        log.append(f"{name}-orders", [*lines[:7], {"event_id": "odd-1"}, {"event_id": "odd-2"}, *lines[7:14]])
        log.append(f"{name}-telemetry", [reading | {"asset": name} for reading in readings(4)])

        def step(deadly: int = deadly, steps: Iterator[int] = steps) -> None:
            if next(steps) == deadly:
                raise Died

        mortal: Any = Mortal(log, step, "append"), Mortal(warehouse, step, "upsert")
        first = StreamingProcessor(*mortal, topics=topics, group=name, linger_s=0.0, max_events=12)
        try:
            while first.run_once(timeout_s=0.0):
                pass
            is_alive = True
        except Died:
            is_alive = False
        clock.advance(61)  # the dead one's lease ends
        log.append(f"{name}-orders", lines[14:])
        second = StreamingProcessor(log, warehouse, topics=topics, group=name, linger_s=0.0, max_events=1000)
        while second.run_once(timeout_s=0.0):
            pass
        assert [letter["value"]["event_id"] for letter in letters(log, f"{name}-orders")] == ["odd-1", "odd-2"], name
        for one in (first, second):
            one.stop()
        if is_alive:
            break
    # Two rounds: letters, orders, telemetry, commit; letters, orders, commit. And one run that nothing happened to.
    assert deadly == 4 + 3 + 1
    names = [f"died-at-{number:02}" for number in range(1, deadly + 1)]
    found = warehouse.query("SELECT source, count() AS n, sum(amount) AS amount FROM orders GROUP BY source ORDER BY source")
    assert found.to_numpy().tolist() == [[name, 17, 34.0] for name in names]
    found = warehouse.query("SELECT asset, count() AS n FROM telemetry GROUP BY asset ORDER BY asset")
    assert found.to_numpy().tolist() == [[name, 4] for name in names]
    log.close()
    warehouse.close()


DIES_BETWEEN_SINK_AND_COMMIT = """
import os, signal, sys
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.stores.delta_warehouse import DeltaWarehouse
from cyberpunk_ai.data_fabric.streaming_processor import StreamingProcessor
from cyberpunk_ai.data_fabric.streams import dead_letters, open_event_log
from cyberpunk_ai.data_fabric.streams.local_log import LocalEventLog
from tests.clock import Clock
from tests.waiting import PATIENCE_S, until

class Dies(DeltaWarehouse):
    left = int(sys.argv[1])
    def upsert(self, *arguments, **named):
        rows = super().upsert(*arguments, **named)
        Dies.left -= 1
        if Dies.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return rows

settings = Settings.load()
processor = StreamingProcessor(open_event_log(settings), Dies(settings.home / "warehouse"), linger_s=0.0, max_events=200)
while processor.run_once(timeout_s=0.0):
    pass
"""


@pytest.mark.parametrize("deadly", [3, pytest.param(1, marks=pytest.mark.full)])
def test_a_kill_between_sink_and_commit_doubles_nothing(log: EventLog, warehouse: Warehouse, deadly: int) -> None:
    log.append("orders", [*orders(990), *[{"event_id": "odd"}] * 10])
    child = subprocess.run([sys.executable, "-c", DIES_BETWEEN_SINK_AND_COMMIT, str(deadly)], check=False, capture_output=True)
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    log.append("orders", orders(10, start=990))
    # Larger rounds than those of the dead one: the batches are cut elsewhere, and still nothing is doubled.
    with_other_cuts = StreamingProcessor(log, warehouse, linger_s=0.0, max_events=330)
    while with_other_cuts.run_once(timeout_s=0.0):
        pass
    with_other_cuts.stop()
    assert total(warehouse) == (1000, 2000.0)
    assert len(letters(log)) == 10


class WithoutGroup:
    """A log whose consumers join no group: at the broker of these tests that takes 20 seconds, and another test is about it."""

    def __init__(self, log: EventLog) -> None:
        self._log, self.commits = log, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def consumer(self, topics: list[str], *, group: str | None = None, **named: Any) -> Any:
        opened = self._log.consumer(topics, **named)
        if group is not None:
            opened.commit = self._count_commit  # type: ignore[method-assign]
        return opened

    def _count_commit(self) -> None:
        self.commits += 1


@pytest.mark.servers
@pytest.mark.parametrize("with_group", [False, pytest.param(True, marks=pytest.mark.full)])
def test_kafka_feeds_the_warehouse_alike(kafka_bootstrap: str, warehouse: Warehouse, tmp_path: Path, with_group: bool) -> None:
    topic = f"orders-{tmp_path.parent.name}-{with_group}"
    kafka = open_event_log(Settings.load(kafka_bootstrap_servers=kafka_bootstrap))
    log = kafka if with_group else WithoutGroup(kafka)
    log.append(topic, [*orders(500), *orders(1, start=500, amount="much")], keys=[str(n % 9) for n in range(501)])
    processor = StreamingProcessor(log, warehouse, topics={topic: "orders"})  # type: ignore[arg-type]
    until(lambda: processor.run_once(timeout_s=1.0) >= 0 and processor.stats.events >= 501, "all events are done")
    processor.stop()
    assert (processor.stats.events, processor.stats.dead_letters) == (501, 1)
    assert isinstance(log, WithoutGroup) is (not with_group)
    assert total(warehouse) == (500, 1000.0)
    log.close()
