"""What only the local log promises: leases, retention, exact ends."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
import structlog

from cyberpunk_ai.core.errors import Conflict, NotFound, StoreFailed
from cyberpunk_ai.data_fabric.streams import local_consumer
from cyberpunk_ai.data_fabric.streams.local_log import LocalEventLog
from tests.clock import Clock
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LocalEventLog]:
    opened = LocalEventLog(tmp_path / "events.sqlite3")
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_consumer, "CLAIM_EVERY_S", 0.0)


def numbers(count: int) -> list[dict[str, object]]:
    return [{"event_id": f"e{number}", "number": number} for number in range(count)]


def test_one_member_reads_and_the_other_stands_by(log: LocalEventLog) -> None:
    log.append("t", numbers(10))
    with log.consumer(["t"], group="g") as first, log.consumer(["t"], group="g") as second:
        assert len(first.poll()) == 10
        assert second.poll() == []
        first.commit()
        first.close()
        log.append("t", numbers(3))
        assert len(second.poll()) == 3


def test_what_was_not_committed_goes_to_the_one_who_takes_over(log: LocalEventLog) -> None:
    log.append("t", numbers(10))
    with log.consumer(["t"], group="g") as first, log.consumer(["t"], group="g") as second:
        first.poll(max_events=4)
        first.commit()
        first.poll(max_events=4)
        first.close()
        assert [event.offset for event in second.poll()] == [4, 5, 6, 7, 8, 9]


def test_a_member_that_overslept_cannot_commit(tmp_path: Path) -> None:
    clock = Clock()
    log = LocalEventLog(tmp_path / "events.sqlite3", lease_s=60, clock=clock)
    log.append("t", numbers(10))
    with log.consumer(["t"], group="g") as sleeper, log.consumer(["t"], group="g") as heir:
        sleeper.poll()
        clock.advance(60)
        assert heir.poll(timeout_s=0) == [], "the lease lasts to its end"
        clock.advance(0.001)
        assert len(heir.poll(timeout_s=0)) == 10
        with pytest.raises(Conflict, match="taken over t"):
            sleeper.commit()
        heir.commit()
        assert sleeper.poll(timeout_s=0) == []
    log.close()


def test_a_member_that_finds_itself_replaced_reads_no_more(tmp_path: Path) -> None:
    clock = Clock()
    log = LocalEventLog(tmp_path / "events.sqlite3", lease_s=60, clock=clock)
    log.append("t", numbers(10))
    with log.consumer(["t"], group="g") as sleeper, log.consumer(["t"], group="g") as heir:
        clock.advance(61)
        assert len(heir.poll(timeout_s=0)) == 10
        with structlog.testing.capture_logs() as lines:
            assert sleeper.poll(timeout_s=0) == []
    assert [line["event"] for line in lines] == ["another member has taken over"]
    log.close()


def test_polling_keeps_the_lease(tmp_path: Path) -> None:
    clock = Clock()
    log = LocalEventLog(tmp_path / "events.sqlite3", lease_s=60, clock=clock)
    with log.consumer(["t"], group="g") as member, log.consumer(["t"], group="g") as other:
        for seconds in (30, 59, 59, -100_000, 59, 59, 100_059, 59):
            clock.advance(seconds)
            log.append("t", numbers(1))
            assert len(member.poll(timeout_s=0)) == 1
            assert other.poll(timeout_s=0) == []
        member.commit()
    log.close()


def test_a_member_whose_process_died_is_replaced_before_its_lease_ends(log: LocalEventLog) -> None:
    log.append("t", numbers(10))
    script = (
        "import sys, pathlib\n"
        "from cyberpunk_ai.data_fabric.streams.local_log import LocalEventLog\n"
        "consumer = LocalEventLog(pathlib.Path(sys.argv[1])).consumer(['t'], group='g')\n"
        "consumer.poll(max_events=5); consumer.commit(); print('ready', flush=True); sys.stdin.read()\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(log.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    with log.consumer(["t"], group="g") as heir:
        assert heir.poll() == []
        child.kill()
        child.communicate()
        events = until(lambda: heir.poll(timeout_s=0), "the heir reads")
    assert [event.offset for event in events] == [5, 6, 7, 8, 9]


def test_two_groups_do_not_know_each_other(log: LocalEventLog) -> None:
    log.append("t", numbers(5))
    with log.consumer(["t"], group="a") as first, log.consumer(["t"], group="b") as second:
        assert len(first.poll()) == len(second.poll()) == 5


def test_a_lone_member_may_set_its_group_anew(log: LocalEventLog) -> None:
    log.append("t", numbers(5))
    with log.consumer(["t"], group="g") as consumer:
        consumer.poll()
        consumer.commit()
    with log.consumer(["t"], group="g", start="earliest") as consumer:
        assert len(consumer.poll()) == 5
        with log.consumer(["t"], group="g", start="latest") as other:  # somebody reads: no place is changed
            consumer.close()
            assert len(other.poll()) == 5


def test_lag_counts_what_is_left(log: LocalEventLog) -> None:
    log.append("t", numbers(10))
    with log.consumer(["t", "u"], group="g") as consumer, log.consumer(["t"], group="g") as standing_by:
        assert consumer.lag() == 10
        consumer.poll(max_events=4)
        assert consumer.lag() == 6
        assert standing_by.lag() == 10
        consumer.commit()
        assert standing_by.lag() == 6


def test_a_busy_topic_does_not_starve_another(log: LocalEventLog) -> None:
    log.append("busy", numbers(1000))
    log.append("quiet", numbers(1))
    with log.consumer(["busy", "quiet"]) as consumer:
        topics = {event.topic for _ in range(2) for event in consumer.poll(max_events=10)}
    assert topics == {"busy", "quiet"}


def test_old_events_go_and_offsets_stay(log: LocalEventLog) -> None:
    log.append("t", numbers(100))
    assert log.trim("t", keep_events=10) == 90
    assert log.trim("t", keep_events=10) == 0
    assert log.trim("unknown") == 0
    assert log.end_offsets("t") == {0: 100}
    with log.consumer(["t"]) as consumer:
        assert [event.offset for event in consumer.poll()] == list(range(90, 100))
    assert log.trim("t", keep_s=-1) == 10
    log.append("t", numbers(1))
    with log.consumer(["t"]) as consumer:
        assert [event.offset for event in consumer.poll()] == [100]


def test_events_go_when_they_are_old_enough(tmp_path: Path) -> None:
    clock = Clock()
    log = LocalEventLog(tmp_path / "events.sqlite3", retention_s=100, clock=clock)
    for _ in range(4):
        log.append("t", numbers(10))
        clock.advance(40)
    assert log.trim("t") == 20
    assert log.trim("t", keep_s=70) == 10
    with log.consumer(["t"]) as consumer:
        assert [(event.offset, event.timestamp_ms) for event in consumer.poll()] == [(n, 1_000_120_000) for n in range(30, 40)]
    log.close()


def test_trimming_works_in_chunks(log: LocalEventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cyberpunk_ai.data_fabric.streams.local_log.TRIM_CHUNK", 7)
    log.append("t", numbers(100))
    assert log.trim("t", keep_events=10) == 90
    assert log.trim("t", keep_s=-1) == 10


def test_events_gone_before_they_were_read_are_told(log: LocalEventLog) -> None:
    log.append("t", numbers(10))
    with log.consumer(["t"]) as consumer:
        log.trim("t", keep_events=4)
        with structlog.testing.capture_logs() as lines:
            assert len(consumer.poll()) == 4
    assert lines[0]["lost"] == 6


def test_appending_trims_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cyberpunk_ai.data_fabric.streams.local_log.TRIM_EVERY_S", 0.0)
    log = LocalEventLog(tmp_path / "events.sqlite3", retention_events=5)
    for _ in range(3):
        log.append("t", numbers(10))
    with log.consumer(["t"]) as consumer:
        assert [event.offset for event in consumer.poll()] == [25, 26, 27, 28, 29]
    log.close()


def test_an_unreadable_payload_is_an_event_with_a_problem(log: LocalEventLog) -> None:
    log.append("t", numbers(1))
    with sqlite3.connect(log.path) as connection:
        connection.execute("UPDATE events SET payload = ?", (b"\xff{",))
    connection.close()
    with log.consumer(["t"]) as consumer:
        (event,) = consumer.poll()
    assert event.problem.startswith("not JSON")


def test_threads_append_without_loss(log: LocalEventLog) -> None:
    threads = [threading.Thread(target=lambda: [log.append("t", numbers(5)) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.end_offsets("t") == {0: 400}


def test_two_files_are_two_identities(log: LocalEventLog, tmp_path: Path) -> None:
    other = LocalEventLog(tmp_path / "other.sqlite3")
    assert log.identity("t") != other.identity("t")
    other.close()


def test_seeking_elsewhere_is_refused(log: LocalEventLog) -> None:
    with log.consumer(["t"]) as consumer, pytest.raises(NotFound, match="does not read 'u'"):
        consumer.seek("u", 0)


def test_a_file_that_is_no_log_is_told(tmp_path: Path) -> None:
    path = tmp_path / "events.sqlite3"
    path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(StoreFailed, match=r"events\.sqlite3"):
        LocalEventLog(path).ping()
