"""Sources described in files: `sources/*.yaml` of the home folder, one source each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.errors import InvalidArgument

if TYPE_CHECKING:
    from pathlib import Path

INBOX = "inbox"
_KEYS = {"name", "connector", "config", "mapping"}


def source_files(folder: Path) -> list[Path]:
    """List the files that describe sources."""
    return sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])


def read_source_file(path: Path) -> tuple[str, str, dict[str, Any], dict[str, Any] | None]:
    """Read a described source: name, connector, config, mapping.

    Raises:
        InvalidArgument: The file is no YAML mapping, lacks its connector, or has keys that nobody reads.
    """
    import yaml

    try:
        described = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise InvalidArgument(f"{path.name} is no YAML: {error}", hint="see docs/reference/connectors.md", path=str(path)) from error
    if not isinstance(described, dict) or "connector" not in described or set(described) - _KEYS:
        raise InvalidArgument(
            f"{path.name} does not describe a source", hint=f"keys: {', '.join(sorted(_KEYS))}; `connector` is needed", path=str(path)
        )
    return str(described.get("name", path.stem)), str(described["connector"]), described.get("config") or {}, described.get("mapping")
