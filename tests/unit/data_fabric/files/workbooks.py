"""Small Excel files for tests, and their packages written again with other parts."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl

if TYPE_CHECKING:
    from pathlib import Path

HEAD = ["order_id", "ordered_at", "customer_id", "amount"]


def line(number: int) -> list[Any]:
    return [f"o{number}", f"2024-01-{1 + number % 28:02d}", f"c{number % 5}", 2.5]


def book(path: Path, far: dict[str, Any] | None = None) -> Path:
    made = openpyxl.Workbook()
    page = made.active
    for values in [HEAD, *map(line, range(10))]:
        page.append(values)
    for place, value in (far or {}).items():
        page[place] = value
    made.save(path)
    return path


def repacked(path: Path, changes: dict[str, bytes]) -> Path:
    """Write a package again with other contents of some members."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()} | changes
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in members.items():
            new.writestr(name, content)
    return path


def part_of(path: Path, name: str) -> bytes:
    """Return a part of a package."""
    with zipfile.ZipFile(path) as package:
        return package.read(name)
