"""What every model of repeat purchases promises, and the histories that they read. Each model is one file of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, IntArray, Ledger


class PurchaseModel(Protocol):
    """A fitted model of how often customers buy until they silently leave; time is in the unit it was fitted in.

    In every method `x` is repeat purchases, `t_x` the time from first to last purchase and `age` the time from first purchase to now,
    each of shape (n,).
    """

    @property
    def name(self) -> str:
        """Which model it is."""
        ...

    @property
    def parameters(self) -> dict[str, float]:
        """Fitted parameters by name."""
        ...

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard error of each parameter; NaN where the likelihood is flat, empty for a fallback."""
        ...

    @property
    def log_likelihood(self) -> float:
        """Log likelihood over all customers, or NaN for a fallback."""
        ...

    @property
    def message(self) -> str:
        """Empty after a clean fit; otherwise what was done instead and why."""
        ...

    def probability_alive(self, x: FloatArray, t_x: FloatArray, age: FloatArray) -> FloatArray:
        """Return the chance that a customer has not left, shape (n,). It is never a churn score."""
        ...

    def probability_silent(self, x: FloatArray, t_x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Return the chance of no purchase within the horizon, shape (n,)."""
        ...

    def expected_purchases(self, x: FloatArray, t_x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:
        """Return the expected purchases within the horizon, shape (n,)."""
        ...

    def draws(self, x: FloatArray, t_x: FloatArray, age: FloatArray, horizon: float, draws: int, rng: np.random.Generator) -> IntArray:
        """Draw purchases within the horizon from each customer's own posterior, shape (n, draws)."""
        ...


def histories_of(ledger: Ledger) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return repeat purchases, days from first to last purchase, and days from first purchase to now, per customer."""
    x = (ledger.purchases - 1).astype(np.float64)
    return x, (ledger.last_day - ledger.first_day).astype(np.float64), ledger.tenure_days.astype(np.float64)
