"""Cyberpunk AI: one workspace behind a notebook, an app, a scheduled run and an API.

Only names live here, loaded when first used, so that `import cyberpunk_ai` stays instant.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from cyberpunk_ai.core.version import __version__

if TYPE_CHECKING:
    from cyberpunk_ai.workspace import LOCAL_ADMIN, Caller, Workspace

__all__ = ["LOCAL_ADMIN", "Caller", "Workspace", "__version__"]


def __getattr__(name: str) -> object:
    if name in {"LOCAL_ADMIN", "Caller", "Workspace"}:
        return getattr(import_module("cyberpunk_ai.workspace"), name)
    raise AttributeError(f"module 'cyberpunk_ai' has no attribute {name!r}")
