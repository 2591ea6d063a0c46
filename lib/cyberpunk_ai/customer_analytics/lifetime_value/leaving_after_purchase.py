"""What BG/NBD and MBG/NBD share: customers who may leave after a purchase. They differ in whether the first purchase counts too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy.special import expit, gammaln, psi, roots_jacobi

from cyberpunk_ai.customer_analytics.lifetime_value.fitting import (
    MIN_REPEATERS,
    distinct,
    distinct_histories,
    log_standard_errors,
    maximise,
    usable,
)
from cyberpunk_ai.customer_analytics.lifetime_value.nbd import Nbd, common_pace

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.lifetime_value.fitting import Histories
    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray, FloatArray, IntArray

STARTS = (np.log([0.3, 0.5, 0.8, 2.5]), np.log([1.0, 1.0, 1.0, 1.0]), np.log([2.0, 2.0, 0.3, 3.0]))
NODES = 32
CHUNK = 20_000


@dataclass(frozen=True)
class LeavingAfterPurchase:
    """Purchases at a rate drawn from Gamma(r, alpha), until the customer leaves after one with a chance drawn from Beta(a, b).

    Attributes:
        r: Shape of the rates.
        alpha: Scale of the rates, in units of time.
        a: First parameter of the chance to leave.
        b: Second parameter of the chance to leave.
        log_likelihood: Over all customers.
        message: Empty after a clean fit; otherwise what is odd about it.
        standard_errors: Standard error of each parameter.
    """

    name: ClassVar[str]
    # Chances to leave that a customer had by its first purchase.
    chances_at_first: ClassVar[int]

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float = float("nan")
    message: str = ""
    standard_errors: dict[str, float] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, float]:
        """Fitted parameters by name."""
        return {"r": self.r, "alpha": self.alpha, "a": self.a, "b": self.b}

    @classmethod
    def fit(cls, x: FloatArray, t_x: FloatArray, age: FloatArray) -> Self | Nbd:
        """Fit by maximum likelihood on the distinct histories.

        Args:
            x: Repeat purchases, shape (n,), all >= 0.
            t_x: Time from first to last purchase, shape (n,).
            age: Time from first purchase to now, shape (n,), t_x <= age.

        Returns:
            The model. With fewer than ten repeat buyers, or where no search ends, the NBD fallback with a message.
        """
        x, t_x, age = usable(x, t_x, age)
        repeaters = int((x > 0).sum())
        if repeaters < MIN_REPEATERS:
            return common_pace(x, age, f"only {repeaters} customers bought again: the pace is common to all, and leaving is not modelled")
        unit = float(age.mean())
        histories = distinct_histories(x, t_x, age).scaled(unit)
        best = maximise(cls.negative_log_likelihood, STARTS, histories)
        if best is None:
            message = "the purchase model did not converge: the pace is common to all, and leaving is not modelled"
            return common_pace(x, age, message)
        r, alpha, a, b = (float(value) for value in np.exp(best.logs))
        errors = np.exp(best.logs) * log_standard_errors(cls.negative_log_likelihood, best, histories)
        edge = "the purchase model lies at the edge of its range: customers differ hardly at all, or more than it can say"
        # The likelihood was worked out in another unit of time; that adds x ln(unit) per customer.
        likelihood = best.mean_log_likelihood * histories.customers - float(x.sum()) * np.log(unit)
        scale = (1.0, unit, 1.0, 1.0)
        return cls(
            r,
            alpha * unit,
            a,
            b,
            float(likelihood),
            edge if best.is_at_edge else "",
            {name: float(error * by) for name, error, by in zip(("r", "alpha", "a", "b"), errors, scale, strict=True)},
        )

    def probability_alive(self, x: FloatArray, t_x: FloatArray, age: FloatArray) -> FloatArray:
        """Return the chance that a customer has not left. One-time buyers rank high, so this is never a churn score."""
        chances = x + self.chances_at_first
        log_odds = np.log(self.a / (self.b + np.maximum(chances, 1.0) - 1)) + (self.r + x) * (
            np.log(self.alpha + age) - np.log(self.alpha + t_x)
        )
        return np.where(chances > 0, expit(-log_odds), 1.0)

    def probability_silent(self, x: FloatArray, t_x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Return the chance of no purchase within the horizon, in closed form: it left already, or lives and stays silent."""
        silent = np.exp((self.r + x) * (np.log(self.alpha + age) - np.log(self.alpha + age + horizon)))
        chance: FloatArray = 1.0 - self.probability_alive(x, t_x, age) * (1.0 - silent)
        return chance

    def expected_purchases(self, x: FloatArray, t_x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Return the expected purchases within the horizon.

        The mean over the rate is in closed form; over the chance to leave it is a Gauss-Jacobi sum, which stays accurate where the
        usual hypergeometric function overflows or has a pole at a = 1. Of those alive it depends on (x, age) alone, and is worked out
        once per distinct pair.
        """
        (x_values, x_at), (ages, age_at) = distinct(np.asarray(x, dtype=np.float64)), distinct(np.asarray(age, dtype=np.float64))
        if not len(x_values):
            return np.zeros(0)
        pairs, place = distinct((x_at * len(ages) + age_at).astype(np.float64))
        pair_x, pair_age = np.divmod(pairs.astype(np.int64), len(ages))
        nodes, weights = self._leaving_chances(x_values)
        if_alive = np.empty(len(pairs))
        for start in range(0, len(pairs), CHUNK):
            part = slice(start, start + CHUNK)
            row, reach = pair_x[part], horizon / (self.alpha + ages[pair_age[part]])
            chance, shape = nodes[row], self.r + x_values[row]
            if_alive[part] = (weights[row] * -np.expm1(-shape[:, None] * np.log1p(chance * reach[:, None])) / chance).sum(axis=1)
        expected: FloatArray = self.probability_alive(x, t_x, age) * if_alive[place]
        return expected

    def draws(self, x: FloatArray, t_x: FloatArray, age: FloatArray, horizon: float, draws: int, rng: np.random.Generator) -> IntArray:
        """Draw purchases within the horizon from each customer's own posterior, shape (n, draws)."""
        shape = (len(x), draws)
        rate = rng.gamma(np.broadcast_to((self.r + x)[:, None], shape)) / (self.alpha + age)[:, None]
        count = rng.poisson(np.minimum(rate * horizon, 1e6))
        stayed = (self.b + x + self.chances_at_first)[:, None]
        chance = np.maximum(rng.beta(self.a, np.broadcast_to(stayed, shape)), 1e-12)
        is_alive: BoolArray = rng.random(shape) < self.probability_alive(x, t_x, age)[:, None]
        return np.where(is_alive, np.minimum(count, rng.geometric(chance)), 0)

    def _leaving_chances(self, x_values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Nodes and weights of the chance to leave of those alive, Beta(a, b + chances), per distinct x."""
        nodes, weights = np.empty((len(x_values), NODES)), np.empty((len(x_values), NODES))
        for row, repeats in enumerate(x_values):
            b = self.b + repeats + self.chances_at_first
            with np.errstate(all="ignore"):
                at, weight = roots_jacobi(NODES, b - 1, self.a - 1)
            if np.isfinite(at).all() and np.isfinite(weight).all() and weight.sum() > 0:
                nodes[row], weights[row] = np.clip((at + 1) / 2, 1e-12, 1.0), weight / weight.sum()
            else:  # so many purchases that the distribution is a point
                nodes[row], weights[row] = self.a / (self.a + b), 1.0 / NODES
        return nodes, weights

    @classmethod
    def negative_log_likelihood(cls, logs: FloatArray, histories: Histories) -> tuple[float, FloatArray]:
        """Return the mean negative log likelihood per customer and its gradient in the logarithms of (r, alpha, a, b).

        A customer stayed all the time, or left right after the last purchase; gamma functions and logarithms are looked up in the
        short tables of distinct numbers.
        """
        r, alpha, a, b = np.exp(logs)
        x, share = histories.x_values, histories.share_of_x
        chances = x + cls.chances_at_first
        log_ages, log_lasts = np.log(alpha + histories.age_values), np.log(alpha + histories.last_values)
        log_age = log_ages[histories.age_at]
        later = log_age - log_lasts[histories.last_at]
        prior = np.where(chances > 0, np.log(a) - np.log(b + np.maximum(chances, 1.0) - 1), -np.inf)
        left_over_stayed = prior[histories.x_at] + (r + x)[histories.x_at] * later
        small = np.exp(-np.abs(left_over_stayed))
        left = np.where(left_over_stayed > 0, 1.0, small) / (1.0 + small) * histories.share
        joint = np.maximum(left_over_stayed, 0.0) + np.log1p(small)
        by_x = gammaln(r + x) - gammaln(r) + gammaln(a + b) + gammaln(b + chances) - gammaln(b) - gammaln(a + b + chances)
        ages = histories.by_x(histories.share * log_age)
        value = share @ by_x + r * np.log(alpha) - (r + x) @ ages + histories.share @ joint
        left_by_x = histories.by_x(left)
        slower, lower = (1.0 / (alpha + histories.age_values))[histories.age_at], (1.0 / (alpha + histories.last_values))[histories.last_at]
        pull = histories.by_x(histories.share * slower + left * (lower - slower))
        common = psi(a + b) - share @ psi(a + b + chances)
        gradient = np.array(
            [
                share @ psi(r + x) - psi(r) + np.log(alpha) - ages.sum() + left @ later,
                r / alpha - (r + x) @ pull,
                common + left_by_x.sum() / a,
                common + share @ psi(b + chances) - psi(b) - left_by_x @ (1.0 / (b + np.maximum(chances, 1.0) - 1)),
            ]
        )
        return -float(value), -gradient * np.exp(logs)
