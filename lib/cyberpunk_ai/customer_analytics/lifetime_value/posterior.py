"""The full posterior of the BG/NBD parameters through `pymc-marketing`, an optional and slow way to see how sure the fit is.

The rest of the product works without it: `bg_nbd` gives standard errors in milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.core.errors import TooLittleData, Unavailable
from cyberpunk_ai.customer_analytics.lifetime_value.base import histories_of
from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import BgNbd
from cyberpunk_ai.customer_analytics.lifetime_value.fitting import MIN_REPEATERS

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, Ledger

NAMES = ("r", "alpha", "a", "b")
# The priors of pymc-marketing are made for weeks.
UNIT_DAYS = 7.0
MOST_CUSTOMERS = 5_000


@dataclass(frozen=True, eq=False)
class PurchasePosterior:
    """Draws of the BG/NBD parameters.

    Attributes:
        draws: One column per parameter (r, alpha in days, a, b), one row per draw.
    """

    draws: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return parameter, mean, std_error, lo, hi (90% interval)."""
        table = self.draws.agg(["mean", "std"]).T.rename(columns={"std": "std_error"})
        ends = self.draws.quantile([0.05, 0.95]).T.set_axis(["lo", "hi"], axis=1)
        return table.join(ends).rename_axis("parameter").reset_index()

    def expected_total(self, ledger: Ledger, horizon_days: int, *, most_draws: int = 100) -> FloatArray:
        """Return the expected purchases of all customers over the horizon under each of some draws, shape (draws,)."""
        even = np.linspace(0, len(self.draws) - 1, min(most_draws, len(self.draws))).astype(np.int64)
        histories = histories_of(ledger)
        drawn = self.draws[list(NAMES)].to_numpy(dtype=np.float64)[even]
        models = (BgNbd(float(r), float(alpha), float(a), float(b)) for r, alpha, a, b in drawn)
        return np.array([model.expected_purchases(*histories, float(horizon_days)).sum() for model in models])


def purchase_posterior(ledger: Ledger, *, draws: int = 500, chains: int = 2, seed: int = 0) -> PurchasePosterior:
    """Draw the BG/NBD parameters from their posterior by Markov chain Monte Carlo, on at most 5,000 customers.

    Args:
        ledger: Purchases up to the moment of the analysis.
        draws: Draws kept of each chain, after as many to tune it.
        chains: Chains, one after the other.
        seed: Of the chains.

    Raises:
        Unavailable: pymc-marketing is not installed.
        TooLittleData: Fewer than ten customers bought again.
    """
    x, t_x, age = (part[:: -(-ledger.size // MOST_CUSTOMERS)] for part in histories_of(ledger))
    if int((x > 0).sum()) < MIN_REPEATERS:
        raise TooLittleData("fewer than ten customers bought again", hint="the pace cannot be told from chance yet")
    try:
        from pymc_marketing.clv import BetaGeoModel
    except ImportError as error:
        raise Unavailable("pymc-marketing is not installed", hint="pip install 'cyberpunk-ai[bayes]'", extra="bayes") from error
    import pandas as pd

    seen = age > 0
    customers = pd.DataFrame(
        {
            "customer_id": np.arange(int(seen.sum())),
            "frequency": x[seen],
            "recency": t_x[seen] / UNIT_DAYS,
            "T": age[seen] / UNIT_DAYS,
        }
    )
    model = BetaGeoModel(data=customers)
    settings = {"draws": draws, "tune": draws, "chains": chains, "cores": 1, "random_seed": seed, "progressbar": False}
    found = model.fit(method="mcmc", **settings)
    posterior = getattr(found, "posterior", found)
    columns = {name: np.asarray(posterior[name], dtype=np.float64).ravel() for name in NAMES}
    return PurchasePosterior(pd.DataFrame(columns).assign(alpha=lambda rows: rows["alpha"] * UNIT_DAYS))
