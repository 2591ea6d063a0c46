"""Which fields make customers under contract leave sooner: hazard ratios with their error, for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cyberpunk_ai.customer_analytics.contractual.leaks import duration_proxies, outcome_leaks
from cyberpunk_ai.customer_analytics.survival.cox import fit_cox

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray
    from cyberpunk_ai.customer_analytics.reading.members import Members

LEAST_LEAVERS, MOST_ROWS, SHOWN = 20, 100_000, 20
RIDGE = 1e-3
TOLD_ALREADY = 1e-3  # share of a field's variance that the fields before it leave over; below it the field says nothing of its own


def hazards_of(members: Members, left: BoolArray, *, seed: int = 0) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the hazard ratios of the fields, the strongest evidence first.

    Args:
        members: Customers with their fields and tenure.
        left: Who has left, shape (n,).
        seed: Of the sample, where there are more than 100,000 customers.

    Returns:
        Up to twenty of field, hazard_ratio (per unit; above 1 leaves sooner), lo and hi (95%), p_value, against (the commonest choice of
        the same field, which a choice is compared with; None for numbers); and what was left out, in words. Empty where there are no
        fields, or fewer than twenty have left.
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
    commonest = commonest_choices(used)
    used = independent(used.drop(columns=list(commonest.values())))
    if not len(used.columns):
        return [], notes
    table = fit_cox(tenure, gone, used, ridge=RIDGE).summary().head(SHOWN)
    shown = table[["field", "hazard_ratio", "lo", "hi", "p_value"]].to_dict("records")
    against = [commonest.get(str(row["field"]).partition("=")[0]) for row in shown]
    return [{str(name): value for name, value in row.items()} | {"against": each} for row, each in zip(shown, against, strict=True)], notes


def commonest_choices(fields: pd.DataFrame) -> dict[str, str]:
    """Return the commonest choice of each field whose choices cover every customer: the others can only be told beside one of them.

    Args:
        fields: Numbers, and choices as columns `field=choice` of 0 and 1.

    Returns:
        Field to the name of its column that is compared with.
    """
    owners: dict[str, list[str]] = {}
    for name in map(str, fields.columns):
        field, is_choice, _ = name.partition("=")
        if is_choice:
            owners.setdefault(field, []).append(name)
    covered = {field: names for field, names in owners.items() if fields[names].sum(axis=1).eq(1.0).all()}
    return {field: str(fields[names].mean().idxmax()) for field, names in covered.items()}


def independent(fields: pd.DataFrame) -> pd.DataFrame:
    """Keep the fields that say something which those before them do not: two that are one fact would have no ratio of their own."""
    values = fields.to_numpy(dtype=np.float64)
    standard = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-12)
    left_over = standard.T @ standard / len(standard)
    kept = []
    for place in range(len(left_over)):
        own = left_over[place, place]
        if own < TOLD_ALREADY:
            continue
        kept.append(place)
        left_over = left_over - np.outer(left_over[:, place], left_over[place]) / own
    return fields.iloc[:, kept]
