"""Write the next migration from the difference between `records.py` and the newest revision. For developers, in a checkout."""

from __future__ import annotations

import sys

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from cyberpunk_ai.data_fabric.stores.migrations import config_for


def main(message: str) -> None:
    """Build the newest revision in memory, compare, and write the step into `versions/`."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        config = config_for(connection)
        command.upgrade(config, "head")
        number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
        command.revision(config, message, autogenerate=True, rev_id=f"{number:04d}")


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or "change")
