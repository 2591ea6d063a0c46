"""Narrowings, a dimension to its values, as a page's address carries them."""

from __future__ import annotations

import json


def write_where(where: dict[str, list[str]]) -> str:
    """Write narrowings for the address."""
    return json.dumps(where, separators=(",", ":"), ensure_ascii=False) if where else ""


def read_where(text: str) -> dict[str, list[str]]:
    """Read narrowings of an address; what cannot be read narrows nothing."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): [str(each) for each in values] for name, values in found.items() if isinstance(values, list) and values}
