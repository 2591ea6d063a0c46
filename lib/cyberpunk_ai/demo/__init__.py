"""The demo company: a seeded, invented business with known effects planted in it. Pure: frames come out, the workspace stores them."""

from __future__ import annotations

from cyberpunk_ai.demo.company import SIZES, DemoCompany, Dimensions
from cyberpunk_ai.demo.live import LiveEvent, live_events
from cyberpunk_ai.demo.sources import SourceDefinition, sources

__all__ = ["SIZES", "DemoCompany", "Dimensions", "LiveEvent", "SourceDefinition", "live_events", "sources"]
