"""The neon city: segments, products or regions as buildings. Its height is a value, its colour and roof sign a status, its beam an event.

Layout, arrays and shaders are plain modules (`city_layout`, `city_geometry`, `city_shaders`). A city is built once, then each frame sends
one attribute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pythreejs as three

from cyberpunk_ai.charts import city_shaders as shaders
from cyberpunk_ai.charts.buildings import buildings_of
from cyberpunk_ai.charts.city_geometry import TRIANGLES_OF_A_BOX, box_index, boxes, live_array, merge
from cyberpunk_ai.charts.city_layout import TALLEST, Building, plan_city, status_codes
from cyberpunk_ai.charts.figures._style import short
from cyberpunk_ai.charts.scene3d.stage import FLAT, LETTER, Label, Stage, attribute, invisible, sign
from cyberpunk_ai.charts.theme import Theme, load_theme
from cyberpunk_ai.core.errors import NotBuilt
from cyberpunk_ai.core.results import SCENES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

LABELS = 9
MOST_BUILDINGS = 400


class City(Stage):
    """A city of buildings that can be watched, clicked and kept up to date.

    Args:
        buildings: At least one; their order is the order of `update`.
        theme: Colours.
        width: Pixels.
        height: Pixels.
        on_select: Called with the building after a click, with None after a click beside the city.
        is_light: Whether it is drawn without a GPU.
    """

    def __init__(
        self,
        buildings: Sequence[Building],
        *,
        theme: Theme | None = None,
        width: int = 900,
        height: int = 460,
        on_select: Callable[[Building | None], None] | None = None,
        is_light: bool = False,
    ) -> None:
        self.plan = plan_city(buildings)
        super().__init__(
            theme=theme or load_theme(),
            radius=self.plan.radius,
            lift=TALLEST * 0.34,
            width=width,
            height=height,
            tallest=TALLEST,
            is_light=is_light,
        )
        self.on_select = on_select
        self.selected = -1
        self._values = np.array([one.value for one in buildings], float)
        self._codes = status_codes([one.status for one in buildings])
        self._pulses = np.zeros(len(buildings), "f4")
        self._heights = self.plan.heights(self._values)
        self._boxed = self._heights.copy()
        self._merged = merge(self.plan)
        self._live = attribute(self._frame(), dynamic=True)
        geometry = three.BufferGeometry(
            attributes={
                "position": attribute(self._merged.position),
                "part": attribute(self._merged.part),
                "plot": attribute(self._merged.plot),
                "live": self._live,
            },
            index=attribute(self._merged.index),
        )
        self._box_corners = attribute(boxes(self.plan, self._heights), dynamic=True)
        clickable = three.Mesh(
            three.BufferGeometry(attributes={"position": self._box_corners}, index=attribute(box_index(len(buildings)))), invisible()
        )
        self._ring = self.ring()
        self._labelled = [int(index) for index in np.argsort(-self._values)[:LABELS]]
        self.open([*self._city(geometry), *self._plates(), self._ring], clickable, [self._label(index) for index in self._labelled])

    def update(self, values: NDArray[np.float64], pulses: NDArray[np.float64] | None = None, statuses: Sequence[str] | None = None) -> bool:
        """Show new values.

        Args:
            values: One per building, in the order given at construction.
            pulses: How much each building shines from an event, from 0 (not at all) to 1.
            statuses: New meanings; the old ones stay without.

        Returns:
            Whether the picture changed and a frame was sent.
        """
        self._values = np.asarray(values, float)
        heights = self.plan.heights(self._values)
        shining = self._pulses if pulses is None else np.clip(np.asarray(pulses, "f4"), 0, 1)
        codes = self._codes if statuses is None else status_codes(statuses)
        still = np.array_equal(heights, self._heights) and np.array_equal(shining, self._pulses) and np.array_equal(codes, self._codes)
        if still:
            return False
        self._heights, self._pulses, self._codes = heights, shining, codes
        self._live.array = self._frame()
        if float(np.max(np.abs(heights - self._boxed))) > TALLEST * 0.02:
            self._boxed = heights.copy()
            self._box_corners.array = boxes(self.plan, heights)
            self.move_labels([self._label_place(index) for index in self._labelled])
        return True

    def select(self, entity: str | None) -> Building | None:
        """Mark a building.

        Args:
            entity: Its key; None, or an unknown one, marks nothing.

        Returns:
            The building marked.
        """
        keys = [one.entity for one in self.plan.buildings]
        self.selected = keys.index(entity) if entity in keys else -1
        self._ring.visible = self.selected >= 0
        if self.selected >= 0:
            x, z = self.plan.plots[self.selected, :2]
            self._ring.position = self.lowered((float(x), 0.06, float(z)))
        self._live.array = self._frame()
        return self.plan.buildings[self.selected] if self.selected >= 0 else None

    def picked(self, face: int | None) -> None:
        """Select the building of a face and tell it."""
        chosen = self.select(None if face is None else self.plan.buildings[face // TRIANGLES_OF_A_BOX].entity)
        if self.on_select is not None:
            self.on_select(chosen)

    def _frame(self) -> NDArray[np.float32]:
        return live_array(self._heights, self._pulses, self._codes, self.selected, self._merged.vertices)

    def _city(self, geometry: three.BufferGeometry) -> list[three.Mesh]:
        far = self.radius * 4.2
        scene = self.theme.scene
        body = self.theme.ink if self.theme.is_dark else self.theme.surface
        shared = self.colours() | {
            "body": {"value": body},
            "fog": {"value": scene["fog"]},
            "paper": {"value": scene["ground"]},
            "fogNear": {"value": far * 0.35},
            "fogFar": {"value": far},
        }
        solid = {"vertexShader": shaders.CITY_VERTEX, "fragmentShader": shaders.CITY_FRAGMENT, "extensions": {"derivatives": True}}
        upright = three.ShaderMaterial(uniforms=shared | {"mirror": {"value": 1.0}}, **solid)
        light = three.ShaderMaterial(
            vertexShader=shaders.LIGHT_VERTEX,
            fragmentShader=shaders.LIGHT_FRAGMENT,
            uniforms=self.colours(),
            transparent=True,
            depthWrite=False,
            blending="AdditiveBlending" if self.theme.is_dark else "NormalBlending",
        )
        reflection = []
        if not self.is_light:
            # Made only where it is drawn: a widget outside of the scene would outlive it.
            mirrored = three.ShaderMaterial(uniforms=shared | {"mirror": {"value": -1.0}}, side="BackSide", **solid)
            reflection = [three.Mesh(geometry, mirrored, frustumCulled=False, renderOrder=0)]
        return [
            *reflection,
            three.Mesh(geometry, upright, frustumCulled=False, renderOrder=2),
            three.Mesh(geometry, light, frustumCulled=False, renderOrder=5),
        ]

    def _plates(self) -> list[three.Mesh]:
        """Mark the districts on the ground and paint their names before them."""
        drawn = []
        for district in self.plan.districts:
            wide, deep = district.width + 1.0, district.depth + 1.0
            plate = three.ShaderMaterial(
                vertexShader=shaders.PLATE_VERTEX,
                fragmentShader=shaders.PLATE_FRAGMENT,
                uniforms={"tint": {"value": self.theme.muted}, "wide": {"value": wide}, "deep": {"value": deep}},
                transparent=True,
                depthWrite=False,
            )
            drawn.append(
                three.Mesh(
                    three.PlaneBufferGeometry(wide, deep), plate, quaternion=FLAT, position=(district.x, 0.02, district.z), renderOrder=3
                )
            )
            if district.name:
                tall = min(1.15, wide / (LETTER * len(district.name)) * 0.95)
                long = tall * LETTER * len(district.name)
                place = (district.x - wide / 2 + long / 2 + 0.2, 0.03, district.z + deep / 2 + tall * 0.62)
                drawn.append(sign(district.name.upper(), self.theme.text, tall, place))
        return drawn

    def _label_place(self, index: int) -> tuple[float, float, float]:
        x, z = self.plan.plots[index, :2]
        return float(x), float(self._heights[index]) + 1.30 + self.radius * 0.03, float(z)

    def _label(self, index: int) -> Label:
        one = self.plan.buildings[index]
        words = f"{self.theme.signs[one.status]} {one.label}  {one.text}".rstrip()
        return Label(words, self.theme.accent(one.status), self._label_place(index), float(self._values[index]))


@SCENES.register("city", needs=["pythreejs"], extra="apps")
def city_of(result: Any, **options: Any) -> City:
    """Show the slices of a query as a city: a building per slice, the first of several dimensions as districts.

    Args:
        result: Has `by`, `grain`, `metric`, `unit` and a frame; with a comparison, buildings tell how they moved.
        options: Of `City`.

    Raises:
        NotBuilt: The query is not split, or goes over time.
    """
    if not result.by or result.grain:
        raise NotBuilt("a city needs slices", hint="ask with by=[...] and without a grain; chart() draws what goes over time")
    rows = result.to_frame().dropna(subset=[result.metric]).astype({result.metric: float}).nlargest(MOST_BUILDINGS, result.metric)
    if rows.empty:
        raise NotBuilt("there is no slice to build", hint="ask for another period or take a condition back")
    return City(buildings_of(rows, result.by, result.metric, lambda value: short(value, result.unit)), **options)


def describe_city(buildings: Sequence[Building], what: str = "value") -> str:
    """Say in words what the city shows, for readers who do not see it.

    Args:
        buildings: The buildings drawn.
        what: Name of what their height means.
    """
    if not buildings:
        return f"No buildings: there is no {what} yet."
    ranked = sorted(buildings, key=lambda one: -one.value)
    districts = list(dict.fromkeys(one.district for one in buildings if one.district))
    lines = [
        f"{len(buildings)} buildings"
        + (f" in {len(districts)} districts ({', '.join(districts)})" if districts else "")
        + f"; height is {what}."
    ]
    lines.append(
        "Tallest: "
        + "; ".join(f"{one.label}{f' in {one.district}' if one.district else ''} {one.text}".strip() for one in ranked[:3])
        + "."
    )
    for status, words in (("failing", "falling"), ("warning", "slipping"), ("good", "growing")):
        count = sum(one.status == status for one in buildings)
        if count:
            lines.append(f"{count} {words}.")
    return " ".join(lines)
