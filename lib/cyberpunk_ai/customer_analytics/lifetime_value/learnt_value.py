"""Value learnt from what customers brought after past days: a Tweedie regression and gradient-boosted trees, averaged in logarithms.

It is used only where it beat the closed form on a later day that it had not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.lifetime_value.origins import Origin, Outlook
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray

POWER, RIDGE, ROUNDS, MOST_ROWS = 1.5, 0.05, 150, 60_000
LEAST_PAYING = 60
# Windows in horizons before now: (until, since).
WINDOWS = ((0.0, 0.5), (0.0, 1.0), (1.0, 2.0), (0.0, 2.0), (0.0, 4.0), (2.0, 4.0))
FLOOR = 1e-4


@dataclass(frozen=True, eq=False)
class LearntValue:
    """A fitted regression and fitted trees on the same features."""

    unit: float
    centre: FloatArray
    spread: FloatArray
    weights: FloatArray
    booster: Any
    level: float

    def predict(self, outlook: Outlook, horizon_days: int) -> FloatArray:
        """Return the expected net revenue within the horizon per customer, never negative."""
        return self._shape(value_features(outlook, horizon_days, self.unit)) * self.level

    def _shape(self, features: FloatArray) -> FloatArray:
        import xgboost

        inside = np.clip((features - self.centre) / self.spread, -6.0, 6.0)
        line = self.weights[0] + inside @ self.weights[1:]
        trees = self.booster.predict(xgboost.DMatrix(features, nthread=1), output_margin=True)
        value: FloatArray = self.unit * np.exp(np.clip((line + trees) / 2, -30.0, 30.0))
        return value


def learn_value(origins: list[Origin], *, seed: int = 0) -> LearntValue | None:
    """Fit on past days, or return None where too few customers paid anything to learn from."""
    revenue = np.maximum(np.concatenate([origin.revenue for origin in origins]), 0.0) if origins else np.zeros(0)
    if int((revenue > 0).sum()) < LEAST_PAYING:
        return None
    import xgboost

    unit = float(np.median(revenue[revenue > 0]))
    features = np.concatenate([value_features(origin.outlook, origin.horizon_days, unit) for origin in origins])
    if len(revenue) > MOST_ROWS:
        kept = np.sort(np.random.default_rng(seed).choice(len(revenue), MOST_ROWS, replace=False))
        features, revenue = features[kept], revenue[kept]
    target = revenue / unit
    centre, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    weights = _regression((features - centre) / spread, target)
    settings = {
        "objective": "reg:tweedie", "tweedie_variance_power": POWER, "tree_method": "hist", "max_depth": 3, "eta": 0.06,
        "min_child_weight": 5.0, "subsample": 0.8, "colsample_bytree": 0.7, "lambda": 5.0, "nthread": 1, "seed": seed, "verbosity": 0,
    }  # fmt: skip
    booster = xgboost.train(settings, xgboost.DMatrix(features, target, nthread=1), num_boost_round=ROUNDS)
    fitted = LearntValue(unit, centre, spread, weights, booster, 1.0)
    # An average of logarithms lies below the average: the level is set back to what came.
    level = float(revenue.sum()) / max(float(fitted._shape(features).sum()), 1e-12)
    return LearntValue(unit, centre, spread, weights, booster, level)


@dataclass(frozen=True, eq=False)
class Trial:
    """How the learnt value did on the newest past day, having learnt from days matured by then.

    Attributes:
        is_better: Whether it foresaw that day better than the closed form.
        reason: The same in a sentence.
        expected: What it expected of each customer that day, or None where it could not be tried.
    """

    is_better: bool
    reason: str
    expected: FloatArray | None = None


def tried(origins: list[Origin], *, seed: int = 0) -> Trial:
    """Try the learnt value on the newest past day."""
    if not origins:
        return Trial(False, "no finished period to learn value from: the closed form stands")
    newest = origins[0]
    learnt = learn_value([origin for origin in origins[1:] if origin.day + origin.horizon_days <= newest.day], seed=seed)
    revenue = np.maximum(newest.revenue, 0.0)
    if learnt is None or int((revenue > 0).sum()) < LEAST_PAYING:
        return Trial(False, "too little finished history to learn value from: the closed form stands")
    expected = learnt.predict(newest.outlook, newest.horizon_days)
    if tweedie_deviance(revenue, expected) < tweedie_deviance(revenue, newest.outlook.value):
        return Trial(True, "value learnt from past days foresaw the last finished period better than the closed form", expected)
    return Trial(False, "the closed form foresaw the last finished period better than value learnt from past days", expected)


def tweedie_deviance(actual: FloatArray, expected: FloatArray) -> float:
    """Return the mean Tweedie deviance of power 1.5, both scaled to the actual total, so that only the shape is judged."""
    guess = np.maximum(expected, 1e-6 * max(float(expected.mean()), 1e-12))
    y, m = actual / max(float(actual.mean()), 1e-12), guess / guess.mean()
    return float((2 * y / np.sqrt(m) + 2 * np.sqrt(m)).mean())


def value_features(outlook: Outlook, horizon_days: int, unit: float) -> FloatArray:
    """Return what is known of each customer's value on one day, shape (n, k), never missing; money as logarithms in units."""
    ledger, now = outlook.ledger, outlook.ledger.as_of_day

    def money(amounts: FloatArray) -> FloatArray:
        logs: FloatArray = np.log1p(np.maximum(amounts, 0.0) / unit)
        return logs

    tenure = ledger.tenure_days.astype(np.float64)
    largest = np.zeros(ledger.size)
    np.maximum.at(largest, ledger.buyer, ledger.amount)
    columns = [
        np.log(np.maximum(outlook.value, 0.0) / unit + FLOOR),
        np.log(outlook.purchases + FLOOR),
        np.log(np.maximum(outlook.amount, 0.0) / unit + FLOOR),
        outlook.silent,
        np.log1p(ledger.recency_days.astype(np.float64)),
        np.log1p(tenure),
        np.log1p(ledger.purchases.astype(np.float64)),
        money(ledger.revenue),
        money(ledger.revenue / (tenure + horizon_days) * horizon_days),
        money(ledger.amount[ledger.last_row]),
        money(largest),
    ]
    for until, since in WINDOWS:
        begin, end = round(now - since * horizon_days), round(now - until * horizon_days)
        columns += [money(ledger.revenue_between(begin, end)), np.log1p(ledger.purchases_between(begin, end).astype(np.float64))]
    return np.stack(columns, axis=1)


def _regression(features: FloatArray, target: FloatArray) -> FloatArray:
    """Weights of a Tweedie regression with a logarithmic link and a ridge; the constant comes first."""
    rows = np.column_stack([np.ones(len(target)), features])
    ridge = np.full(rows.shape[1], RIDGE)
    ridge[0] = 0.0

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        half = np.exp(np.clip(rows @ weights, -30.0, 30.0) / 2)
        value = float((2 * target / half + 2 * half).mean() + 0.5 * ridge @ weights**2)
        return value, rows.T @ ((half - target / half) / len(target)) + ridge * weights

    start = np.zeros(rows.shape[1])
    start[0] = np.log(max(float(target.mean()), 1e-12))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return np.asarray(found.x, dtype=np.float64)
