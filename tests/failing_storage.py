"""Storage that fails for real: folders that cannot be written, also by root, and files that may not grow."""

from __future__ import annotations

import ctypes
import os
import resource
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_VERSION = 0x20080522
_PASS_OVER_PERMISSIONS = (1 << 1) | (1 << 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make a folder and all below it read-only inside the block, for this thread and those that it starts.

    Root passes over permissions; the thread drops the capability to do so.
    """
    modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
    for path, mode in modes.items():
        path.chmod(stat.S_IMODE(mode) & ~0o222)
    try:
        with _as_ordinary_user():
            yield
    finally:
        for path, mode in modes.items():
            path.chmod(stat.S_IMODE(mode))


@contextmanager
def small_files(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes inside the block."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def _as_ordinary_user() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    system, header, data = ctypes.CDLL(None, use_errno=True), _Header(_VERSION, 0), (_Data * 2)()
    assert system.capget(ctypes.byref(header), data) == 0
    before = data[0].effective
    data[0].effective = before & ~_PASS_OVER_PERMISSIONS
    assert system.capset(ctypes.byref(header), data) == 0
    try:
        yield
    finally:
        data[0].effective = before
        assert system.capset(ctypes.byref(header), data) == 0
