"""Imports: looks at a file nobody described, proposes which table it is and which column is what, and lets the user correct it."""

from cyberpunk_ai.data_fabric.imports.guess import guess_mapping
from cyberpunk_ai.data_fabric.imports.plan import ImportPlan

__all__ = ["ImportPlan", "guess_mapping"]
