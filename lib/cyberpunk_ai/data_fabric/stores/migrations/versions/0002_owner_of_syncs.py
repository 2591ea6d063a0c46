"""Syncs name the process that works on them, as runs do, so that one whose process ended is not `running` for good."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("sync_runs", sa.Column("owner", sa.String(length=200)))
    op.add_column("sync_runs", sa.Column("lease_until", sa.DateTime()))


def downgrade() -> None:
    """Go back; who worked on a sync is lost."""
    with op.batch_alter_table("sync_runs") as table:
        table.drop_column("lease_until")
        table.drop_column("owner")
