"""Texts that no encoding can hold: lone halves of surrogate pairs, as JSON and damaged files bring them."""

from __future__ import annotations

from typing import Any


def escape_surrogates(value: Any) -> Any:
    """Write lone surrogates as escapes (backslash, u, four digits), also inside dicts and lists; everything else stays as it is."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {escape_surrogates(key): escape_surrogates(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [escape_surrogates(each) for each in value]
    return value
