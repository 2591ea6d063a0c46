"""Fields that know more than they should: the outcome itself, or how long the customer stayed. What is done about them is elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.customer_analytics.churn import scoring
from cyberpunk_ai.customer_analytics.reading.members import LEAK_AUC

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray

DURATION_R2, OWN_R2 = 0.98, 0.9
TOO_GOOD = 0.98


def outcome_leaks(fields: pd.DataFrame, left: FloatArray) -> list[str]:
    """Return the columns that alone tell who left from who stayed in more than 95% of pairs.

    Args:
        fields: Encoded fields, one row per customer.
        left: 1 for who left, shape (n,).
    """
    leaks = []
    for name in fields.columns:
        area = scoring.area_under_curve(left, fields[name].to_numpy(dtype=np.float64))
        if max(area, 1 - area) > LEAK_AUC:
            leaks.append(str(name))
    return leaks


def duration_proxies(fields: pd.DataFrame, tenure_days: FloatArray) -> dict[str, str]:
    """Return the numeric fields that are tenure in disguise, each with what it is made of.

    Such a field, as what was paid in all, grows for as long as a customer stays. It tells a model of durations how long that was.
    A field counts when tenure alone, or tenure times one other field, explains 98% of its spread, and more than the other field does.

    Args:
        fields: Encoded fields, one row per customer.
        tenure_days: Days as a customer, shape (n,), missing where not known.
    """
    known = np.isfinite(tenure_days)
    tenure = tenure_days[known]
    if len(tenure) < 10 or tenure.std() == 0:
        return {}
    numbers = {str(name): fields[name].to_numpy(dtype=np.float64)[known] for name in fields.columns if "=" not in str(name)}
    numbers = {name: values for name, values in numbers.items() if len(np.unique(values)) > 2}
    found: dict[str, str] = {}
    for name, values in numbers.items():
        if _explained(values, tenure) > DURATION_R2:
            found[name] = "tenure"
            continue
        others = {other: _explained(values, tenure * each) for other, each in numbers.items() if other != name and other not in found}
        best = max(others, key=others.__getitem__, default=None)
        if best is not None and others[best] > DURATION_R2 and _explained(values, numbers[best]) < OWN_R2:
            found[name] = f"tenure times {best}"
    return found


def _explained(values: FloatArray, by: FloatArray) -> float:
    """Share of the spread of one that a straight line over the other explains."""
    if values.std() == 0 or by.std() == 0:
        return 0.0
    return float(np.corrcoef(values, by)[0, 1] ** 2)
