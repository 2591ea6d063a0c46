"""Turns what the system and SQLite say about a disk, a folder or a file into one error: which file, why, and what to do.

`details["reason"]` is one of the names in `HINTS`, so that nobody has to read a sentence to tell a full disk from a damaged file.
"""

from __future__ import annotations

import errno
import os
import re
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import StoreFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HINTS = {
    "disk_full": "free some space on that disk; then try again",
    "quota_exceeded": "free some space of your quota, or have it raised; then try again",
    "file_too_large": "raise the limit of file size (ulimit -f) of this process; then try again",
    "read_only": "make the file and its folder writable for the user that runs this process",
    "damaged": "restore a backup of the file, or move it away: docs/reference/stores.md (Recover a damaged file) says what that loses",
    "locked": "end the process that has been writing for so long, or wait until it is done",
    "cannot_open": "check that its folder exists and that the user that runs this process may read and write in it",
    "io_error": "check the disk: the system log has the details",
}
UNWRITABLE = frozenset(HINTS) - {"locked"}
"""Reasons for which a store cannot be written here, whoever else writes or not."""

_REASONS = {
    errno.ENOSPC: "disk_full", errno.EDQUOT: "quota_exceeded", errno.EFBIG: "file_too_large", errno.EROFS: "read_only",
    errno.EACCES: "read_only", errno.EPERM: "read_only", errno.EIO: "io_error",
}  # fmt: skip
_SQLITE = {
    sqlite3.SQLITE_FULL: "disk_full", sqlite3.SQLITE_READONLY: "read_only", sqlite3.SQLITE_PERM: "read_only",
    sqlite3.SQLITE_CORRUPT: "damaged", sqlite3.SQLITE_NOTADB: "damaged", sqlite3.SQLITE_BUSY: "locked", sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_CANTOPEN: "cannot_open", sqlite3.SQLITE_IOERR: "io_error",
}  # fmt: skip
# Libraries in C++ quote the words alone. Others than these also stand in errors that have nothing to do with a disk.
_TOLD_BY_TEXT = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
_OS_ERROR = re.compile(r"os error (\d+)")


def reason_of(error: BaseException) -> str | None:
    """Return why storage failed, or None where the error is about something else.

    Args:
        error: An OSError; one of SQLite; or one of a library that quotes the system.
    """
    if isinstance(error, sqlite3.Error):
        return _SQLITE.get((getattr(error, "sqlite_errorcode", None) or 0) & 0xFF)
    if isinstance(error, OSError) and error.errno is not None:
        return _REASONS.get(error.errno)
    said = str(error)
    quoted = _OS_ERROR.search(said)
    if quoted is not None:
        return _REASONS.get(int(quoted.group(1)))
    return next((_REASONS[number] for number in _TOLD_BY_TEXT if os.strerror(number) in said), None)


def storage_failure(what: str, file: Path | str, error: BaseException) -> StoreFailed | None:
    """Return the error of a failed access to a file, or None where it is about something else.

    Args:
        what: What failed, such as `the event log`.
        file: Which file or folder.
        error: What was raised.
    """
    reason = reason_of(error)
    if reason is None:
        return None
    return StoreFailed(f"{what} {file} failed: {reason.replace('_', ' ')} ({error})", hint=HINTS[reason], file=str(file), reason=reason)


@contextmanager
def writing(what: str, file: Path | str) -> Iterator[None]:
    """Raise a full, read-only or failing disk as `StoreFailed` that names the file; anything else as it is.

    Raises:
        StoreFailed: As said.
    """
    try:
        yield
    except StoreFailed:
        raise
    except Exception as error:  # of any library that writes: only what the system said about the disk is taken
        failure = storage_failure(what, file, error)
        if failure is None:
            raise
        raise failure from error
