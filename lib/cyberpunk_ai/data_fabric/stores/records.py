"""The tables of the operational record, as SQLAlchemy Core. How they are opened is in `operational.py`, how they change in `migrations/`.

Moments are naive UTC in the database and in what a query returns; an aware moment is converted when written.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

SCHEMA_REVISION = "0002"
"""Newest migration. Kept here so that a store that is up to date opens without loading Alembic."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcMoment(TypeDecorator[datetime]):
    """A moment kept as naive UTC: aware values are converted, naive ones are taken as UTC, NaT is NULL."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Convert on the way in."""
        if value is None or value != value:  # noqa: PLR0124 - NaT is the one datetime that differs from itself
            return None
        return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)


_JSON = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
# SQLite only counts up by itself in a column of exactly this type.
_COUNTER = BigInteger().with_variant(Integer(), "sqlite")


def _id() -> Column[Any]:
    return Column("id", _COUNTER, primary_key=True, autoincrement=True)


sources = Table(
    "sources", metadata,
    Column("name", String(200), primary_key=True),
    Column("connector", String(100), nullable=False),
    Column("config", _JSON, nullable=False),
    Column("enabled", Boolean, nullable=False, default=True, server_default=true()),
    Column("created_at", UtcMoment, nullable=False),
)  # fmt: skip

sync_state = Table(
    "sync_state", metadata,
    Column("source", String(200), primary_key=True),
    Column("stream", String(200), primary_key=True),
    Column("cursor", Text),
    Column("position", _JSON),
    Column("sequence", BigInteger, nullable=False, default=0, server_default="0"),
    Column("lock_owner", String(200)),
    Column("lock_until", UtcMoment),
    Column("updated_at", UtcMoment),
)  # fmt: skip

sync_runs = Table(
    "sync_runs", metadata,
    Column("run_id", String(64), primary_key=True),
    Column("source", String(200), nullable=False),
    Column("started_at", UtcMoment, nullable=False),
    Column("finished_at", UtcMoment),
    Column("status", String(20), nullable=False),
    Column("rows", BigInteger, nullable=False, default=0, server_default="0"),
    Column("bytes", BigInteger, nullable=False, default=0, server_default="0"),
    Column("quarantined", BigInteger, nullable=False, default=0, server_default="0"),
    Column("seconds", Float),
    Column("error", _JSON),
    Column("owner", String(200)),
    Column("lease_until", UtcMoment),
    Index(None, "source", "started_at"),
)  # fmt: skip

landing_batches = Table(
    "landing_batches", metadata,
    Column("source", String(200), primary_key=True),
    Column("stream", String(200), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("target_table", String(100), nullable=False),
    Column("mode", String(20), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("payload", LargeBinary),
    Column("landed_at", UtcMoment, nullable=False),
    Column("published_at", UtcMoment),
    Index(None, "published_at"),
)  # fmt: skip

quarantine = Table(
    "quarantine", metadata,
    _id(),
    Column("source", String(200), nullable=False),
    Column("stream", String(200), nullable=False),
    Column("row_hash", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("payload", _JSON, nullable=False),
    Column("first_seen", UtcMoment, nullable=False),
    Column("replayed_at", UtcMoment),
    # The same bad row comes back with every sync until the source mends it; it is kept once.
    UniqueConstraint("source", "stream", "row_hash"),
)  # fmt: skip

customers = Table(
    "customers", metadata,
    Column("customer_id", String(200), primary_key=True),
    Column("name", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("company", Text),
    Column("country", Text),
    Column("region", Text),
    Column("segment", Text),
    Column("signed_up_at", UtcMoment),
    Column("source", String(200), nullable=False),
    Column("updated_at", UtcMoment, nullable=False),
    Index(None, "email"),
    Index(None, "source"),
)  # fmt: skip

pipeline_runs = Table(
    "pipeline_runs", metadata,
    Column("run_id", String(64), primary_key=True),
    Column("pipeline", String(200), nullable=False),
    Column("scheduled_for", UtcMoment, nullable=False),
    Column("status", String(20), nullable=False),
    Column("parameters", _JSON),
    Column("owner", String(200)),
    Column("lease_until", UtcMoment),
    Column("started_at", UtcMoment),
    Column("finished_at", UtcMoment),
    Column("notebook_path", Text),
    Column("html_path", Text),
    Column("error", _JSON),
    # One run per pipeline and moment: whoever inserts the row has claimed the work.
    UniqueConstraint("pipeline", "scheduled_for"),
    Index(None, "started_at"),
)  # fmt: skip

audit_log = Table(
    "audit_log", metadata,
    _id(),
    Column("at", UtcMoment, nullable=False),
    Column("caller", String(200), nullable=False),
    Column("verb", String(100), nullable=False),
    Column("resource", Text),
    Column("detail", _JSON),
    Column("outcome", String(100), nullable=False),
    Index(None, "at"),
    Index(None, "caller", "at"),
)  # fmt: skip

quality_history = Table(
    "quality_history", metadata,
    _id(),
    Column("dataset", String(100), nullable=False),
    Column("at", UtcMoment, nullable=False),
    Column("score", Float, nullable=False),
    Column("detail", _JSON),
    Index(None, "dataset", "at"),
)  # fmt: skip

model_artefacts = Table(
    "model_artefacts", metadata,
    Column("name", String(200), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("created_at", UtcMoment, nullable=False),
    Column("kind", String(100), nullable=False),
    Column("meta", _JSON),
    Column("path", Text, nullable=False),
)  # fmt: skip
