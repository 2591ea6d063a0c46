"""The forecast terrain: every series a ridge over time, the past solid, the forecast a glowing net between the ends of its band."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pythreejs as three

from cyberpunk_ai.charts import terrain_shaders as shaders
from cyberpunk_ai.charts.scene3d.stage import Label, Stage, attribute, invisible, sign
from cyberpunk_ai.charts.terrain_layout import LENGTH, TALL, TerrainPlan, plan_terrain, surface, thickened
from cyberpunk_ai.charts.theme import Theme, load_theme
from cyberpunk_ai.core.results import SCENES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

MOST_NAMES = 12
QUARTER_TURN = [0.0, 0.7071067811865476, 0.0, 0.7071067811865476]


@dataclass(frozen=True)
class TerrainPoint:
    """What a click on the terrain stands for."""

    entity: str
    date: Any
    value: float
    is_predicted: bool


@SCENES.register("terrain", needs=["pythreejs"], extra="apps", summary="A forecast as a landscape: series by time.")
class Terrain(Stage):
    """A forecast of one or many series as a landscape.

    Args:
        result: Has `history`, `forecast`, `levels` and `horizon`.
        theme: Colours.
        width: Pixels.
        height: Pixels.
        level: Whose band is drawn, in percent; the narrowest without.
        on_select: Called with the point after a click, with None after a click beside the terrain.
        is_light: Whether it is drawn without a GPU.
    """

    def __init__(
        self,
        result: Any,
        *,
        theme: Theme | None = None,
        width: int = 900,
        height: int = 460,
        level: int | None = None,
        on_select: Callable[[TerrainPoint | None], None] | None = None,
        is_light: bool = False,
    ) -> None:
        self.named = plan_terrain(result, level=level)
        self.plan = thickened(self.named)
        radius = float(np.hypot(LENGTH / 2, abs(self.plan.z[0]) + 1.0)) * 0.98
        super().__init__(
            theme=theme or load_theme(), radius=radius, lift=TALL * 0.38, width=width, height=height, tallest=TALL, is_light=is_light
        )
        self.on_select = on_select
        self.selected: str | None = None
        self._chosen = {"value": -1.0}
        plan = self.plan
        corners, triangles = surface(plan.x, plan.z, plan.heights)
        self._cells = triangles.reshape(-1, 6).shape[0]
        clickable = three.Mesh(three.BufferGeometry(attributes={"position": attribute(corners)}, index=attribute(triangles)), invisible())
        self._materials: list[Any] = []
        past = self._surface(plan.x[: plan.now + 1], plan.heights[:, : plan.now + 1], first=0, predicted=0.0)
        ahead = self._surface(plan.x[plan.now :], plan.heights[:, plan.now :], first=plan.now, predicted=1.0)
        bands = [self._band(each) for each in (plan.lows, plan.highs)]
        self.open([past, *bands, ahead, *self._frame()], clickable, self._names())

    def select(self, entity: str | None) -> str | None:
        """Mark a series; None, or an unknown one, marks nothing. Returns the series marked."""
        self.selected = entity if entity in self.named.names else None
        value = float(self.named.names.index(self.selected)) if self.selected is not None else -1.0
        for material in self._materials:
            material.uniforms = material.uniforms | {"chosen": {"value": value}}
        return self.selected

    def picked(self, face: int | None) -> None:
        """Select the series of a face and tell which point it is."""
        point = None if face is None else self.point_of(face)
        self.select(None if point is None else point.entity)
        if self.on_select is not None:
            self.on_select(point)

    def point_of(self, face: int) -> TerrainPoint:
        """Say which series and period is nearest to a face of the surface."""
        plan = self.plan
        row, column = divmod(face // 2, len(plan.dates) - 1)
        # The first triangle of a cell touches its near corner, the second the far one.
        row, column = min(row + face % 2, len(plan.names) - 1), min(column + face % 2, len(plan.dates) - 1)
        return TerrainPoint(plan.names[row], plan.dates[column], float(plan.values[row, column]), column > plan.now)

    def _surface(self, x: NDArray[np.float32], heights: NDArray[np.float32], *, first: int, predicted: float) -> Any:
        material = three.ShaderMaterial(
            vertexShader=shaders.SURFACE_VERTEX,
            fragmentShader=shaders.SURFACE_FRAGMENT,
            uniforms=self._uniforms() | {"chosen": {"value": -1.0}},
            extensions={"derivatives": True},
            side="DoubleSide",
            transparent=predicted > 0,
            depthWrite=predicted == 0,
        )
        self._materials.append(material)
        return three.Mesh(self._geometry(x, heights, first, predicted), material, renderOrder=4 if predicted else 2)

    def _band(self, heights: NDArray[np.float32]) -> Any:
        material = three.ShaderMaterial(
            vertexShader=shaders.SURFACE_VERTEX,
            fragmentShader=shaders.BAND_FRAGMENT,
            uniforms=self._uniforms(),
            extensions={"derivatives": True},
            side="DoubleSide",
            transparent=True,
            depthWrite=False,
        )
        return three.Mesh(self._geometry(self.plan.x[self.plan.now :], heights, self.plan.now, 1.0), material, renderOrder=3)

    def _geometry(self, x: NDArray[np.float32], heights: NDArray[np.float32], first: int, predicted: float) -> Any:
        corners, triangles = surface(x, self.plan.z, heights)
        rows, columns = heights.shape
        row, column = (each.ravel() for each in np.mgrid[0:rows, 0:columns])
        cell = np.stack([column + first, row, heights.ravel() / TALL, np.full(rows * columns, predicted)], axis=1).astype("f4")
        return three.BufferGeometry(attributes={"position": attribute(corners), "cell": attribute(cell)}, index=attribute(triangles))

    def _uniforms(self) -> dict[str, Any]:
        body = self.theme.ink if self.theme.is_dark else self.theme.surface
        return self.colours() | {"body": {"value": body}, "fog": {"value": self.theme.scene["fog"]}, "fogFar": {"value": self.radius * 4.2}}

    def _frame(self) -> list[Any]:
        """Return the curtain between past and future, and the dates on the floor."""
        plan = self.plan
        deep, at = float(plan.z[-1] - plan.z[0]) + 2.0, float(plan.x[plan.now])
        material = three.ShaderMaterial(
            vertexShader=shaders.CURTAIN_VERTEX,
            fragmentShader=shaders.CURTAIN_FRAGMENT,
            uniforms={"tint": {"value": self.theme.predicted}, "glow": {"value": self.theme.glow}},
            transparent=True,
            depthWrite=False,
            side="DoubleSide",
        )
        curtain = three.Mesh(
            three.PlaneBufferGeometry(deep, TALL * 0.9), material, quaternion=QUARTER_TURN, position=(at, TALL * 0.45, 0.0), renderOrder=5
        )
        front = float(plan.z[-1]) + 1.5
        # Each stands beside its line and inside the terrain, so that none runs into another or out of the picture.
        words = [(0, 2.0, self.theme.muted), (plan.now, -2.9, self.theme.text), (len(plan.dates) - 1, -2.4, self.theme.predicted)]
        signs = [sign(_day(plan.dates[at]), colour, 0.85, (float(plan.x[at]) + aside, 0.03, front)) for at, aside, colour in words]
        return [curtain, *signs]

    def _names(self) -> list[Label]:
        """Return the names of the series, at the end of their forecast."""
        plan = self.named
        totals = np.nansum(plan.values[:, plan.now + 1 :], axis=1)
        place = float(self.plan.x[-1]) + 0.8
        return [
            Label(
                f"{self.theme.signs['predicted']} {name}", self.theme.text,
                (place, float(plan.heights[row, -1]) + 0.6, float(self.plan.z[row])),
                float(totals[row]), 0.9,
            )
            for row, name in enumerate(plan.names[:MOST_NAMES])
        ]  # fmt: skip


def describe_terrain(plan: TerrainPlan, what: str = "value") -> str:
    """Say in words what the terrain shows, for readers who do not see it.

    Args:
        plan: What is drawn.
        what: Name of what its height means.
    """
    past, ahead = plan.values[:, : plan.now + 1], plan.values[:, plan.now + 1 :]
    horizon = ahead.shape[1]
    before = np.nansum(past[:, -horizon:], axis=1)
    change = np.where(before != 0, (ahead.sum(axis=1) - before) / np.abs(np.where(before == 0, 1.0, before)), 0.0)
    order = np.argsort(-change)
    lines = [f"{len(plan.names)} series of {what} over {past.shape[1]} past and {horizon} coming periods, until {_day(plan.dates[-1])}."]
    if len(plan.names) > 1:
        best, worst = int(order[0]), int(order[-1])
        lines.append(f"Most growth: {plan.names[best]} {change[best]:+.0%}; least: {plan.names[worst]} {change[worst]:+.0%}.")
    else:
        lines.append(f"{plan.names[0]}: {change[0]:+.0%} against the periods before.")
    if plan.left_out:
        lines.append(f"{plan.left_out} smaller series are not drawn.")
    return " ".join(lines)


def _day(date: Any) -> str:
    return f"{date:%Y-%m-%d}" if hasattr(date, "strftime") else str(date)
