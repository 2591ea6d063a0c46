"""Tells recorded work that goes on from work whose process has ended: runs and syncs alike.

A row names its process (`owner`) and holds a lease that heartbeats extend (`lease_until`). On the machine of that process the work has
ended with the process, and a lease may be overdue for minutes, as after a laptop's sleep; everywhere else the lease alone decides.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, select, update

from cyberpunk_ai.core.clock import naive_utc
from cyberpunk_ai.core.processes import has_ended, host_of, is_here

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import ColumnElement, RowMapping, Table

    from cyberpunk_ai.data_fabric.stores.operational import Operational

    Row = RowMapping | Mapping[str, Any]

LEASE_SECONDS = 60.0
HEARTBEAT_SECONDS = 15.0
OVERDUE_SECONDS = 600.0
RUNNING, INTERRUPTED = "running", "interrupted"


def lease_from(now: datetime) -> datetime:
    """Return until when work counts as going on without another heartbeat."""
    return naive_utc(now) + timedelta(seconds=LEASE_SECONDS)


def is_interrupted(row: Row, now: datetime) -> bool:
    """Whether a row says `running` although nothing works on it any more.

    Args:
        row: status, owner, lease_until and started_at.
        now: Aware moment to judge by.
    """
    if row["status"] != RUNNING:
        return False
    if has_ended(row["owner"]):
        return True
    until = row["lease_until"] or (row["started_at"] and lease_from(row["started_at"]))
    overdue = timedelta(seconds=OVERDUE_SECONDS if is_here(row["owner"]) else 0)
    return until is None or until + overdue < naive_utc(now)


def as_seen(row: Row, now: datetime, what_next: Callable[[Row], str]) -> dict[str, Any]:
    """Return a row as readers see it: `interrupted`, with what happened and what to do, where its process has ended.

    Args:
        row: The row as it is kept.
        now: Aware moment to judge by.
        what_next: Says what to do about a row.
    """
    if not is_interrupted(row, now):
        return dict(row)
    return dict(row) | {"status": INTERRUPTED, "error": explanation(row, what_next(row))}


def explanation(row: Row, what_next: str) -> dict[str, str]:
    """Return the error of interrupted work: code, message and hint."""
    host = host_of(row["owner"])
    if has_ended(row["owner"]):
        why = f"its process on {host} (pid {row['owner'].split(':')[1]}) ended before it was done"
    elif row["lease_until"] is None:
        why = "its process has left no heartbeat"
    else:
        last = row["lease_until"] - timedelta(seconds=LEASE_SECONDS)
        why = f"the last heartbeat of its process on {host} was at {last:%Y-%m-%d %H:%M:%S} UTC"
    return {"code": INTERRUPTED, "message": f"Interrupted: {why}. {what_next}", "hint": what_next}


def settle(operational: Operational, table: Table, now: datetime, what_next: Callable[[Row], str]) -> int:
    """Write `interrupted` into the rows of a table whose process has ended, and return how many.

    A row that got a heartbeat in between stays as it is.

    Args:
        operational: Store of the table.
        table: Has run_id, status, owner, lease_until, started_at and error.
        now: Aware moment to judge by.
        what_next: Says what to do about a row.
    """
    with operational.read() as connection:
        running = connection.execute(select(table).where(table.c.status == RUNNING)).mappings().all()
    ended = [row for row in running if is_interrupted(row, now)]
    if not ended:  # a start that finds nothing to settle takes no write lock
        return 0
    with operational.begin() as connection:
        return sum(
            connection.execute(
                update(table).where(unchanged(table, row)).values(status=INTERRUPTED, error=explanation(row, what_next(row)))
            ).rowcount
            for row in ended
        )


def unchanged(table: Table, row: Row) -> ColumnElement[bool]:
    """Return the condition that a row still is as it was read, so that only one of several processes changes it."""
    kept = {name: row[name] for name in ("run_id", "status", "owner", "lease_until")}
    return and_(*(table.c[name].is_(None) if value is None else table.c[name] == value for name, value in kept.items()))
