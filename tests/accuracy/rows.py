"""Rows of an accuracy report: our figure, a peer's from the same run, the least that is asked, and what would please."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    Bound = float | tuple[float, float] | None


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        what: What was measured.
        unit: Its unit, and whether higher or lower is better.
        ours: Our figure.
        peer: The peer's figure on the same rows, or None.
        peer_name: Who the peer is.
        must: Least (or most) that is asked; a pair is a range.
        stretch: What would please, in the same way.
        ok: Whether `ours` meets `must`; None where nothing is asked.
    """

    what: str
    unit: str
    ours: float
    peer: float | None
    peer_name: str
    must: Bound
    stretch: Bound
    ok: bool | None


def judged(
    what: str,
    unit: str,
    ours: float,
    must: Bound = None,
    stretch: Bound = None,
    *,
    peer: tuple[float, str] | None = None,
    better: Literal["higher", "lower"] = "higher",
) -> Row:
    """Return a row whose `ok` follows from `must`."""
    value, name = peer or (None, "")
    ours = float(ours)
    return Row(what, f"{unit}, {better} is better" if not isinstance(must, tuple) else unit, ours, value, name, must, stretch,
               None if must is None else is_met(ours, must, better))  # fmt: skip


def is_met(ours: float, bound: Bound, better: str) -> bool:
    """Return whether a figure is within a bound."""
    if isinstance(bound, tuple):
        return bound[0] <= ours <= bound[1]
    if bound is None or ours != ours:
        return False
    return ours >= bound if better == "higher" else ours <= bound


def line(row: Row) -> str:
    """Return a row as one line of text."""
    peer = "" if row.peer is None else f"{row.peer:.4f} {row.peer_name}"
    better = "lower" if row.unit.endswith("lower is better") else "higher"
    state = (
        ""
        if row.ok is None
        else ("goal" if row.stretch is not None and is_met(row.ours, row.stretch, better) else "floor")
        if row.ok
        else "MISSED"
    )
    return f"{row.what:58} {row.ours:12.4f}  must {_text(row.must):12} goal {_text(row.stretch):12} {state:7} {peer}".rstrip()


def write(rows: Sequence[Row], path: Path) -> None:
    """Write the rows as JSON."""
    path.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def _text(bound: Bound) -> str:
    if bound is None:
        return "-"
    return f"{bound[0]:g}..{bound[1]:g}" if isinstance(bound, tuple) else f"{bound:g}"
