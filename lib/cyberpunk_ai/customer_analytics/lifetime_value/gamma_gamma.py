"""How much a customer spends per purchase: the Gamma-Gamma model, fitted by us and never failing on legal data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln, psi

from cyberpunk_ai.customer_analytics.lifetime_value.fitting import THIN, distinct

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, IntArray, Ledger

MIN_SPENDERS = 10
LOG_BOUNDS = (-7.0, 12.0)
HOMOGENEOUS_Q = 100.0


@dataclass(frozen=True)
class SpendModel:
    """A Gamma-Gamma model: each purchase is Gamma(p, nu), and nu differs between customers as Gamma(q, v).

    Attributes:
        p: Shape of one purchase.
        q: Shape of nu; above 1, so that the mean exists.
        v: Scale of nu, in the currency of the data.
        log_likelihood: Over all spenders, or NaN for the fallback.
        message: Empty after a clean fit; otherwise what was done instead and why.

    Source:
        Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value.
    """

    p: float
    q: float
    v: float
    log_likelihood: float
    message: str = ""

    def expected_amount(self, count: FloatArray, mean: FloatArray) -> FloatArray:
        """Return the expected amount of a customer's next purchase, drawn to the common mean where its history is short.

        Args:
            count: Purchases behind the mean, shape (n,); 0 for no usable history.
            mean: Mean amount, shape (n,), ignored where count is 0.
        """
        return self.p * (self.v + count * np.where(count > 0, mean, 0.0)) / (self.p * count + self.q - 1.0)


def spend_history(ledger: Ledger) -> tuple[FloatArray, FloatArray]:
    """Return purchases and their mean net amount per customer. Who nets to nothing or less has no usable history: count 0."""
    net = np.bincount(ledger.buyer, weights=ledger.net_amount, minlength=ledger.size)
    count = ledger.purchases.astype(np.float64)
    usable = net > 0
    return np.where(usable, count, 0.0), np.where(usable, net / count, 0.0)


def fit_spend(count: FloatArray, mean: FloatArray) -> SpendModel:
    """Fit a Gamma-Gamma model by maximum likelihood.

    Args:
        count: Purchases behind each mean, shape (n,); customers with count 0 or a mean <= 0 take no part.
        mean: Mean amount per purchase, shape (n,).

    Returns:
        The model. With fewer than ten spenders, or where the fit has no mean, one common amount with a message.
    """
    used = (count > 0) & (mean > 0) & np.isfinite(mean)
    n, m = np.asarray(count, dtype=np.float64)[used], np.asarray(mean, dtype=np.float64)[used]
    if len(m) < MIN_SPENDERS or np.ptp(m) <= 1e-9 * m.max():
        return _common(n, m, f"{len(m)} customers with spend, or all alike: the amount is common to all")
    unit = float(np.median(m))
    start = np.log([2.0, 2.0, 1.0])
    if len(m) > 2 * THIN:  # an even sample finds the place, all of them polish it
        even = np.argsort(m, kind="stable")[:: len(m) // THIN]
        start = _search(start, _Spending.of(n[even], m[even] / unit), tolerance=1e-14).x
    found = _search(start, _Spending.of(n, m / unit), tolerance=1e-12 if len(m) > 2 * THIN else 1e-14)
    p, above, v = np.exp(found.x)
    if not np.isfinite(found.fun) or above < 0.02:
        return _common(n, m, "spend differs so much between customers that it has no stable mean: the amount is common to all")
    likelihood = -float(found.fun) * len(m) - len(m) * np.log(unit)
    edge = "the spend model lies at the edge of its range" if (np.abs(found.x - np.clip(found.x, -6.99, 11.99)) > 0).any() else ""
    return SpendModel(float(p), float(1 + above), float(v * unit), float(likelihood), edge)


def draw_spend(model: SpendModel, count: FloatArray, mean: FloatArray, purchases: IntArray, rng: np.random.Generator) -> FloatArray:
    """Draw the sum spent over drawn purchases from each customer's own posterior, shape as `purchases`."""
    shape = purchases.shape
    known = count * np.where(count > 0, mean, 0.0)
    nu = rng.gamma(np.broadcast_to((model.q + model.p * count)[:, None], shape)) / (model.v + known)[:, None]
    return np.where(purchases > 0, rng.gamma(np.maximum(model.p * purchases, 1e-9)) / np.maximum(nu, 1e-300), 0.0)


@dataclass(frozen=True, eq=False)
class _Spending:
    """What the likelihood needs of all customers: distinct counts, what is constant, and each customer's sum."""

    counts: FloatArray
    count_at: IntArray
    total: FloatArray
    share: FloatArray
    n_log_sum: float
    log_mean: float

    @classmethod
    def of(cls, n: FloatArray, m: FloatArray) -> Self:
        counts, count_at = distinct(n)
        total = n * m
        share = np.bincount(count_at, minlength=len(counts)) / len(n)
        return cls(counts, count_at, total, share, float((n * np.log(total)).mean()), float(np.log(m).mean()))

    def by_count(self, values: FloatArray) -> FloatArray:
        return np.bincount(self.count_at, weights=values, minlength=len(self.counts)) / len(self.total)


def _search(start: FloatArray, spending: _Spending, tolerance: float) -> OptimizeResult:
    # q > 1 keeps the mean finite; it is searched as q - 1.
    return minimize(
        _negative_log_likelihood,
        start,
        args=(spending,),
        jac=True,
        method="L-BFGS-B",
        bounds=[LOG_BOUNDS] * 3,
        options={"ftol": tolerance, "gtol": 1e-8, "maxiter": 500},
    )


def _negative_log_likelihood(logs: FloatArray, spending: _Spending) -> tuple[float, FloatArray]:
    """Mean negative log likelihood per customer and its gradient in the logarithms of (p, q - 1, v)."""
    p, above, v = np.exp(logs)
    q = 1.0 + above
    n, share = spending.counts, spending.share
    reach = v + spending.total
    log_reach, inverse = spending.by_count(np.log(reach)), spending.by_count(1.0 / reach)
    value = (
        share @ (gammaln(p * n + q) - gammaln(p * n)) - gammaln(q) + q * np.log(v) + p * spending.n_log_sum - spending.log_mean
        - (p * n + q) @ log_reach
    )  # fmt: skip
    both = share @ psi(p * n + q)
    d_p = (share * n) @ (psi(p * n + q) - psi(p * n)) + spending.n_log_sum - n @ log_reach
    d_q = both - psi(q) + np.log(v) - log_reach.sum()
    d_v = q / v - (p * n + q) @ inverse
    return -float(value), -np.array([d_p * p, d_q * above, d_v * v])


def _common(n: FloatArray, m: FloatArray, message: str) -> SpendModel:
    average = float((n * m).sum() / n.sum()) if len(m) else 0.0
    spread = float(np.var(m)) if len(m) > 1 else 0.0
    shape = float(np.clip(average**2 / spread, 0.1, 100.0)) if spread > 0 else 1.0
    return SpendModel(shape, HOMOGENEOUS_Q, max(average, 1e-12) * (HOMOGENEOUS_Q - 1) / shape, float("nan"), message)
