"""How many of those who leave are reached by contacting the customers with the highest scores, against contacting at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.customer_analytics.churn.scoring import area_under_curve
from cyberpunk_ai.customer_analytics.evidence.held_out import held_out_of, share_band

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray

TOP, STEPS, DECILES = 0.1, 100, 10


@dataclass(frozen=True, eq=False)
class LiftCurve(Result):
    """Share of leavers reached per share of customers contacted, highest scores first, on held-out customers.

    Attributes:
        curve: share_contacted (0 to 1), contacted, leavers_reached (share of all who left), lift (times the number that contacting at
            random reaches), gain (leavers reached beyond contacting at random), lowest_probability among those contacted.
        deciles: decile (1 holds the highest scores), customers, left, churn_rate, lo, hi (95% band of the rate), lift of that tenth,
            leavers_reached up to it.
        customers: Held-out predictions behind it.
        leavers: How many of them left.
        churn_rate: Their share.
        lift_at_top: Lift of the first tenth.
        reached_at_top: Share of leavers in the first tenth.
        auc: Chance that one who left scores above one who stayed.
        sentence: What it means.
    """

    chart_name: ClassVar[str] = "lift_curve"

    curve: pd.DataFrame
    deciles: pd.DataFrame
    customers: int
    leavers: int
    churn_rate: float
    lift_at_top: float
    reached_at_top: float
    auc: float
    sentence: str

    def to_frame(self) -> pd.DataFrame:
        """Return the curve, one row per percent contacted."""
        return self.curve

    def reached(self, share_contacted: float) -> float:
        """Return the share of leavers reached by contacting a share of the customers.

        Raises:
            InvalidArgument: The share lies outside 0 and 1.
        """
        if not 0 <= share_contacted <= 1:
            raise InvalidArgument(f"share_contacted is {share_contacted}", hint="give a share between 0 and 1, such as 0.1")
        return float(np.interp(share_contacted, self.curve["share_contacted"], self.curve["leavers_reached"]))


def lift_curve(predictions: pd.DataFrame) -> LiftCurve:
    """Return the lift of held-out predictions. Equal scores count as contacted in random order, so the order of rows never matters.

    Args:
        predictions: customer_id, cut_off, probability, left.

    Raises:
        TooLittleData: There are no held-out predictions, or all left, or nobody did.
    """
    held_out = held_out_of(predictions)
    # Within equal scores the leavers are spread evenly: that is what contacting them in random order reaches on average.
    scores, place = np.unique(-held_out.chance, return_inverse=True)
    size, left = (np.bincount(place, weights=each, minlength=len(scores)) for each in (np.ones(held_out.size), held_out.left))
    contacted_at, reached_at = (np.concatenate([[0.0], np.cumsum(each)]) for each in (size, left))

    def left_among(contacted: FloatArray) -> FloatArray:
        counts: FloatArray = np.interp(contacted, contacted_at, reached_at)
        return counts

    n, all_left = float(held_out.size), float(held_out.leavers)
    share = np.arange(STEPS + 1) / STEPS
    reached = left_among(share * n) / all_left
    reached[-1] = 1.0
    lowest = -scores[np.clip(np.searchsorted(contacted_at, share * n - 1e-9) - 1, 0, len(scores) - 1)]
    curve = pd.DataFrame(
        {
            "share_contacted": share,
            "contacted": share * n,
            "leavers_reached": reached,
            "lift": np.divide(reached, share, out=np.full(len(share), np.nan), where=share > 0),
            "gain": reached - share,
            "lowest_probability": np.where(share > 0, lowest, np.nan),
        }
    )
    deciles = _deciles(left_among(np.linspace(0.0, n, DECILES + 1)), n, all_left)
    top = float(np.interp(TOP, share, reached))
    return LiftCurve(
        curve=curve,
        deciles=deciles,
        customers=held_out.size,
        leavers=held_out.leavers,
        churn_rate=all_left / n,
        lift_at_top=top / TOP,
        reached_at_top=top,
        auc=area_under_curve(held_out.left, held_out.chance),
        sentence=_sentence(top, held_out.size, held_out.leavers),
    )


def _deciles(reached: FloatArray, n: float, all_left: float) -> pd.DataFrame:
    size, left = np.full(DECILES, n / DECILES), np.diff(reached)
    lo, hi = share_band(left, size)
    return pd.DataFrame(
        {
            "decile": np.arange(1, DECILES + 1),
            "customers": size,
            "left": left,
            "churn_rate": left / size,
            "lo": lo,
            "hi": hi,
            "lift": left / size * n / all_left,
            "leavers_reached": reached[1:] / all_left,
        }
    )


def _sentence(top: float, customers: int, leavers: int) -> str:
    told = f"The top {TOP:.0%} by score hold {top:.0%} of those who left ({leavers:,} of {customers:,} held-out customers did)"
    if customers * TOP < 10:
        return f"{told}; that tenth is fewer than ten customers, so take it as a hint only."
    if top <= TOP * 1.1:
        return f"{told}; contacting at random reaches as many."
    most = min(1 / TOP, customers / leavers)
    return f"{told}, {top / TOP:.1f} times what contacting at random reaches; at most {most:.1f} is possible."
