"""Purchases at a steady pace by customers who never leave: the NBD model, the fallback where leaving cannot be learnt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, IntArray


@dataclass(frozen=True)
class Nbd:
    """An NBD model: each customer buys at a rate drawn from Gamma(r, alpha) and stays for good.

    Attributes:
        r: Shape of the rates.
        alpha: Scale of the rates, in units of time.
        log_likelihood: NaN, since it is no fit.
        message: Why nothing better was possible.
        standard_errors: Empty.

    Source:
        Ehrenberg (1959), The Pattern of Consumer Purchases.
    """

    name: ClassVar[str] = "NBD"

    r: float
    alpha: float
    log_likelihood: float = float("nan")
    message: str = ""
    standard_errors: dict[str, float] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, float]:
        """Fitted parameters by name."""
        return {"r": self.r, "alpha": self.alpha}

    def probability_alive(self, x: FloatArray, t_x: FloatArray, age: FloatArray) -> FloatArray:  # noqa: ARG002 nobody leaves
        """Return 1 for everybody."""
        return np.ones(len(x))

    def probability_silent(self, x: FloatArray, t_x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:  # noqa: ARG002 same
        """Return the chance of no purchase within the horizon, shape (n,)."""
        chance: FloatArray = np.exp((self.r + x) * (np.log(self.alpha + age) - np.log(self.alpha + age + horizon)))
        return chance

    def expected_purchases(self, x: FloatArray, t_x: FloatArray, age: FloatArray, horizon: float) -> FloatArray:  # noqa: ARG002 same
        """Return the expected purchases within the horizon, shape (n,)."""
        return (self.r + x) * horizon / (self.alpha + age)

    def draws(
        self,
        x: FloatArray,
        t_x: FloatArray,  # noqa: ARG002 same
        age: FloatArray,
        horizon: float,
        draws: int,
        rng: np.random.Generator,
    ) -> IntArray:
        """Draw purchases within the horizon, shape (n, draws)."""
        rate = rng.gamma(np.broadcast_to((self.r + x)[:, None], (len(x), draws))) / (self.alpha + age)[:, None]
        return rng.poisson(np.minimum(rate * horizon, 1e6))


def common_pace(x: FloatArray, age: FloatArray, message: str) -> Nbd:
    """Return a prior worth one customer, centred on the common pace, with half a purchase added so that the pace is never zero."""
    pace = (float(x.sum()) + 0.5) / max(float(age.sum()), 1.0)
    return Nbd(1.0, 1.0 / pace, message=message)
