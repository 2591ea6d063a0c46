"""Pareto/NBD: a customer may leave at any moment, not only after a purchase."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy.special import expit, gammaln, psi

from cyberpunk_ai.customer_analytics.lifetime_value.fitting import (
    MIN_REPEATERS,
    distinct_histories,
    log_standard_errors,
    maximise,
    usable,
)
from cyberpunk_ai.customer_analytics.lifetime_value.nbd import Nbd, common_pace

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.lifetime_value.fitting import Histories
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, IntArray

STARTS = (np.log([0.5, 0.3, 0.6, 0.4]), np.log([1.0, 1.0, 1.0, 1.0]), np.log([2.0, 0.5, 0.3, 1.0]))
NODE, WEIGHT = (part.astype(np.float64) for part in np.polynomial.legendre.leggauss(24))
# Beyond this many e-foldings the integrand adds nothing that a double can hold.
FOLDINGS = 40.0
MOST_HISTORIES, CHUNK = 16_000, 20_000


@dataclass(frozen=True)
class ParetoNbd:
    """Purchases at a rate drawn from Gamma(r, alpha), until the customer leaves at a rate drawn from Gamma(s, beta).

    Attributes:
        r: Shape of the purchase rates.
        alpha: Scale of the purchase rates, in units of time.
        s: Shape of the leaving rates.
        beta: Scale of the leaving rates, in units of time.
        log_likelihood: Over all customers.
        message: Empty after a clean fit; otherwise what is odd about it.
        standard_errors: Standard error of each parameter.

    Source:
        Schmittlein, Morrison & Colombo (1987), Counting Your Customers, Management Science 33.
    """

    name: ClassVar[str] = "Pareto/NBD"

    r: float
    alpha: float
    s: float
    beta: float
    log_likelihood: float = float("nan")
    message: str = ""
    standard_errors: dict[str, float] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, float]:
        """Fitted parameters by name."""
        return {"r": self.r, "alpha": self.alpha, "s": self.s, "beta": self.beta}

    @classmethod
    def fit(cls, x: FloatArray, t_x: FloatArray, age: FloatArray) -> Self | Nbd:
        """Fit by maximum likelihood on the distinct histories, on an even sample of them where they are very many.

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
        everybody = distinct_histories(x, t_x, age).scaled(unit)
        histories = everybody.thinned(MOST_HISTORIES)
        best = maximise(negative_log_likelihood, STARTS, histories)
        if best is None:
            return common_pace(x, age, "the purchase model did not converge: the pace is common to all, and leaving is not modelled")
        errors = np.exp(best.logs) * log_standard_errors(negative_log_likelihood, best, histories)
        edge = "the purchase model lies at the edge of its range: customers differ hardly at all, or more than it can say"
        mean = best.mean_log_likelihood if histories is everybody else -negative_log_likelihood(best.logs, everybody)[0]
        r, alpha, s, beta = (float(value) for value in np.exp(best.logs))
        scale = (1.0, unit, 1.0, unit)
        return cls(
            r,
            alpha * unit,
            s,
            beta * unit,
            float(mean * everybody.customers - float(x.sum()) * np.log(unit)),
            edge if best.is_at_edge else "",
            {name: float(error * by) for name, error, by in zip(("r", "alpha", "s", "beta"), errors, scale, strict=True)},
        )

    def probability_alive(self, x: FloatArray, t_x: FloatArray, age: FloatArray) -> FloatArray:
        """Return the chance that a customer has not left."""
        chance = np.empty(len(x))
        for start in range(0, len(chance), CHUNK):
            part = slice(start, start + CHUNK)
            stayed = -(self.r + x[part]) * np.log(self.alpha + age[part]) - self.s * np.log(self.beta + age[part])
            left = _left_between(self.r + x[part], self.alpha, self.s, self.beta, t_x[part], age[part])[0]
            chance[part] = expit(stayed - left)
        return chance

    def probability_silent(self, x: FloatArray, t_x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Return the chance of no purchase within the horizon: it left already, stays silent, or leaves before buying."""
        silent = np.empty(len(x))
        for start in range(0, len(silent), CHUNK):
            part = slice(start, start + CHUNK)
            shape, now = self.r + x[part], age[part]
            at_now = -shape * np.log(self.alpha + now) - self.s * np.log(self.beta + now)
            at_end = -shape * np.log(self.alpha + now + horizon) - self.s * np.log(self.beta + now + horizon)
            left = _left_between(shape, self.alpha, self.s, self.beta, now, now + horizon)[0]
            silent[part] = np.minimum(np.exp(at_end - at_now) + np.exp(left - at_now), 1.0)
        chance: FloatArray = 1.0 - self.probability_alive(x, t_x, age) * (1.0 - silent)
        return chance

    def expected_purchases(self, x: FloatArray, t_x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Return the expected purchases within the horizon, in closed form; at s = 1 it is a logarithm."""
        grown = np.log((self.beta + age + horizon) / (self.beta + age))
        above = self.s - 1.0
        lived = (self.beta + age) * (grown if abs(above) < 1e-9 else -np.expm1(-above * grown) / above)
        expected: FloatArray = self.probability_alive(x, t_x, age) * (self.r + x) / (self.alpha + age) * lived
        return expected

    def draws(self, x: FloatArray, t_x: FloatArray, age: FloatArray, horizon: float, draws: int, rng: np.random.Generator) -> IntArray:
        """Draw purchases within the horizon from each customer's own posterior, shape (n, draws)."""
        shape = (len(x), draws)
        rate = rng.gamma(np.broadcast_to((self.r + x)[:, None], shape)) / (self.alpha + age)[:, None]
        leaving = np.maximum(rng.gamma(self.s, size=shape) / (self.beta + age)[:, None], 1e-300)
        lived = np.minimum(rng.standard_exponential(shape) / leaving, horizon)
        is_alive = rng.random(shape) < self.probability_alive(x, t_x, age)[:, None]
        return np.where(is_alive, rng.poisson(np.minimum(rate * lived, 1e6)), 0)


def _left_between(
    shape: FloatArray, alpha: float, s: float, beta: float, begin: FloatArray, end: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Logarithm of the integral of (alpha + t)^-shape s (beta + t)^-(s + 1) over t from begin to end.

    Gauss-Legendre in the logarithm of alpha + t, where the integrand is close to an exponential; cut where it has died out. It stays
    accurate where the usual hypergeometric functions overflow.

    Returns:
        The logarithm, shape (n,), minus infinity where begin = end; the share of each node, shape (n, nodes); and its t.
    """
    # The second factor dies out as well, within nothing where s is large.
    last = np.minimum(end, begin + (beta + begin) * np.expm1(FOLDINGS / (s + 1.0)))
    width = np.minimum(np.log((alpha + last) / (alpha + begin)), FOLDINGS / np.maximum(shape - 1.0, 0.5))
    along = width[:, None] / 2 * (NODE + 1.0)
    time = (alpha + begin)[:, None] * np.exp(along) - alpha
    density = np.exp((1.0 - shape)[:, None] * along - (s + 1.0) * np.log((beta + time) / (beta + begin)[:, None])) * WEIGHT
    total = density.sum(axis=1)
    has_width = width > 0
    value = (
        np.log(np.where(has_width, total * width / 2, 1.0))
        + (1.0 - shape) * np.log(alpha + begin)
        + np.log(s)
        - (s + 1.0) * np.log(beta + begin)
    )
    return np.where(has_width, value, -np.inf), density / total[:, None], time


def negative_log_likelihood(logs: FloatArray, histories: Histories) -> tuple[float, FloatArray]:
    """Return the mean negative log likelihood per customer and its gradient in the logarithms of (r, alpha, s, beta)."""
    r, alpha, s, beta = np.exp(logs)
    x_values, share_of_x = histories.x_values, histories.share_of_x
    value = float(share_of_x @ gammaln(r + x_values)) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    gradient = np.array([share_of_x @ psi(r + x_values) - psi(r) + np.log(alpha), r / alpha, np.log(beta), s / beta])
    for start in range(0, len(histories.share), CHUNK):
        part = slice(start, start + CHUNK)
        shape, age, share = r + histories.x[part], histories.age[part], histories.share[part]
        log_alpha, log_beta = np.log(alpha + age), np.log(beta + age)
        stayed = -shape * log_alpha - s * log_beta
        left, density, time = _left_between(shape, alpha, s, beta, histories.t_x[part], age)
        joint = np.logaddexp(stayed, left)
        w_stayed, w_left = share * np.exp(stayed - joint), share * np.exp(left - joint)
        value += float(share @ joint)
        after, before = alpha + time, beta + time
        gradient -= np.array(
            [
                w_stayed @ log_alpha + w_left @ (density * np.log(after)).sum(axis=1),
                w_stayed @ (shape / (alpha + age)) + w_left @ (shape * (density / after).sum(axis=1)),
                w_stayed @ log_beta + w_left @ ((density * np.log(before)).sum(axis=1) - 1.0 / s),
                w_stayed @ (s / (beta + age)) + w_left @ ((s + 1.0) * (density / before).sum(axis=1)),
            ]
        )
    return -value, -gradient * np.exp(logs)
