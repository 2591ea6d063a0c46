"""A clock that only the test moves, for whatever takes one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Clock:
    """Seconds since some moment; called, it says them.

    Attributes:
        now: What it says.
    """

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
