"""The forecast terrain as numbers: a surface of series by time, history and horizon, with its band. No three.js, no widget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cyberpunk_ai.core.errors import ContractBroken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MOST_SERIES = 32
HISTORY_PER_STEP = 3
LENGTH = 26.0  # of the time axis in units of the scene
ROW = 1.55  # between two series
TALL = 8.0


@dataclass(frozen=True)
class TerrainPlan:
    """A surface over a grid of series (rows) and periods (columns).

    Attributes:
        names: Of the series, the largest at the back.
        dates: Of the columns.
        heights: Shape (series, periods), history then forecast.
        lows: Lower end of the band, shape (series, horizon + 1), beginning at the last measured period, where it has no width.
        highs: Upper end.
        values: What the heights stand for.
        now: Column of the last measured period.
        left_out: Series that are not drawn.
    """

    names: tuple[str, ...]
    dates: tuple[Any, ...]
    heights: NDArray[np.float32]
    lows: NDArray[np.float32]
    highs: NDArray[np.float32]
    values: NDArray[np.float64]
    now: int
    left_out: int

    @property
    def x(self) -> NDArray[np.float32]:
        """Places of the columns."""
        return np.linspace(-LENGTH / 2, LENGTH / 2, len(self.dates)).astype("f4")

    @property
    def z(self) -> NDArray[np.float32]:
        """Places of the rows."""
        rows = np.arange(len(self.names)) - (len(self.names) - 1) / 2
        return (rows * self.row).astype("f4")

    @property
    def row(self) -> float:
        """Distance of two rows; few series stand farther apart."""
        return min(max(ROW, 9.0 / max(len(self.names), 1)), 4.0) if len(self.names) < 12 else min(ROW, 26.0 / len(self.names))


def plan_terrain(result: Any, *, level: int | None = None, most: int = MOST_SERIES) -> TerrainPlan:
    """Lay a forecast out as a surface.

    Args:
        result: Has `history`, `forecast`, `levels` and `horizon`.
        level: Whose band is drawn, in percent; the narrowest without.
        most: Series drawn, the largest by their sum ahead.

    Raises:
        ContractBroken: There is nothing to draw.
    """
    if not len(result.forecast) or not len(result.history):
        raise ContractBroken("this forecast holds no series", hint="ask for a metric that has values")
    shown = min(result.levels) if level is None else level
    ahead = result.forecast.sort_values(["unique_id", "ds"])
    sums = ahead.groupby("unique_id")["mean"].sum().sort_values(ascending=False)
    names = [str(name) for name in sums.index[:most]]
    width = min(max(12, HISTORY_PER_STEP * result.horizon), int(result.history.groupby("unique_id").size().max()))
    values, lows, highs, dates = [], [], [], ()
    for name in names:
        past = result.history[result.history["unique_id"] == name].sort_values("ds").tail(width)
        future = ahead[ahead["unique_id"] == name]
        known = past["y"].to_numpy(float)
        known = np.concatenate([np.full(width - len(known), np.nan), known])
        values.append(np.concatenate([known, future["mean"].to_numpy(float)]))
        lows.append(np.concatenate([known[-1:], future[f"lo-{shown}"].to_numpy(float)]))
        highs.append(np.concatenate([known[-1:], future[f"hi-{shown}"].to_numpy(float)]))
        if len(past) == width:
            dates = (*past["ds"], *future["ds"])
    grid = np.stack(values)
    bottom = min(float(np.nanmin(grid)), 0.0)
    # The band may reach above the tallest value; it is cut where it would leave the picture.
    top = max(float(np.nanmax(grid)) - bottom, 1e-12)

    def raised(each: Sequence[NDArray[np.float64]] | NDArray[np.float64]) -> NDArray[np.float32]:
        return np.clip((np.nan_to_num(np.asarray(each), nan=bottom) - bottom) / top * TALL, 0.0, TALL * 1.45).astype("f4")

    return TerrainPlan(tuple(names), dates, raised(grid), raised(lows), raised(highs), grid, width - 1, len(sums) - len(names))


def surface(x: NDArray[np.float32], z: NDArray[np.float32], heights: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Return corners (rows * columns, 3) and triangles of a surface; two triangles per cell, cells by row and column."""
    rows, columns = heights.shape
    grid_x, grid_z = np.meshgrid(x, z)
    corners = np.stack([grid_x, heights, grid_z], axis=-1).reshape(-1, 3).astype("f4")
    row, column = (each.ravel() for each in np.mgrid[0 : rows - 1, 0 : columns - 1])
    first = row * columns + column
    triangles = np.stack([first, first + columns, first + 1, first + 1, first + columns, first + columns + 1], axis=1)
    return corners, triangles.ravel().astype("u4")


def thickened(plan: TerrainPlan) -> TerrainPlan:
    """Return a plan of one series as a strip of two equal rows, since a surface needs two."""
    if len(plan.names) > 1:
        return plan

    def twice(each: NDArray[Any]) -> Any:
        return np.repeat(each, 2, axis=0)

    return TerrainPlan(
        plan.names * 2, plan.dates, twice(plan.heights), twice(plan.lows), twice(plan.highs), twice(plan.values), plan.now, plan.left_out
    )
