"""One customer of a report: where it stands, and what to suggest when there is no such customer."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.core.errors import NotFound

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.results import RetentionReport

NEAR, WINDOW = 3, 50


def place_of(report: RetentionReport, customer_id: object) -> int:
    """Return the row of a customer in the report.

    Args:
        report: The report.
        customer_id: Its id; a whole number written as 17 or 17.0 is the customer `17`.

    Raises:
        NotFound: The report knows no such customer; the hint names the ids that look most like it.
    """
    ids = report.customers["customer_id"].to_numpy(dtype=object)
    wanted = str(int(customer_id)) if isinstance(customer_id, float) and customer_id.is_integer() else str(customer_id).strip()
    place = int(np.searchsorted(ids, wanted))
    if place < len(ids) and ids[place] == wanted:
        return place
    near = nearest_ids(ids.tolist(), wanted, place)
    raise NotFound(
        f"customer {wanted!r} is not in the report",
        hint=f"did you mean {', '.join(near)}?" if near else "the report has no customers",
        near=near,
    )


def nearest_ids(ids: list[str], wanted: str, place: int) -> list[str]:
    """Return the ids that look most like the wanted one, best first, among its neighbours in sorted order and those that contain it."""
    around = ids[max(place - WINDOW, 0) : place + WINDOW]
    small = wanted.lower()
    # Only the first few that contain it: a million ids are read once, and compared letter by letter never.
    holding = [each for each in ids if small and (small in each.lower() or each.lower() in small)][: 2 * WINDOW]
    candidates = dict.fromkeys([*holding, *around])
    return sorted(candidates, key=lambda each: (-SequenceMatcher(None, small, each.lower()).ratio(), each))[:NEAR]
