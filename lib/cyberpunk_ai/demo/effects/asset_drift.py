"""Machines that drift to failure: vibration and temperature creep up for weeks before the bearing goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cyberpunk_ai.demo.draws import FloatArray
    from cyberpunk_ai.demo.history import History


@dataclass(frozen=True)
class AssetDrift:
    """One run from a healthy machine to a failure.

    Attributes:
        asset: Which machine.
        fails_at: When it fails; after the end of the history for the machine that is still drifting.
        repair_hours: How long it stands still then.
        drift_days: Days before the failure on which the drift starts.
        vibration_rise: Vibration just before the failure, relative to healthy, minus one.
        temperature_rise_c: Degrees above healthy just before the failure.
    """

    asset: str
    fails_at: datetime
    repair_hours: float = 30.0
    drift_days: float = 24.0
    vibration_rise: float = 1.6
    temperature_rise_c: float = 14.0

    @classmethod
    def planned(cls, history: History) -> tuple[AssetDrift, ...]:
        """Place one failure 21 days before the end, repaired since, and one that comes six days after it."""
        midnight = datetime.combine(history.end, time())
        return (
            cls("M-204", midnight - timedelta(days=21) + timedelta(hours=9)),
            cls("P-101", midnight + timedelta(days=6) + timedelta(hours=14)),
        )

    def severity(self, hours_to_failure: FloatArray) -> FloatArray:
        """Return how far the drift has come, 0 while healthy to 1 at the failure; it grows faster and faster.

        Args:
            hours_to_failure: Hours left, negative after the failure (the machine is repaired then), shape (n,).
        """
        progress = 1.0 - hours_to_failure / (24.0 * self.drift_days)
        return np.where(hours_to_failure >= 0.0, np.clip(progress, 0.0, 1.0) ** 1.8, 0.0)

    def to_truth(self, history: History) -> dict[str, object]:
        """Return what the truth file records."""
        return {
            "asset": self.asset,
            "drift_starts": (self.fails_at - timedelta(days=self.drift_days)).isoformat(),
            "fails_at": self.fails_at.isoformat(),
            "in_history": self.fails_at.date() <= history.end,
            "vibration_rise": self.vibration_rise,
            "temperature_rise_c": self.temperature_rise_c,
        }
