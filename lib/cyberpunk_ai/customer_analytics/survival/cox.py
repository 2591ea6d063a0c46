"""How fields of a customer move the speed of leaving: proportional hazards, with the curve that belongs to each customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import norm

from cyberpunk_ai.core.errors import ContractBroken, TooLittleData

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray, FloatArray

MOST_STEPS, TOLERANCE, MOST_HALVINGS = 50, 1e-9, 30
Z95 = 1.959963984540054


@dataclass(frozen=True, eq=False)
class CoxModel:
    """Fitted proportional hazards.

    Attributes:
        names: Fields, k of them.
        coefficients: Log hazard ratio per unit of each field, shape (k,).
        std_error: Of the coefficients, shape (k,).
        centre: Mean of each field; the baseline is a customer with these, shape (k,).
        days: Distinct days on which somebody left, rising, shape (m,).
        cumulative_hazard: Baseline hazard added up to each of them (Breslow), shape (m,).
        log_likelihood: Partial, Efron's, without the penalty.
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    std_error: FloatArray
    centre: FloatArray
    days: FloatArray
    cumulative_hazard: FloatArray
    log_likelihood: float

    def log_hazard(self, fields: FloatArray) -> FloatArray:
        """Return the log hazard relative to the baseline, in the order asked, shape (n,), from fields (n, k)."""
        return np.asarray((fields - self.centre) @ self.coefficients, dtype=np.float64)

    def survival(self, fields: FloatArray, days: FloatArray) -> FloatArray:
        """Return the chance to be still there after each number of days, shape (n, len(days)), rows in the order asked."""
        steps = np.concatenate([[0.0], self.cumulative_hazard])[np.searchsorted(self.days, days, side="right")]
        return np.asarray(np.exp(-np.exp(np.clip(self.log_hazard(fields), -50, 50))[:, None] * steps), dtype=np.float64)

    def summary(self) -> pd.DataFrame:
        """Return field, hazard_ratio (per unit), lo and hi (95%), coefficient, std_error and p_value; strongest evidence first."""
        with np.errstate(divide="ignore", invalid="ignore"):
            p_value = 2 * norm.sf(np.abs(self.coefficients / self.std_error))
        table = pd.DataFrame(
            {
                "field": self.names,
                "hazard_ratio": np.exp(self.coefficients),
                "lo": np.exp(self.coefficients - Z95 * self.std_error),
                "hi": np.exp(self.coefficients + Z95 * self.std_error),
                "coefficient": self.coefficients,
                "std_error": self.std_error,
                "p_value": p_value,
            }
        )
        return table.sort_values("p_value", kind="stable").reset_index(drop=True)


def fit_cox(tenure_days: FloatArray, left: BoolArray, fields: pd.DataFrame, *, ridge: float = 0.0) -> CoxModel:
    """Fit proportional hazards by Newton's method on the partial likelihood.

    Args:
        tenure_days: Days observed per customer, shape (n,), all >= 0.
        left: Whether the customer had left by then, shape (n,); False means still there.
        fields: Numeric fields, n rows, none missing; those that never vary get the coefficient 0.
        ridge: Penalty on the squared coefficients per customer and standard deviation; it keeps fields that repeat one another finite.

    Raises:
        ContractBroken: Lengths differ, a tenure is negative, or a field is missing or infinite.
        TooLittleData: Nobody has left.

    Source:
        Cox (1972); Efron (1977) for ties; Breslow (1974) for the baseline hazard.
    """
    tenure, gone = np.asarray(tenure_days, dtype=np.float64), np.asarray(left, dtype=bool)
    raw = fields.to_numpy(dtype=np.float64)
    if not len(tenure) == len(gone) == len(raw) or not (tenure >= 0).all() or not np.isfinite(raw).all():
        raise ContractBroken(
            "survival: lengths differ, a tenure is negative, or a field is missing", hint="fill missing fields first", frame="survival"
        )
    if not gone.any():
        raise TooLittleData("nobody has left, so nothing can be said of what makes customers leave", hint="use a longer history")
    order = np.argsort(-tenure, kind="stable")
    centre, spread = raw.mean(axis=0), raw.std(axis=0)
    varies = spread > 1e-12
    standard = ((raw - centre) / np.where(varies, spread, 1.0))[order][:, varies]
    ties = _Ties.of(tenure[order], gone[order])
    scaled, curvature, likelihood = _newton(standard, ties, ridge * len(tenure))
    coefficients, error = np.zeros(len(spread)), np.zeros(len(spread))
    coefficients[varies] = scaled / spread[varies]
    error[varies] = np.sqrt(np.maximum(np.diag(np.linalg.pinv(curvature)), 0.0)) / spread[varies]
    risk = np.exp(standard @ scaled)
    at_risk = np.cumsum(risk)[ties.last]
    days, hazard = ties.days[::-1], (ties.leavers / at_risk)[::-1]
    return CoxModel(tuple(map(str, fields.columns)), coefficients, error, centre, days, np.cumsum(hazard), likelihood)


