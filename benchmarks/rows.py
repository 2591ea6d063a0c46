"""What every benchmark reports: rows of ours against a peer, printed as a table, written as JSON. Nothing is measured here."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        what: What was done.
        unit: Unit of `ours` and `peer`; smaller is better.
        ours: Our number.
        peer: The peer's number, or None where nobody is compared.
        peer_name: Who the peer is.
        must: Largest allowed value of `ours`, in the same unit, or None.
        stretch: Value that would please, or None.
        ok: Whether `ours` is within `must`; None where nothing is asked.
    """

    what: str
    unit: str
    ours: float
    peer: float | None = None
    peer_name: str = ""
    must: float | None = None
    stretch: float | None = None
    ok: bool | None = None


def judged(
    what: str,
    unit: str,
    ours: float,
    *,
    peer: float | None = None,
    peer_name: str = "",
    must: float | None = None,
    stretch: float | None = None,
) -> Row:
    """Return a row whose `ok` follows from `must`."""
    return Row(what, unit, ours, peer, peer_name, must, stretch, None if must is None else ours <= must)


def median_seconds(work: Callable[[], object], *, repeats: int = 5) -> float:
    """Return the median time of a call, after one call that does not count."""
    work()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def arguments(description: str, *, data: bool = False, parts: Sequence[str] = ()) -> argparse.Namespace:
    """Read the options that every benchmark has, `quick` and `json`; `data` for a folder of real series, `only` for some of its parts."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="end within a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there")
    if data:
        parser.add_argument("--data", type=Path, metavar="DIR", help="take real series from this folder")
    if parts:
        parser.add_argument("--only", nargs="+", choices=parts, default=list(parts), help="measure these alone")
    return parser.parse_args()


def report(rows: Sequence[Row], path: Path | None = None) -> bool:
    """Print the table, write the JSON where asked, and return whether every row that asks for something is ok."""
    head = ("what", "unit", "ours", "peer", "peer_name", "must", "stretch", "ok")
    lines = [head, *(tuple(_cell(value) for value in asdict(row).values()) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        left = 2
        print(
            "  ".join(
                cell.ljust(width) if at < left or at == 4 else cell.rjust(width)
                for at, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
        )
    if path is not None:
        path.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    return all(row.ok is not False for row in rows)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ok" if value else "NOT OK"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
