"""The first tables of the operational record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = (
    "audit_log",
    "customers",
    "landing_batches",
    "model_artefacts",
    "pipeline_runs",
    "quality_history",
    "quarantine",
    "sources",
    "sync_runs",
    "sync_state",
)


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "audit_log",
        sa.Column("id", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("caller", sa.String(length=200), nullable=False),
        sa.Column("verb", sa.String(length=100), nullable=False),
        sa.Column("resource", sa.Text()),
        sa.Column("detail", _JSON),
        sa.Column("outcome", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"])
    op.create_index("ix_audit_log_caller_at", "audit_log", ["caller", "at"])
    op.create_table(
        "customers",
        sa.Column("customer_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("email", sa.Text()),
        sa.Column("phone", sa.Text()),
        sa.Column("company", sa.Text()),
        sa.Column("country", sa.Text()),
        sa.Column("region", sa.Text()),
        sa.Column("segment", sa.Text()),
        sa.Column("signed_up_at", sa.DateTime()),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="pk_customers"),
    )
    op.create_index("ix_customers_email", "customers", ["email"])
    op.create_index("ix_customers_source", "customers", ["source"])
    op.create_table(
        "landing_batches",
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("stream", sa.String(length=200), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("target_table", sa.String(length=100), nullable=False),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary()),
        sa.Column("landed_at", sa.DateTime(), nullable=False),
        sa.Column("published_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("source", "stream", "sequence", name="pk_landing_batches"),
    )
    op.create_index("ix_landing_batches_published_at", "landing_batches", ["published_at"])
    op.create_table(
        "model_artefacts",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("meta", _JSON),
        sa.Column("path", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name="pk_model_artefacts"),
    )
    op.create_table(
        "pipeline_runs",
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("pipeline", sa.String(length=200), nullable=False),
        sa.Column("scheduled_for", sa.DateTime(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("parameters", _JSON),
        sa.Column("owner", sa.String(length=200)),
        sa.Column("lease_until", sa.DateTime()),
        sa.Column("started_at", sa.DateTime()),
        sa.Column("finished_at", sa.DateTime()),
        sa.Column("notebook_path", sa.Text()),
        sa.Column("html_path", sa.Text()),
        sa.Column("error", _JSON),
        sa.PrimaryKeyConstraint("run_id", name="pk_pipeline_runs"),
        sa.UniqueConstraint("pipeline", "scheduled_for", name="uq_pipeline_runs_pipeline_scheduled_for"),
    )
    op.create_index("ix_pipeline_runs_started_at", "pipeline_runs", ["started_at"])
    op.create_table(
        "quality_history",
        sa.Column("id", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("dataset", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("detail", _JSON),
        sa.PrimaryKeyConstraint("id", name="pk_quality_history"),
    )
    op.create_index("ix_quality_history_dataset_at", "quality_history", ["dataset", "at"])
    op.create_table(
        "quarantine",
        sa.Column("id", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("stream", sa.String(length=200), nullable=False),
        sa.Column("row_hash", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payload", _JSON, nullable=False),
        sa.Column("first_seen", sa.DateTime(), nullable=False),
        sa.Column("replayed_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sa.UniqueConstraint("source", "stream", "row_hash", name="uq_quarantine_source_stream_row_hash"),
    )
    op.create_table(
        "sources",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("connector", sa.String(length=100), nullable=False),
        sa.Column("config", _JSON, nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sources"),
    )
    op.create_table(
        "sync_runs",
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime()),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("rows", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("quarantined", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("seconds", sa.Float()),
        sa.Column("error", _JSON),
        sa.PrimaryKeyConstraint("run_id", name="pk_sync_runs"),
    )
    op.create_index("ix_sync_runs_source_started_at", "sync_runs", ["source", "started_at"])
    op.create_table(
        "sync_state",
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("stream", sa.String(length=200), nullable=False),
        sa.Column("cursor", sa.Text()),
        sa.Column("position", _JSON),
        sa.Column("sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lock_owner", sa.String(length=200)),
        sa.Column("lock_until", sa.DateTime()),
        sa.Column("updated_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("source", "stream", name="pk_sync_state"),
    )


def downgrade() -> None:
    """Go back; what the tables held is lost."""
    for name in reversed(_TABLES):
        op.drop_table(name)
