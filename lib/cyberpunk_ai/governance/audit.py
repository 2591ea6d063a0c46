"""The audit log: one line a verb, who did what to which resource and how it ended. Arguments are kept, data is not.

A verb that only reads leaves its line when it has ended. One that changes something leaves it before it begins, as `started`, so that
nothing is changed where no line can be kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.results import to_jsonable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from cyberpunk_ai.data_fabric.stores.operational import Operational
    from cyberpunk_ai.governance.callers import Caller


STARTED = "started"


def write(operational: Operational, caller: Caller, verb: str, resource: str, detail: Mapping[str, object], outcome: str) -> int:
    """Write one line and return its id.

    Args:
        operational: Store of the log.
        caller: Who.
        verb: Which verb of the workspace.
        resource: What it was done to, e.g. a metric, a source, a customer id.
        detail: Arguments, JSON-ready or made so.
        outcome: `ok`, the code of the error, or `started`.
    """
    from cyberpunk_ai.data_fabric.stores.records import audit_log

    with operational.begin() as connection:
        written = connection.execute(
            audit_log.insert().values(
                at=utc_now(), caller=caller.caller_id, verb=verb, resource=_storable(resource), detail=_storable(to_jsonable(dict(detail))),
                outcome=outcome,
            )
        )  # fmt: skip
    (line,) = written.inserted_primary_key or (0,)
    return int(line)


def end(operational: Operational, line: int, outcome: str) -> None:
    """Write how a verb ended into the line that it left when it began."""
    from cyberpunk_ai.data_fabric.stores.records import audit_log

    with operational.begin() as connection:
        connection.execute(audit_log.update().where(audit_log.c.id == line).values(outcome=outcome))


def _storable(value: Any) -> Any:
    """Spell out zero bytes: PostgreSQL keeps none, and a call must not escape its audit line by naming one."""
    if isinstance(value, str):
        return value.replace("\x00", "\\0")
    if isinstance(value, dict):
        return {_storable(name): _storable(item) for name, item in value.items()}
    return [_storable(item) for item in value] if isinstance(value, list) else value


def recent(operational: Operational, *, limit: int = 100) -> pd.DataFrame:
    """Return the newest lines first: at, caller, verb, resource, detail, outcome."""
    import pandas as pd
    from sqlalchemy import select

    from cyberpunk_ai.data_fabric.stores.records import audit_log

    columns = [audit_log.c[name] for name in ("at", "caller", "verb", "resource", "detail", "outcome")]
    with operational.read() as connection:
        rows = connection.execute(select(*columns).order_by(audit_log.c.id.desc()).limit(limit)).all()
    return pd.DataFrame([tuple(row) for row in rows], columns=[column.name for column in columns])
