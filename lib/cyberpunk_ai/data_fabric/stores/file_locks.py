"""A lock between processes on one machine, held on a file. Locks between machines belong to the database."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import Conflict
from cyberpunk_ai.core.storage_errors import writing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def file_lock(path: Path, *, timeout_s: float = 60.0) -> Iterator[None]:
    """Hold the lock inside the block. It falls with the process that holds it, also when that process is killed.

    Args:
        path: File that stands for the lock; it is created and stays.
        timeout_s: How long to wait for another holder.

    Raises:
        Conflict: Another process holds it for longer than `timeout_s`.
        StoreFailed: The file cannot be made: the disk is full, or may not be written.
    """
    with writing("the lock", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + timeout_s
        while not _try_lock(handle):
            if time.monotonic() > deadline:
                raise Conflict(f"another process holds {path} for more than {timeout_s:g} s", hint="end that process, then try again")
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
