"""Maximum likelihood on the distinct histories: what is common to the fits of this folder. The likelihoods are in the models' files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, IntArray

    Objective = Callable[[FloatArray, "Histories"], tuple[float, FloatArray]]

MIN_REPEATERS = 10
LOG_BOUNDS = (-9.0, 9.0)
THIN = 8_000
STEP = 1e-4


@dataclass(frozen=True, eq=False)
class Histories:
    """Distinct histories (x, t_x, age), each as positions in short tables of distinct numbers.

    Attributes:
        x_values: Distinct numbers of repeat purchases.
        last_values: Distinct times from first to last purchase.
        age_values: Distinct times from first purchase to now.
        x_at: Position in `x_values` of each history, shape (h,).
        last_at: Position in `last_values`.
        age_at: Position in `age_values`.
        share: Share of the customers with this history, shape (h,), sums to 1.
        customers: Number of customers.
    """

    x_values: FloatArray
    last_values: FloatArray
    age_values: FloatArray
    x_at: IntArray
    last_at: IntArray
    age_at: IntArray
    share: FloatArray
    customers: int

    @cached_property
    def x(self) -> FloatArray:
        """Repeat purchases of each history."""
        return self.x_values[self.x_at]

    @cached_property
    def t_x(self) -> FloatArray:
        """Time from first to last purchase of each history."""
        return self.last_values[self.last_at]

    @cached_property
    def age(self) -> FloatArray:
        """Time from first purchase to now of each history."""
        return self.age_values[self.age_at]

    @cached_property
    def share_of_x(self) -> FloatArray:
        """Share of the customers with each number of repeat purchases."""
        return self.by_x(self.share)

    def by_x(self, weights: FloatArray) -> FloatArray:
        """Return the sum of weights per distinct number of repeat purchases."""
        return np.bincount(self.x_at, weights=weights, minlength=len(self.x_values)).astype(np.float64)

    def scaled(self, unit: float) -> Histories:
        """Return the same histories with time counted in another unit."""
        return Histories(
            self.x_values, self.last_values / unit, self.age_values / unit, self.x_at, self.last_at, self.age_at, self.share, self.customers
        )

    def thinned(self, size: int = THIN) -> Histories:
        """Return about `size` histories spread evenly over all, to start a search from."""
        if len(self.share) <= size:
            return self
        # Weighted steps through the sorted histories: each is met in proportion to its customers.
        ends = np.cumsum(self.share)
        kept, times = np.unique(np.searchsorted(ends, (np.arange(size) + 0.5) / size * ends[-1]), return_counts=True)
        kept = np.minimum(kept, len(ends) - 1)
        return Histories(
            self.x_values, self.last_values, self.age_values, self.x_at[kept], self.last_at[kept], self.age_at[kept],
            times / size, self.customers,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Optimum:
    """Where a search ended: logarithms of the parameters, mean log likelihood per customer, and whether it lies at an edge."""

    logs: FloatArray
    mean_log_likelihood: float
    is_at_edge: bool


def distinct(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return the sorted distinct values and the position of each value among them. Small whole numbers are not sorted."""
    if len(values) and float(values.min()) >= 0.0 and float(values.max()) <= 100_000.0:
        whole = values.astype(np.int64)
        if np.array_equal(whole, values):
            seen = np.zeros(int(whole.max()) + 1, dtype=bool)
            seen[whole] = True
            return np.flatnonzero(seen).astype(np.float64), (np.cumsum(seen) - 1)[whole]
    found, place = np.unique(values, return_inverse=True)
    return found, place.astype(np.int64)


def distinct_histories(x: FloatArray, t_x: FloatArray, age: FloatArray) -> Histories:
    """Join customers with the same history."""
    (x_values, x_at), (last_values, last_at), (age_values, age_at) = distinct(x), distinct(t_x), distinct(age)
    key = (x_at * len(last_values) + last_at) * len(age_values) + age_at
    key.sort()
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    counts = np.diff(np.concatenate([starts, [len(key)]]))
    rest, age_at = np.divmod(key[starts], len(age_values))
    x_at, last_at = np.divmod(rest, len(last_values))
    return Histories(x_values, last_values, age_values, x_at, last_at, age_at, counts / len(key), len(key))


def usable(x: FloatArray, t_x: FloatArray, age: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the histories that say something: customers seen for some time."""
    x, t_x, age = (np.asarray(values, dtype=np.float64) for values in (x, t_x, age))
    seen = age > 0
    return (x, t_x, age) if seen.all() else (x[seen], t_x[seen], age[seen])


def maximise(objective: Objective, starts: Sequence[FloatArray], histories: Histories) -> Optimum | None:
    """Search the parameters of greatest likelihood.

    Args:
        objective: From the logarithms of the parameters to the mean negative log likelihood and its gradient.
        starts: Tried in turn until a search ends well inside the bounds.
        histories: With time in units of about one.

    Returns:
        The best end of all searches, or None when none ended at a finite likelihood.
    """
    thin = histories.thinned()
    best = _search(objective, starts, thin)
    if best is not None and thin is not histories:
        # The thinned search has found the place; the full one only polishes it.
        best = _search(objective, [best.logs], histories, tolerance=1e-12) or best
    return best


def _search(objective: Objective, starts: Sequence[FloatArray], histories: Histories, tolerance: float = 1e-14) -> Optimum | None:
    best: Optimum | None = None
    for start in starts:
        found = minimize(
            objective,
            np.clip(start, LOG_BOUNDS[0] + 0.01, LOG_BOUNDS[1] - 0.01),
            args=(histories,),
            jac=True,
            method="L-BFGS-B",
            bounds=[LOG_BOUNDS] * len(start),
            options={"ftol": tolerance, "gtol": 1e-8, "maxiter": 500},
        )
        if np.isfinite(found.fun) and (best is None or -found.fun > best.mean_log_likelihood):
            at_edge = bool((np.abs(found.x) > LOG_BOUNDS[1] - 1e-3).any())
            best = Optimum(found.x, -float(found.fun), at_edge)
            if found.success and not at_edge:
                break
    return best


def log_standard_errors(objective: Objective, optimum: Optimum, histories: Histories) -> FloatArray:
    """Return the standard errors of the logarithms, from the curvature of the likelihood; NaN where it is flat.

    The Hessian is the central difference of the analytic gradient, over an even sample of the histories where they are very many.
    """
    histories = histories.thinned()
    size = len(optimum.logs)
    steps = np.eye(size) * STEP
    curvature = np.array(
        [(objective(optimum.logs + step, histories)[1] - objective(optimum.logs - step, histories)[1]) / (2 * STEP) for step in steps]
    )
    curvature = (curvature + curvature.T) / 2 * histories.customers
    if not np.isfinite(curvature).all() or np.linalg.eigvalsh(curvature).min() <= 1e-9:
        return np.full(size, np.nan)
    errors: FloatArray = np.sqrt(np.diag(np.linalg.inv(curvature)))
    return errors
