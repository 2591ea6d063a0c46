"""Volume: as many rows a day as usual, by a robust z against the days before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from cyberpunk_ai.data_fabric.quality.base import CHECKS, Check, CheckConfig, Circumstances, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

ENOUGH_DAYS = 8


class VolumeConfig(CheckConfig):
    """How far the last day may stray."""

    column: str = Field(description="Moment that says on which day a row counts.")
    days: int = Field(56, ge=14, description="Days to compare with.")
    max_z: float = Field(6.0, gt=0, description="Robust deviations that are still usual.")


@CHECKS.register("volume", summary="As many rows a day as usual")
class Volume(Check):
    """As many rows a day as usual."""

    kind = "volume"
    Config = VolumeConfig
    config: VolumeConfig

    @property
    def name(self) -> str:
        """Name of the check."""
        return "rows per day"

    def measures(self) -> Mapping[str, str]:
        """Measure nothing in the pass: days are a grouping of their own, asked for when judging."""
        return {}

    def judge(self, measured: Mapping[str, Any], given: Circumstances) -> Outcome:  # noqa: ARG002 - see measures
        """Compare the last finished day with the same weekdays before: a quiet Sunday is no alarm."""
        column = self.known_column(self.config.column)
        counts = given.warehouse.query(
            f"SELECT toDate32({column}) AS day, count() AS rows FROM {self.table.name} "
            f"WHERE {column} >= (SELECT max({column}) FROM {self.table.name}) - INTERVAL {int(self.config.days) + 1} DAY "
            "GROUP BY day ORDER BY day"
        )
        days = counts.set_index("day")["rows"].astype(float)
        if len(days) < 2:
            return Outcome(passed=True, failing_rows=0, severity=0.0, message="too few days to compare")
        days = days.iloc[:-1]  # the newest day may not be over
        import pandas as pd

        weekday = pd.to_datetime(pd.Series(days.index)).dt.dayofweek.to_numpy()
        same = days[weekday == weekday[-1]].iloc[:-1]
        before = same if len(same) >= ENOUGH_DAYS - 2 else days.iloc[:-1]
        if len(before) < ENOUGH_DAYS - 2:
            return Outcome(passed=True, failing_rows=0, severity=0.0, message="too few days to compare")
        usual = float(before.median())
        spread = max(1.4826 * float((before - usual).abs().median()), usual**0.5, 1.0)
        z = (float(days.iloc[-1]) - usual) / spread
        text = f"{int(days.iloc[-1]):,} rows on {days.index[-1]:%Y-%m-%d}, usually about {usual:,.0f}"
        if abs(z) <= self.config.max_z:
            return Outcome(passed=True, failing_rows=0, severity=0.0, message=text)
        return Outcome(
            passed=False, failing_rows=0, severity=min(1.0, abs(z) / (4 * self.config.max_z) + 0.25), message=f"{text} (z {z:+.1f})"
        )
