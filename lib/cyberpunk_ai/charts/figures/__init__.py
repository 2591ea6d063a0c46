"""One file per chart, found by name in the registry of kind `chart`; each takes a result by its documented fields."""

from cyberpunk_ai.core.results import CHARTS

__all__ = ["CHARTS"]
