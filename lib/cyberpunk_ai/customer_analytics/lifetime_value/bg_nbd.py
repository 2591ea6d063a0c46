"""How often a customer buys until it silently leaves: the BG/NBD model, fitted by us and never failing on legal data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, gammaln, psi, roots_jacobi

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray, FloatArray, IntArray, Ledger

MIN_REPEATERS = 10
LOG_BOUNDS = (-9.0, 9.0)
STARTS = (np.log([1.0, 1.0, 1.0, 1.0]), np.log([0.3, 0.5, 0.8, 2.5]), np.log([2.0, 2.0, 0.3, 3.0]))
NODES = 32


@dataclass(frozen=True)
class PurchaseModel:
    """A BG/NBD model with its parameters; time is in the unit it was fitted in.

    Purchases come at a rate that differs between customers as Gamma(r, alpha); after each one the customer leaves with a chance that
    differs as Beta(a, b). With `a` = 0 nobody leaves (NBD), the fallback for too little history.

    Attributes:
        r: Shape of the rates.
        alpha: Scale of the rates, in units of time.
        a: First parameter of the chance to leave.
        b: Second parameter of the chance to leave.
        log_likelihood: Over all customers, or NaN for the fallback.
        message: Empty after a clean fit; otherwise what was done instead and why.

    Source:
        Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    message: str = ""

    def probability_alive(self, x: FloatArray, t_x: FloatArray, age: FloatArray) -> FloatArray:
        """Return the chance that a customer has not left. One-time buyers get 1, so this is never a churn score.

        Args:
            x: Repeat purchases, shape (n,).
            t_x: Time from first to last purchase, shape (n,).
            age: Time from first purchase to now, shape (n,).
        """
        if self.a == 0:
            return np.ones(len(x))
        repeat = np.maximum(x, 1.0)
        log_odds = np.log(self.a / (self.b + repeat - 1)) + (self.r + repeat) * (np.log(self.alpha + age) - np.log(self.alpha + t_x))
        return np.where(x > 0, expit(-log_odds), 1.0)

    def probability_silent(self, x: FloatArray, t_x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Return the chance of no purchase within the horizon, in closed form: it left already, or lives and stays silent."""
        silent = np.exp((self.r + x) * (np.log(self.alpha + age) - np.log(self.alpha + age + horizon)))
        chance: FloatArray = 1.0 - self.probability_alive(x, t_x, age) * (1.0 - silent)
        return chance

    def expected_purchases(self, x: FloatArray, t_x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Return the expected purchases within the horizon.

        The mean over the rate is in closed form; over the chance to leave it is a Gauss-Jacobi sum, which stays accurate where the
        usual hypergeometric function overflows or has a pole at a = 1.
        """
        shape, reach = self.r + x, horizon / (self.alpha + age)
        if self.a == 0:
            return shape * reach
        chance, weight = self._leaving_chances(x)
        step = chance * reach[:, None]
        expected: FloatArray = self.probability_alive(x, t_x, age) * (weight * -np.expm1(-shape[:, None] * np.log1p(step)) / chance).sum(
            axis=1
        )
        return expected

    def _leaving_chances(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Nodes and weights of Beta(a, b + x) per customer, worked out once per distinct x."""
        values, place = np.unique(x, return_inverse=True)
        chance, weight = np.empty((len(values), NODES)), np.empty((len(values), NODES))
        for row, repeats in enumerate(values):
            with np.errstate(all="ignore"):
                nodes, weights = roots_jacobi(NODES, self.b + repeats - 1, self.a - 1)
            if np.isfinite(nodes).all() and np.isfinite(weights).all() and weights.sum() > 0:
                chance[row], weight[row] = np.clip((nodes + 1) / 2, 1e-12, 1.0), weights / weights.sum()
            else:  # so many purchases that the distribution is a point
                chance[row], weight[row] = self.a / (self.a + self.b + repeats), 1.0 / NODES
        return chance[place], weight[place]


def fit_purchases(x: FloatArray, t_x: FloatArray, age: FloatArray) -> PurchaseModel:
    """Fit a BG/NBD model by maximum likelihood on the distinct histories.

    Args:
        x: Repeat purchases, shape (n,), all >= 0.
        t_x: Time from first to last purchase, shape (n,).
        age: Time from first purchase to now, shape (n,), t_x <= age.

    Returns:
        The model. With fewer than ten repeat buyers, or where no fit converges, the NBD fallback with a message.
    """
    seen = age > 0
    x, t_x, age = (np.asarray(values, dtype=np.float64)[seen] for values in (x, t_x, age))
    repeaters = int((x > 0).sum())
    if repeaters < MIN_REPEATERS:
        return _never_leaving(x, age, f"only {repeaters} customers bought again: the pace is common to all, and leaving is not modelled")
    unit = float(age.mean())
    histories, counts = np.unique(np.stack([x, t_x / unit, age / unit]), axis=1, return_counts=True)
    best = None
    for start in STARTS:
        found = minimize(
            _negative_log_likelihood,
            start,
            args=(histories[0], histories[1], histories[2], counts / counts.sum()),
            jac=True,
            method="L-BFGS-B",
            bounds=[LOG_BOUNDS] * 4,
            options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 500},
        )
        if np.isfinite(found.fun) and (best is None or found.fun < best.fun):
            best = found
        if best is not None and best.success and not _at_bound(best.x):
            break
    if best is None:
        return _never_leaving(x, age, "the purchase model did not converge: the pace is common to all, and leaving is not modelled")
    r, alpha, a, b = np.exp(best.x)
    edge = "the purchase model lies at the edge of its range: customers differ hardly at all, or more than it can say"
    # The likelihood was worked out in another unit of time; that adds x ln(unit) per customer.
    likelihood = -float(best.fun) * counts.sum() - float(x.sum()) * np.log(unit)
    return PurchaseModel(float(r), float(alpha * unit), float(a), float(b), float(likelihood), edge if _at_bound(best.x) else "")


def histories_of(ledger: Ledger) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return repeat purchases, days from first to last purchase, and days from first purchase to now, per customer."""
    x = (ledger.purchases - 1).astype(np.float64)
    return x, (ledger.last_day - ledger.first_day).astype(np.float64), ledger.tenure_days.astype(np.float64)


def draw_purchases(
    model: PurchaseModel, x: FloatArray, t_x: FloatArray, age: FloatArray, horizon: float, draws: int, rng: np.random.Generator
) -> IntArray:
    """Draw purchases within the horizon from each customer's own posterior, shape (n, draws)."""
    shape = (len(x), draws)
    rate = rng.gamma(np.broadcast_to((model.r + x)[:, None], shape)) / (model.alpha + age)[:, None]
    count = rng.poisson(np.minimum(rate * horizon, 1e6))
    if model.a == 0:
        return count
    chance = np.maximum(rng.beta(model.a, np.broadcast_to((model.b + x)[:, None], shape)), 1e-12)
    is_alive: BoolArray = rng.random(shape) < model.probability_alive(x, t_x, age)[:, None]
    return np.where(is_alive, np.minimum(count, rng.geometric(chance)), 0)


def _negative_log_likelihood(
    logs: FloatArray, x: FloatArray, t_x: FloatArray, age: FloatArray, share: FloatArray
) -> tuple[float, FloatArray]:
    """Mean negative log likelihood per customer and its gradient in the logarithms of (r, alpha, a, b)."""
    r, alpha, a, b = np.exp(logs)
    has_repeat = x > 0
    repeat = np.maximum(x, 1.0)
    log_age, log_last = np.log(alpha + age), np.log(alpha + t_x)
    stayed = -(r + x) * log_age
    left = np.where(has_repeat, np.log(a) - np.log(b + repeat - 1) - (r + x) * log_last, -np.inf)
    joint = np.logaddexp(stayed, left)
    w_stayed, w_left = np.exp(stayed - joint), np.exp(left - joint)
    value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x) + joint
    common = psi(a + b) - psi(a + b + x)
    gradient = np.array(
        [
            share @ (psi(r + x) - psi(r) + np.log(alpha) - w_stayed * log_age - w_left * log_last),
            share @ (r / alpha - (r + x) * (w_stayed / (alpha + age) + w_left / (alpha + t_x))),
            share @ (common + w_left / a),
            share @ (common + psi(b + x) - psi(b) - np.where(has_repeat, w_left / (b + repeat - 1), 0.0)),
        ]
    )
    return -float(share @ value), -gradient * np.exp(logs)


def _at_bound(logs: FloatArray) -> bool:
    return bool((np.abs(logs) > LOG_BOUNDS[1] - 1e-3).any())


def _never_leaving(x: FloatArray, age: FloatArray, message: str) -> PurchaseModel:
    """Gamma prior worth one customer, centred on the common pace with half a purchase added so that the pace is never zero."""
    pace = (float(x.sum()) + 0.5) / max(float(age.sum()), 1.0)
    return PurchaseModel(1.0, 1.0 / pace, 0.0, 1.0, float("nan"), message)
