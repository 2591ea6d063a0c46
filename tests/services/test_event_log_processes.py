"""The local log among processes: three write, four read in two groups, one of each kind is killed, nothing is lost or doubled.

A reader's effect is a row in a file of its own, keyed by event, written before the commit: what every user of the log must do, too.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cyberpunk_ai.data_fabric.streams.local_log import LocalEventLog
from tests.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITER = """
import pathlib, sys
from cyberpunk_ai.data_fabric.streams.local_log import LocalEventLog
log, name = LocalEventLog(pathlib.Path(sys.argv[1])), sys.argv[2]
for batch in range(int(sys.argv[3])):
    log.append("t", [{"event_id": f"{name}-{batch}-{n}", "writer": name, "number": batch * 20 + n} for n in range(20)])
    print(batch, flush=True)
"""

READER = """
import pathlib, sqlite3, sys
from cyberpunk_ai.core.errors import Conflict
from cyberpunk_ai.data_fabric.streams.local_log import LocalEventLog
sink = sqlite3.connect(sys.argv[3], timeout=150, isolation_level=None)
consumer = LocalEventLog(pathlib.Path(sys.argv[1])).consumer(["t"], group=sys.argv[2])
print("ready", flush=True)
while True:
    events = consumer.poll(max_events=50, timeout_s=0.5)
    if not events:
        continue
    sink.execute("BEGIN IMMEDIATE")
    for event in events:
        sink.execute("INSERT INTO effects VALUES (?, ?, ?) ON CONFLICT (event_id) DO UPDATE SET deliveries = deliveries + 1",
                     (event.value["event_id"], event.offset, 1))
    sink.execute("COMMIT")
    try:
        consumer.commit()
    except Conflict:
        continue
"""


@pytest.fixture
def children() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes of the test; whichever still live are ended, one by one, by their ids."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for child in started:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def start(children: list[subprocess.Popen[str]], script: str, *arguments: object) -> subprocess.Popen[str]:
    child = subprocess.Popen([sys.executable, "-c", script, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    children.append(child)
    return child


def line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def effects(sink: Path) -> list[tuple[str, int, int]]:
    connection = sqlite3.connect(sink, timeout=PATIENCE_S)
    try:
        return connection.execute("SELECT event_id, place, deliveries FROM effects ORDER BY place").fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("batches", [12, pytest.param(60, marks=pytest.mark.full)])
def test_nothing_is_lost_or_doubled_when_a_writer_and_a_reader_are_killed(
    tmp_path: Path, children: list[subprocess.Popen[str]], batches: int
) -> None:
    path = tmp_path / "events.sqlite3"
    sinks = {group: tmp_path / f"{group}.sqlite3" for group in ("left", "right")}
    for sink in sinks.values():
        connection = sqlite3.connect(sink)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE effects (event_id TEXT PRIMARY KEY, place INTEGER, deliveries INTEGER)")
        connection.close()
    # The first of each group becomes its reader, the second stands by.
    readers = {}
    for group, sink in sinks.items():
        for place in ("first", "second"):
            readers[group, place] = start(children, READER, path, group, sink)
            assert line(readers[group, place]) == "ready"
    writers = [start(children, WRITER, path, f"w{number}", batches) for number in range(3)]

    for _ in range(batches // 4):
        acknowledged = int(line(writers[0]))
    writers[0].kill()
    rest, _ = writers[0].communicate()
    acknowledged = max([acknowledged, *(int(text) for text in rest.split())])
    until(lambda: len(effects(sinks["left"])) >= batches * 3, "the first reader is at work")
    readers["left", "first"].kill()
    for writer in writers[1:]:
        writer.communicate(timeout=PATIENCE_S)
        assert writer.returncode == 0

    log = LocalEventLog(path)
    (end,) = log.end_offsets("t").values()
    with log.consumer(["t"]) as consumer:
        events = []
        while polled := consumer.poll(max_events=5000, timeout_s=0):
            events += polled
    log.close()
    assert [event.offset for event in events] == list(range(end))
    by_writer = {name: [event.value["number"] for event in events if event.value["writer"] == name] for name in ("w0", "w1", "w2")}
    assert by_writer["w1"] == by_writer["w2"] == list(range(batches * 20))
    # The killed one: whole batches only, every acknowledged one, at most one more.
    assert by_writer["w0"] == list(range(len(by_writer["w0"])))
    assert len(by_writer["w0"]) in {(acknowledged + 1) * 20, (acknowledged + 2) * 20}

    expected = [(event.value["event_id"], event.offset) for event in events]
    for group, sink in sinks.items():
        until(lambda sink=sink: len(effects(sink)) >= end, f"the readers of {group} saw all")  # type: ignore[misc]
    for sink in sinks.values():
        assert [(event_id, place) for event_id, place, _ in effects(sink)] == expected
    # Delivered again was at most the one batch that the killed reader had in hand; the undisturbed group saw each event once.
    assert {deliveries for _, _, deliveries in effects(sinks["right"])} == {1}
    again = [place for _, place, deliveries in effects(sinks["left"]) if deliveries > 1]
    assert len(again) <= 50
    assert max((deliveries for _, _, deliveries in effects(sinks["left"])), default=1) <= 2
    assert readers["left", "second"].poll() is None
