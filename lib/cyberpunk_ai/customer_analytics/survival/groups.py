"""Survival of groups beside one another: one product-limit curve per value of a field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import ContractBroken, TooLittleData
from cyberpunk_ai.customer_analytics.survival.kaplan_meier import kaplan_meier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray, FloatArray

MOST_GROUPS = 8


def survival_by_group(tenure_days: FloatArray, left: BoolArray, groups: Sequence[object] | pd.Series) -> pd.DataFrame:
    """Return the survival curve of each group.

    Args:
        tenure_days: Days observed per customer, shape (n,).
        left: Whether the customer had left by then, shape (n,).
        groups: Group of each customer, shape (n,); missing ones are left out. Beyond eight, the smallest are joined as `other`.

    Returns:
        group, then the columns of `kaplan_meier`; groups by size, the largest first.

    Raises:
        ContractBroken: Lengths differ.
        TooLittleData: No customer has a group.
    """
    group = pd.Series(list(groups), dtype=object)
    if not len(group) == len(tenure_days) == len(left):
        raise ContractBroken("survival: groups, tenures and leaving differ in length", frame="survival")
    names = group.map(str).where(group.notna())
    sizes = names.value_counts()
    if len(sizes) > MOST_GROUPS:
        names = names.where(names.isin(sizes.index[: MOST_GROUPS - 1]) | names.isna(), "other")
        sizes = names.value_counts()
    curves = []
    for name in sizes.index:
        rows = np.asarray(names == name, dtype=bool)
        curve = kaplan_meier(np.asarray(tenure_days, dtype=np.float64)[rows], np.asarray(left, dtype=np.bool_)[rows])
        curves.append(curve.assign(group=name)[["group", *curve.columns]])
    if not curves:
        raise TooLittleData("no customer has a group", hint="name a field that is known of some customers")
    return pd.concat(curves, ignore_index=True)
