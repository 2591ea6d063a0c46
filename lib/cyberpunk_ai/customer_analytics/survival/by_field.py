"""Survival of a report's customers, one curve per value of a field of theirs. How a curve comes about is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import InvalidArgument, TooLittleData
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.customer_analytics.survival.groups import MOST_GROUPS, survival_by_group

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.results import RetentionReport

QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, eq=False)
class SurvivalByGroup(Result):
    """How long groups of customers stay.

    Attributes:
        field: The field that parts them.
        curves: group, days, survival, std_error, lo, hi (95% band), at_risk; groups by size, the largest first. A number of many values is
            parted into quarters of the customers.
    """

    chart_name: ClassVar[str] = "survival_by_group"

    field: str
    curves: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the curves below one another."""
        return self.curves


def survival_by(report: RetentionReport, field: str) -> SurvivalByGroup:
    """Return one survival curve per value of a field.

    Args:
        report: Of customers under contract.
        field: Name of a column of the customers, as the user knows it.

    Raises:
        InvalidArgument: The customers have no such field; the hint lists those they have.
        TooLittleData: The customers are not under contract, have no fields, or nobody's value or tenure is known.
    """
    members = report.evidence.members if report.evidence is not None else None
    if report.regime != "contractual" or members is None or members.has_left is None or not len(members.raw.columns):
        raise TooLittleData(
            "groups of survival need customers under contract with fields of their own",
            hint="hand over a frame of customers with who has left, and columns to group by",
        )
    if field not in members.raw.columns:
        raise InvalidArgument(f"customers have no field {field!r}", hint=f"fields: {', '.join(map(str, members.raw.columns))}")
    known = ~np.isnan(members.tenure_days)
    groups = _grouped(members.raw[field])
    curves = survival_by_group(members.tenure_days[known], members.has_left[known], groups[known])
    return SurvivalByGroup(field, curves)


def _grouped(values: pd.Series) -> pd.Series:
    """Part a number of many values into quarters, named by what they span; leave everything else as it is."""
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values) or values.nunique() <= MOST_GROUPS:
        return values.astype(object)
    numbers = values.astype("float64")
    edges = np.unique(np.nanquantile(numbers, QUARTERS))
    place = np.clip(np.searchsorted(edges, numbers, side="left"), 1, len(edges) - 1)
    names = np.array([f"{low:g} to {high:g}" if at == 0 else f"above {low:g} to {high:g}" for at, (low, high) in enumerate(_pairs(edges))])
    return pd.Series(names[place - 1], index=values.index, dtype=object).where(numbers.notna())


def _pairs(edges: np.ndarray) -> list[tuple[float, float]]:
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
