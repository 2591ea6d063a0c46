"""Which fields make customers under contract leave sooner: hazard ratios with their error, for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cyberpunk_ai.customer_analytics.contractual.leaks import duration_proxies, outcome_leaks
from cyberpunk_ai.customer_analytics.survival.cox import fit_cox

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray
    from cyberpunk_ai.customer_analytics.reading.members import Members

LEAST_LEAVERS, MOST_ROWS, SHOWN = 20, 100_000, 20
RIDGE = 1e-3


def hazards_of(members: Members, left: BoolArray, *, seed: int = 0) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the hazard ratios of the fields, the strongest evidence first.

    Args:
        members: Customers with their fields and tenure.
        left: Who has left, shape (n,).
        seed: Of the sample, where there are more than 100,000 customers.

    Returns:
        Up to twenty of field, hazard_ratio (per unit; above 1 leaves sooner), lo and hi (95%), p_value; and what was left out, in words.
        Empty where there are no fields, or fewer than twenty have left.
    """
    rows = np.flatnonzero(~np.isnan(members.tenure_days))
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False))
    gone, tenure, fields = left[rows], members.tenure_days[rows], members.fields.iloc[rows].astype("float64")
    if gone.sum() < LEAST_LEAVERS or gone.all() or not len(fields.columns):
        return [], []
    proxies = duration_proxies(fields, tenure)
    notes = [f"field {name!r} is {what} in disguise and is left out of the hazards" for name, what in proxies.items()]
    used = fields.drop(columns=[*proxies, *(name for name in outcome_leaks(fields, gone.astype(np.float64)) if name not in proxies)])
    used = used.loc[:, used.std().to_numpy() > 0]
    if not len(used.columns):
        return [], notes
    table = fit_cox(tenure, gone, used, ridge=RIDGE).summary().head(SHOWN)
    shown = table[["field", "hazard_ratio", "lo", "hi", "p_value"]]
    return [{str(name): value for name, value in row.items()} for row in shown.to_dict("records")], notes
