"""What the admin page knows: sources, syncs, runs, health and settings, computed once for all visitors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apps.kit.parts import Loader, Parts
from cyberpunk_ai.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberpunk_ai import Workspace

SECRET = ("url", "key", "password", "token")
EMBEDDED = {
    "database_url": "SQLite on this machine",
    "clickhouse_url": "Delta tables queried by embedded chDB",
    "redis_url": "a cache in this process",
    "kafka_bootstrap_servers": "a log in SQLite on this machine",
    "dask_address": "processes of this machine",
    "openai_api_key": "chat answers without a language model",
    "huggingface_api_key": "not used",
    "prometheus_port": "no port of its own; /metrics of the API",
    "semantic_file": "the packaged metrics",
    "today": "the calendar of this machine",
}


@dataclass(frozen=True)
class SettingLine:
    """One setting: its name in the environment, its value as it may be shown, and whether somebody has set it."""

    variable: str
    value: str
    is_set: bool
    note: str


def settings_lines(settings: Settings) -> list[SettingLine]:
    """Return every setting; of those that hold a secret only whether they are set."""
    lines = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        aliases = getattr(field.validation_alias, "choices", None)
        variable = str(aliases[-1]) if aliases else f"CYBERPUNK_{name.upper()}"
        is_set = name in settings.model_fields_set and value is not None
        if value is None:
            shown = f"not set: {EMBEDDED.get(name, 'the default')}"
        else:
            shown = "set, not shown" if any(word in name for word in SECRET) else str(value)
        lines.append(SettingLine(variable, shown, is_set, field.description or ""))
    return lines


def admin_parts(workspace: Callable[[], Workspace]) -> Parts:
    """Return the parts of the page."""

    def sources() -> Any:
        found = workspace()
        return found.sources().to_frame(), found.connectors()

    return Parts(
        {
            "health": Loader(lambda: workspace().health(), 15),
            "sources": Loader(sources, 15),
            "syncs": Loader(lambda: workspace().recent_syncs(limit=50).to_frame(), 10),
            "runs": Loader(lambda: workspace().runs(limit=50).to_frame(), 15),
            "settings": Loader(lambda: settings_lines(workspace().settings), 3600),
        },
        workers=3,
    )
