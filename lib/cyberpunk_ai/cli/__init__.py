"""The command line door: `cyberpunk ...`. Commands parse, call one verb and print; nothing is computed here."""

from __future__ import annotations

from cyberpunk_ai.cli.app import main

__all__ = ["main"]
