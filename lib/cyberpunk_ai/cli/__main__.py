"""`python -m cyberpunk_ai.cli` is the `cyberpunk` command."""

from __future__ import annotations

from cyberpunk_ai.cli.app import main

main()
