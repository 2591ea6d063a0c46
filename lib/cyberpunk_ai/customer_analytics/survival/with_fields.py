"""Survival of each customer from its fields: which shape of the fields tells unseen customers best, and the hazards fitted on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.customer_analytics.survival.cox import CoxModel, fit_cox, partial_log_likelihood

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray, FloatArray

# Penalties that are tried on every shape.
RIDGES = (1e-3, 1e-2, 3e-2)
KNOTS = (0.2, 0.4, 0.6, 0.8)
# A number with so many distinct values may bend.
BENDS_FROM = 10
# Interactions are looked for with so many of the fields that say most.
TRIED, MOST_COLUMNS, FOLDS = 1, 400, 5
# Log likelihood of unseen customers that a leading field must add; chance alone adds about one.
WORTH_IT = 1.0


@dataclass(frozen=True, eq=False)
class Design:
    """Columns made of fields: each as it is, numbers also above their own quantiles, and all of them once more for one leading field.

    Attributes:
        fields: Names of the fields, in order.
        knots: Field to the values above which it may bend.
        leading: Columns of the field whose effect on the others' is let free; empty for none.
    """

    fields: tuple[str, ...]
    knots: dict[str, tuple[float, ...]]
    leading: tuple[str, ...] = ()

    def columns(self, fields: pd.DataFrame) -> pd.DataFrame:
        """Return the columns for fields (n rows), rows in the order given."""
        made = {name: fields[name].to_numpy(dtype=np.float64) for name in self.fields}
        for name, places in self.knots.items():
            made |= {f"{name} above {place:g}": np.maximum(made[name] - place, 0.0) for place in places}
        plain = dict(made)
        for one in self.leading:
            made |= {f"{one} x {name}": plain[one] * values for name, values in plain.items() if _group(name) != _group(one)}
        return pd.DataFrame(made, index=fields.index)


@dataclass(frozen=True, eq=False)
class SurvivalModel:
    """Hazards over a design of fields."""

    design: Design
    cox: CoxModel

    def log_hazard(self, fields: pd.DataFrame) -> FloatArray:
        """Return the log hazard relative to the typical customer, shape (n,)."""
        return self.cox.log_hazard(self.design.columns(fields).to_numpy(dtype=np.float64))

    def survival(self, fields: pd.DataFrame, days: FloatArray) -> FloatArray:
        """Return the chance to be still there after each number of days, shape (n, len(days))."""
        return self.cox.survival(self.design.columns(fields).to_numpy(dtype=np.float64), days)


def fit_survival(tenure_days: FloatArray, left: BoolArray, fields: pd.DataFrame, *, seed: int = 0) -> SurvivalModel:
    """Fit hazards on the fields, bent, and free to differ by one leading field, as far as that tells unseen customers better.

    Args:
        tenure_days: Days observed per customer, shape (n,).
        left: Whether the customer had left by then, shape (n,).
        fields: Numeric fields, none missing; choices as one column per value, named `field=value`. Fields that grow with tenure by
            themselves, such as a total paid to date, must be left out: they know how long the customer stayed.
        seed: Of the folds.

    Raises:
        ContractBroken, TooLittleData: As `fit_cox`.

    Source:
        Cox (1972); the shape is chosen by the partial likelihood of customers left out (Verweij & van Houwelingen, 1993).
    """
    names = _distinct(fields)
    knots = {name: places for name in names if (places := _knots(fields[name].to_numpy(dtype=np.float64)))}
    fold = np.random.default_rng(seed).permutation(np.arange(len(left)) % FOLDS)

    def told(design: Design) -> list[tuple[float, float, Design]]:
        return [(_held_out(design, ridge, tenure_days, left, fields, fold), ridge, design) for ridge in RIDGES]

    shapes = [*told(Design(names, {})), *(told(Design(names, knots)) if knots else ())]
    known, ridge, simple = max(shapes, key=lambda shape: shape[0])
    for group in _strongest(fit_cox(tenure_days, left, simple.columns(fields), ridge=ridge), simple, fields):
        leading = tuple(name for name in names if _group(name) == group)
        if len(names) * (1 + len(leading)) <= min(MOST_COLUMNS, int(left.sum()) // 2):
            shapes += [shape for shape in told(Design(names, simple.knots, leading)) if shape[0] > known + WORTH_IT]
    _, ridge, best = max(shapes, key=lambda shape: shape[0])
    return SurvivalModel(best, fit_cox(tenure_days, left, best.columns(fields), ridge=ridge))


def _held_out(design: Design, ridge: float, tenure: FloatArray, left: BoolArray, fields: pd.DataFrame, fold: np.ndarray) -> float:
    """Log partial likelihood of each fold by hazards learnt from the others."""
    total = 0.0
    for part in range(FOLDS):
        seen = fold != part
        if not left[seen].any() or not left[~seen].any():
            continue
        model = fit_cox(tenure[seen], left[seen], design.columns(fields[seen]), ridge=ridge)
        total += partial_log_likelihood(model, tenure[~seen], left[~seen], design.columns(fields[~seen]).to_numpy(dtype=np.float64))
    return total


def _strongest(model: CoxModel, design: Design, fields: pd.DataFrame) -> list[str]:
    """Fields by how far they spread the log hazard over the customers, the widest first; a choice counts with all its values."""
    parts = design.columns(fields) * model.coefficients
    columns: dict[str, list[str]] = {}
    for name in parts.columns:
        columns.setdefault(_group(name), []).append(name)
    spread = {group: float(parts[names].sum(axis=1).std()) for group, names in columns.items()}
    return sorted(spread, key=lambda group: -spread[group])[:TRIED]


def _group(name: str) -> str:
    return name.partition("=")[0].partition(" above ")[0]


def _knots(values: FloatArray) -> tuple[float, ...]:
    if len(np.unique(values)) <= BENDS_FROM:
        return ()
    places = np.unique(np.quantile(values, KNOTS))
    return tuple(float(place) for place in places if values.min() < place < values.max())


def _distinct(fields: pd.DataFrame) -> tuple[str, ...]:
    """Names of the fields that vary and repeat no earlier one."""
    seen: set[bytes] = set()
    kept = []
    for name in fields.columns:
        values = fields[name].to_numpy(dtype=np.float64)
        key = values.round(9).tobytes()
        if np.ptp(values) > 0 and key not in seen:
            seen.add(key)
            kept.append(str(name))
    return tuple(kept)
