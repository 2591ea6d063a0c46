"""One writer per stream: a lease in `sync_state`, taken by compare-and-swap, renewed with every batch, freed when its process is gone."""

from __future__ import annotations

import os
import socket
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.errors import Conflict, CyberpunkError
from cyberpunk_ai.core.logs import get_logger
from cyberpunk_ai.data_fabric.stores.records import sync_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

    from cyberpunk_ai.data_fabric.stores.operational import Operational

LEASE_S = 120.0
log = get_logger("data_fabric.landing.leases")
# Owners whose block is running in this process. The record may name one whose block is over: the database was away when it ended.
_HOLDING: set[str] = set()


@dataclass(frozen=True)
class Lease:
    """The right to write a stream.

    Attributes:
        source: Name of the source.
        stream: Name of the stream.
        owner: Who holds it: host, process and a random part.
    """

    source: str
    stream: str
    owner: str

    def renew(self, connection: Connection) -> None:
        """Prolong the lease inside a transaction, so that a batch lands only while the stream is still ours.

        Raises:
            Conflict: Another process took over, because this one was silent for too long.
        """
        held = connection.execute(
            update(sync_state)
            .where(sync_state.c.source == self.source, sync_state.c.stream == self.stream, sync_state.c.lock_owner == self.owner)
            .values(lock_until=utc_now() + timedelta(seconds=LEASE_S))
        )
        if held.rowcount != 1:
            raise Conflict(f"{self.source}/{self.stream} was taken over by another process", hint="run the sync again", stream=self.stream)


@contextmanager
def lease(operational: Operational, source: str, stream: str) -> Iterator[Lease]:
    """Hold a stream for the length of the block.

    A lease left behind by a process of this machine that no longer runs, or by a block of this process that is over, is taken over at once;
    others when they run out.

    Raises:
        Conflict: Somebody else holds the stream.
    """
    held = Lease(source, stream, f"{_process(os.getpid())}:{uuid.uuid4().hex[:12]}")
    _HOLDING.add(held.owner)
    try:
        _take(operational, held)
        try:
            yield held
        finally:
            _let_go(operational, held)
    finally:
        _HOLDING.discard(held.owner)


def _take(operational: Operational, held: Lease) -> None:
    source, stream = held.source, held.stream
    with operational.begin() as connection:
        _ensure_row(connection, source, stream)
        holder = connection.execute(
            select(sync_state.c.lock_owner, sync_state.c.lock_until).where(sync_state.c.source == source, sync_state.c.stream == stream)
        ).one()
        free = holder.lock_owner is None or holder.lock_until is None or _is_over(holder.lock_owner)
        now = utc_now()
        mine = (sync_state.c.source == source, sync_state.c.stream == stream)
        unchanged = or_(sync_state.c.lock_owner == holder.lock_owner, sync_state.c.lock_owner.is_(None))
        taken = connection.execute(
            update(sync_state)
            .where(*mine, unchanged if free else sync_state.c.lock_until < now)
            .values(lock_owner=held.owner, lock_until=now + timedelta(seconds=LEASE_S))
        )
        if taken.rowcount != 1:
            raise Conflict(
                f"{source}/{stream} is being synced by another process",
                hint="wait until it is done",
                owner=holder.lock_owner,
                until=holder.lock_until,
            )


def _let_go(operational: Operational, held: Lease) -> None:
    mine = (sync_state.c.source == held.source, sync_state.c.stream == held.stream, sync_state.c.lock_owner == held.owner)
    try:
        with operational.begin() as connection:
            connection.execute(update(sync_state).where(*mine).values(lock_owner=None, lock_until=None))
    except (CyberpunkError, SQLAlchemyError) as error:
        # What the block did is in the record or is not; the lease changes neither, and this process may take the stream again at once.
        log.warning("a lease could not be released", source=held.source, stream=held.stream, problem=type(error).__name__)


def _ensure_row(connection: Connection, source: str, stream: str) -> None:
    from sqlalchemy.dialects import postgresql, sqlite

    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(sync_state)
    connection.execute(insert.values(source=source, stream=stream, sequence=0).on_conflict_do_nothing())


def _process(pid: int) -> str:
    """Name a process so that a later one with the same number is not taken for it: host, number, start time."""
    return f"{socket.gethostname()}:{pid}:{_started(pid)}"


def _started(pid: int) -> str:
    try:
        # Fields follow the name in brackets, which may itself hold blanks; the 20th after it is the start time in ticks.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return "0"


def _is_over(owner: str) -> bool:
    """Whether the owner is a block of this process that has ended, or a process of this machine that no longer runs."""
    if owner.startswith(f"{_process(os.getpid())}:"):
        return owner not in _HOLDING
    parts = owner.split(":")
    if len(parts) != 4 or parts[0] != socket.gethostname() or not parts[1].isdigit():
        return False
    pid = int(parts[1])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _started(pid) != parts[2]
