"""A call that is repeated from a thread while a block runs, such as the extension of a lease."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def repeated(beat: Callable[[], bool], *, every_s: float, name: str) -> Iterator[None]:
    """Call a function again and again while the block runs; the thread has ended when the block has.

    Args:
        beat: Returns whether to go on. It handles its own errors.
        every_s: Seconds between two calls, and before the first.
        name: Of the thread.
    """
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(every_s) and beat():
            pass

    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
