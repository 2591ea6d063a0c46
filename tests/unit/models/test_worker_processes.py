"""Work in processes of its own: answers, errors, ends and ceilings, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from cyberpunk_ai.core.errors import InvalidArgument, Unavailable
from cyberpunk_ai.models.worker_processes import Ended, WorkerProcesses
from tests.unit.models import work
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def processes() -> Iterator[WorkerProcesses]:
    """Two at once, three at most."""
    some = WorkerProcesses(2, most=3, limit_s=600.0)
    yield some
    some.close()


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A process that has ended stays listed until its parent has heard of it.
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "Z"


def test_work_is_done_elsewhere_and_its_answer_comes_back(processes: WorkerProcesses) -> None:
    first, second = processes.run(work.where), processes.run(work.where)
    assert len({first, second, os.getpid()}) == 3
    told: list[tuple[int, int]] = []
    assert processes.run(work.count, 3, told={"on_step": lambda *each: told.append(each)}) == 3
    assert told == [(0, 3), (1, 3), (2, 3)]


def test_items_come_one_by_one_and_the_end_is_told(processes: WorkerProcesses) -> None:
    with processes.start(work.numbers, 3) as numbers:
        assert [numbers.item(None) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(Ended):
            numbers.item(None)


def test_errors_come_back_whole(processes: WorkerProcesses) -> None:
    with pytest.raises(InvalidArgument, match="no such level") as caught:
        processes.run(work.fail, "ours")
    assert (caught.value.hint, caught.value.details) == ("levels lie between 1 and 99", {"level": 100})
    with pytest.raises(ZeroDivisionError, match="by nothing"):
        processes.run(work.fail, "others")
    with pytest.raises(RuntimeError, match="Local: unknown elsewhere"):
        processes.run(work.fail, "strange")


def test_a_process_that_is_taken_down_is_an_error_and_not_a_silence(processes: WorkerProcesses) -> None:
    with pytest.raises(Unavailable, match="exited with status"):
        processes.run(work.end_without_a_word)
    assert processes.run(work.count, 1, told={"on_step": lambda *_each: None}) == 1


def test_work_that_takes_too_long_is_ended() -> None:
    processes, started = WorkerProcesses(1, limit_s=0.5), []
    with pytest.raises(Unavailable, match=r"longer than 0\.5 s") as caught:
        processes.run(work.wait, told={"on_start": started.append})
    assert "CYBERPUNK_MAX_CALCULATION_S" in caught.value.hint
    assert all(is_gone(pid) for pid in started)


def test_what_is_given_up_ends_with_all_that_it_started(processes: WorkerProcesses) -> None:
    started: list[int] = []
    with pytest.raises(KeyError, match="enough"):
        # What a callback raises ends the work, as where a job is cancelled.
        processes.run(work.wait_with_a_process_of_its_own, told={"on_start": lambda *pids: (started.extend(pids), {}["enough"])})
    assert len(started) == 2
    until(lambda: all(is_gone(pid) for pid in started), "processes end")


def test_more_than_the_ceiling_is_refused_and_what_ends_makes_room() -> None:
    processes = WorkerProcesses(1, most=2)
    running = processes.start(work.numbers, 2)
    assert running.item(None) == 0
    waiting = processes.start(work.numbers, 2)
    with pytest.raises(Unavailable, match="limit of 2 calculations: 1 running, 1 waiting") as caught:
        processes.run(work.where)
    assert "CYBERPUNK_MAX_CALCULATIONS" in caught.value.hint
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(waiting.item(None)))
    thread.start()
    running.close()
    thread.join()
    assert found == [0]
    waiting.close()
    waiting.close()
    given_up = processes.start(work.numbers, 1)
    given_up.close()
    assert [processes.run(work.count, 1, told={"on_step": lambda *_each: None}) for _ in range(3)] == [1, 1, 1]
    processes.close()
    with pytest.raises(Unavailable, match="shutting down"):
        processes.run(work.where)


def test_closing_tells_whoever_waits() -> None:
    processes, begun = WorkerProcesses(1), threading.Event()
    ends: list[str] = []

    def ask() -> None:
        try:
            processes.run(work.wait, told={"on_start": lambda _pid: begun.set()})
        except Unavailable as error:
            ends.append(error.message)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    begun.wait()
    processes.close()
    for thread in threads:
        thread.join()
    assert len(ends) == 2
    assert all("cancelled" in end for end in ends)


@pytest.mark.full
def test_nothing_is_left_of_a_server_that_was_killed() -> None:
    code = """
from cyberpunk_ai.models.worker_processes import WorkerProcesses
from tests.unit.models import work
if __name__ == "__main__":
    WorkerProcesses(1).run(work.wait_with_a_process_of_its_own, told={"on_start": lambda *pids: print(*pids, flush=True)})
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": "lib:."}
    ) as server:
        assert server.stdout is not None
        pids = [int(each) for each in server.stdout.readline().split()]
        assert len(pids) == 2
        server.send_signal(signal.SIGKILL)
    until(lambda: all(is_gone(pid) for pid in pids), "processes end")
