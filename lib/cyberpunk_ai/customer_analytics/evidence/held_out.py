"""Held-out predictions as arrays: what the churn model said of customers whose outcome it had not seen, and what then came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from cyberpunk_ai.core.errors import ContractBroken, TooLittleData

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray

COLUMNS = ("customer_id", "cut_off", "probability", "left")


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Predictions with their outcomes.

    Attributes:
        chance: Predicted chance to leave, shape (n,), in [0, 1].
        left: 1 for those who left, 0 for those who stayed, shape (n,).
    """

    chance: FloatArray
    left: FloatArray

    @property
    def size(self) -> int:
        """Number of predictions."""
        return len(self.left)

    @property
    def leavers(self) -> int:
        """Number of those who left."""
        return int(self.left.sum())


def held_out_of(predictions: pd.DataFrame, *, both: bool = True) -> HeldOut:
    """Read the held-out predictions of a report.

    Args:
        predictions: customer_id, cut_off, probability, left; rows without a probability or an outcome are skipped.
        both: Whether the question needs some who left and some who stayed.

    Raises:
        TooLittleData: There are none, or all left, or nobody did.
        ContractBroken: A column is missing, or a probability lies outside [0, 1].
    """
    if not len(predictions):
        raise TooLittleData(
            "there are no held-out predictions: the churn score was not tested on customers it had not seen",
            hint="give more history, or a shorter horizon_days, so that at least one past day with a known outcome can be kept for testing",
        )
    missing = [name for name in ("probability", "left") if name not in predictions.columns]
    if missing:
        raise ContractBroken(f"held-out predictions: column {missing[0]!r} is missing", hint=f"columns seen: {list(predictions.columns)}")
    known = predictions[predictions["probability"].notna() & predictions["left"].notna()]
    chance, left = known["probability"].to_numpy(dtype=np.float64), known["left"].to_numpy(dtype=np.float64)
    if ((chance < 0) | (chance > 1)).any():
        raise ContractBroken("held-out predictions: a probability lies outside 0 and 1", hint="give chances, not scores")
    found = HeldOut(chance, (left > 0).astype(np.float64))
    if not found.size or (both and not 0 < found.leavers < found.size):
        raise TooLittleData(
            f"of {found.size} held-out customers {found.leavers} left: both those who left and those who stayed are needed",
            hint="choose another horizon_days, or wait until more outcomes are known",
        )
    return found


def share_band(count: FloatArray, size: FloatArray, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Return the band of a share: what it may truly be, given so many of so many.

    Args:
        count: How many, shape (n,); need not be whole.
        size: Of how many, shape (n,), all above 0.
        level: How sure the band is.

    Source:
        Wilson (1927), Probable Inference, the Law of Succession, and Statistical Inference.
    """
    z = float(norm.ppf((1 + level) / 2))
    share = count / size
    middle = (share + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z / (1 + z**2 / size) * np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2))
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)
