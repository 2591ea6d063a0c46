"""Run by Alembic: applies the steps on the connection that `Operational.upgrade` hands over, inside its transaction."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from cyberpunk_ai.data_fabric.stores.records import UtcMoment, metadata


def _plain(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our own column type as the plain one below it, so that an old step never depends on today's code."""
    return "sa.DateTime()" if kind == "type" and isinstance(item, UtcMoment) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    render_item=_plain,
    # SQLite cannot alter most things in place; Alembic then copies the table.
    render_as_batch=connection.dialect.name == "sqlite",
    # The caller began the transaction under the upgrade lock, and ends it.
    transactional_ddl=True,
)
context.run_migrations()
