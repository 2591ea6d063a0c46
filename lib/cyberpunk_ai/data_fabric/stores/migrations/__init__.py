"""How the operational record changes from release to release. The tables as they are now live in `stores/records.py`.

A new step: `alembic` is driven from code, so that an installed package can migrate itself. In a checkout, change `records.py`, then run
`python -m cyberpunk_ai.data_fabric.stores.migrations "what changes"`, read the file it writes, and raise `records.SCHEMA_REVISION`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Connection


def config_for(connection: Connection) -> Config:
    """Return Alembic's configuration, bound to an open connection whose transaction the caller owns."""
    from alembic.config import Config

    config = Config()
    # Alembic reads `%` as the start of a placeholder, and a folder's name may hold one.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