def partial_log_likelihood(model: CoxModel, tenure_days: FloatArray, left: BoolArray, fields: FloatArray) -> float:
    """Return the log partial likelihood (Efron) of customers that the model may not have seen; higher is better."""
    order = np.argsort(-tenure_days, kind="stable")
    ties = _Ties.of(tenure_days[order], left[order])
    return _likelihood(np.ones(1), model.log_hazard(fields)[order][:, None], ties, 0.0)[0]


@dataclass(frozen=True, eq=False)
class _Ties:
    """Customers by falling tenure, and the days on which somebody left among them.

    Attributes:
        days: Those days, falling, shape (m,).
        last: Row of the last customer who was still there on each, shape (m,); those at risk are all rows up to it.
        leavers: How many left on each, shape (m,).
        rows: Rows of those who left, day by day, shape (leavers in all,).
        day_of: Day, as position in `days`, of each of them.
        share: 0, 1/d, … (d - 1)/d for the d who left on one day: Efron's weights.
    """

    days: FloatArray
    last: np.ndarray
    leavers: FloatArray
    rows: np.ndarray
    day_of: np.ndarray
    share: FloatArray

    @classmethod
    def of(cls, tenure: FloatArray, gone: BoolArray) -> _Ties:
        rows = np.flatnonzero(gone)
        days, day_of, leavers = np.unique(-tenure[rows], return_inverse=True, return_counts=True)
        last = np.searchsorted(-tenure, days, side="right") - 1
        first = np.concatenate([[0], np.cumsum(leavers)[:-1]])
        share = (np.arange(len(rows)) - first[day_of]) / leavers[day_of]
        return cls(-days, last, leavers.astype(np.float64), rows, day_of, share)


def _newton(x: FloatArray, ties: _Ties, penalty: float) -> tuple[FloatArray, FloatArray, float]:
    beta = np.zeros(x.shape[1])
    value, gradient, curvature = _likelihood(beta, x, ties, penalty)
    for _ in range(MOST_STEPS):
        step = np.linalg.lstsq(curvature + 1e-10 * np.eye(len(beta)), gradient, rcond=None)[0]
        for _halving in range(MOST_HALVINGS):
            found = _likelihood(beta + step, x, ties, penalty)
            if found[0] >= value - 1e-12:
                break
            step = step / 2
        else:
            break
        gain = found[0] - value
        beta, (value, gradient, curvature) = beta + step, found
        if gain < TOLERANCE * (abs(value) + 1):
            break
    return beta, curvature, value + 0.5 * penalty * float(beta @ beta)


def _likelihood(beta: FloatArray, x: FloatArray, ties: _Ties, penalty: float) -> tuple[float, FloatArray, FloatArray]:
    """Penalised log partial likelihood, its gradient, and the negative of its second derivative."""
    score = x @ beta
    risk = np.exp(np.clip(score, -100, 100))
    weighted = risk[:, None] * x
    sum0 = np.cumsum(risk)[ties.last]
    sum1 = np.cumsum(weighted, axis=0)[ties.last]
    count, fields = len(ties.days), x.shape[1]
    own0 = np.bincount(ties.day_of, weights=risk[ties.rows], minlength=count)
    own1 = np.stack([np.bincount(ties.day_of, weights=weighted[ties.rows, one], minlength=count) for one in range(fields)], axis=1)
    left0 = sum0[ties.day_of] - ties.share * own0[ties.day_of]
    left1 = (sum1[ties.day_of] - ties.share[:, None] * own1[ties.day_of]) / left0[:, None]
    value = float(score[ties.rows].sum() - np.log(left0).sum())
    gradient = x[ties.rows].sum(axis=0) - left1.sum(axis=0)
    # The second moments are weighted sums over customers: everybody counts with the hazards of the days it was still there for, and who
    # left counts less on its own day by Efron's share.
    per_day = np.bincount(ties.day_of, weights=1.0 / left0, minlength=count)
    own_day = np.bincount(ties.day_of, weights=ties.share / left0, minlength=count)
    until = np.searchsorted(ties.last, np.arange(len(x)))  # first day, in falling order, on which the row is at risk
    total = np.concatenate([np.cumsum(per_day[::-1])[::-1], [0.0]])[until]
    total[ties.rows] -= own_day[ties.day_of]
    curvature = (weighted * total[:, None]).T @ x - left1.T @ left1
    value -= 0.5 * penalty * float(beta @ beta)
    return value, gradient - penalty * beta, curvature + penalty * np.eye(fields)
