"""The demo company: a seeded, invented business with known effects planted in it. Pure: frames come out, the workspace stores them."""

from __future__ import annotations

from cyberpunk_ai.demo.company import SIZES, DemoCompany, Dimensions

__all__ = ["SIZES", "DemoCompany", "Dimensions"]
