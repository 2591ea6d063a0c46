"""A repeated call goes on while its block runs, and no longer."""

from __future__ import annotations

import threading

from cyberpunk_ai.core.heartbeats import repeated
from tests.waiting import until


def test_beats_go_on_while_the_block_runs_and_end_with_it() -> None:
    beats: list[str] = []
    with repeated(lambda: beats.append(threading.current_thread().name) or True, every_s=0.001, name="pulse"):
        until(lambda: len(beats) >= 3, "it beats again and again")
    assert set(beats) == {"pulse"}
    assert "pulse" not in {thread.name for thread in threading.enumerate()}


def test_a_beat_that_gives_up_is_the_last() -> None:
    beats: list[int] = []
    with repeated(lambda: beats.append(1) or len(beats) < 2, every_s=0.001, name="pulse"):
        until(lambda: "pulse" not in {thread.name for thread in threading.enumerate()}, "the thread ends by itself")
    assert beats == [1, 1]


def test_a_block_that_is_short_has_no_beat() -> None:
    beats: list[int] = []
    with repeated(lambda: beats.append(1) or True, every_s=3_600.0, name="pulse"):
        pass
    assert beats == []
