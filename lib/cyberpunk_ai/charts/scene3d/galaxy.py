"""The customer galaxy: a point per customer, an arm per segment; the farther out, the likelier to leave; the larger, the more valuable."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pythreejs as three

from cyberpunk_ai.charts import city_shaders, galaxy_shaders
from cyberpunk_ai.charts.galaxy_layout import CORE, REACH, TWIST, GalaxyPlan, plan_galaxy, tetrahedra
from cyberpunk_ai.charts.scene3d.stage import FLAT, PRESETS, Label, Stage, attribute, invisible, sign
from cyberpunk_ai.charts.theme import Theme, load_theme
from cyberpunk_ai.core.results import SCENES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import pandas as pd

FACES_OF_A_POINT = 4
RISKS = (25, 50, 75, 100)


class Galaxy(Stage):
    """Customers as a galaxy that can be turned, filtered and clicked.

    Args:
        customers: customer_id, segment, churn_probability, risk and lifetime_value, as in a retention report.
        theme: Colours.
        width: Pixels.
        height: Pixels.
        on_select: Called with the customer's id after a click, with None after a click beside the points.
        is_light: Whether it is drawn without a GPU.
    """

    def __init__(
        self,
        customers: pd.DataFrame,
        *,
        theme: Theme | None = None,
        width: int = 900,
        height: int = 460,
        on_select: Callable[[str | None], None] | None = None,
        is_light: bool = False,
    ) -> None:
        super().__init__(
            theme=theme or load_theme(), radius=REACH * 1.15, lift=1.2, width=width, height=height, tallest=5.0, is_light=is_light
        )
        self.plan = plan_galaxy(customers)
        self.on_select = on_select
        self.selected: str | None = None
        self._live = attribute(np.ones(len(self.plan.entities), "f4"), dynamic=True)
        look = np.stack([self.plan.sizes, self.plan.codes], axis=1).astype("f4")
        geometry = three.BufferGeometry(attributes={"position": attribute(self.plan.places), "look": attribute(look), "live": self._live})
        material = three.ShaderMaterial(
            vertexShader=galaxy_shaders.POINT_VERTEX,
            fragmentShader=galaxy_shaders.POINT_FRAGMENT,
            uniforms=self.colours() | {"tall": {"value": self.pixels[1] / 2}},
            transparent=True,
            depthWrite=False,
            blending="AdditiveBlending" if self.theme.is_dark else "NormalBlending",
        )
        corners, faces = tetrahedra(self.plan)
        clickable = three.Mesh(three.BufferGeometry(attributes={"position": attribute(corners)}, index=attribute(faces)), invisible())
        self._ring = self.ring()
        self._ring.scale = (0.55, 0.55, 0.55)
        points = three.Points(geometry, material, frustumCulled=False, renderOrder=4)
        self.open([self._rings(), *self._risks(), points, self._ring], clickable, self._arms())

    def show_only(self, entities: Collection[str] | None) -> int:
        """Dim everybody else; None shows all. Returns how many are shown."""
        shown = np.ones(len(self.plan.entities), "f4") if entities is None else np.isin(self.plan.entities, list(entities)).astype("f4")
        self._live.array = shown
        return int(shown.sum())

    def select(self, entity: str | None) -> str | None:
        """Mark a customer; None, or one that is not drawn, marks nobody. Returns the customer marked."""
        known = entity is not None and entity in self.plan.entities
        self.selected = entity if known else None
        self._ring.visible = known
        if known:
            x, y, z = (float(each) for each in self.plan.places[self.plan.entities.index(str(entity))])
            self._ring.position = self.lowered((x, y, z))
        return self.selected

    def picked(self, face: int | None) -> None:
        """Select the customer of a face and tell it."""
        chosen = self.select(None if face is None else self.plan.entities[face // FACES_OF_A_POINT])
        if self.on_select is not None:
            self.on_select(chosen)

    def _rings(self) -> Any:
        size = REACH * 3.2
        material = three.ShaderMaterial(
            vertexShader=city_shaders.GROUND_VERTEX,
            fragmentShader=galaxy_shaders.RINGS_FRAGMENT,
            uniforms={
                "tint": {"value": self.theme.muted},
                "failing": {"value": self.theme.failing},
                "core": {"value": CORE},
                "reach": {"value": REACH},
                "glow": {"value": self.theme.glow},
            },
            extensions={"derivatives": True},
            transparent=True,
            depthWrite=False,
        )
        return three.Mesh(three.PlaneBufferGeometry(size, size), material, quaternion=FLAT, position=(0, 0.04, 0), renderOrder=2)

    def _risks(self) -> list[Any]:
        """Write the chance to leave on its ring, towards the reader."""
        rings = [(share, CORE + (REACH - CORE) * share / 100) for share in RISKS]
        return [sign(f"{share} %", self.theme.muted, 0.55, (0.0, 0.05, at + 0.45)) for share, at in rings]

    def _arms(self) -> list[Label]:
        labels = []
        for name, angle in self.plan.arms.items():
            mine = [index for index, each in enumerate(self.plan.segments) if each == name]
            if not mine:
                continue
            out = float(np.median(np.hypot(self.plan.places[mine, 0], self.plan.places[mine, 2])))
            at = angle + TWIST * out / REACH
            # Over a cluster near the middle, beside one at the edge.
            away, up = (out + 2.6, 2.4) if out > REACH * 0.6 else (out, 6.4)
            place = (away * math.cos(at), up, away * math.sin(at))
            # As large as the others to whoever stands where the scene begins.
            far = math.dist(place, [each * REACH * 2.2 for each in PRESETS["home"]]) / (REACH * 2.2)
            labels.append(Label(f"{name}  {len(mine):,}", self.theme.text, place, float(len(mine)), 0.85 * far))
        return labels


@SCENES.register("galaxy", needs=["pythreejs"], extra="apps")
def galaxy_of(result: Any, **options: Any) -> Galaxy:
    """Show the customers of a retention report as a galaxy.

    Args:
        result: Has `customers`.
        options: Of `Galaxy`.
    """
    return Galaxy(result.customers, **options)


def describe_galaxy(plan: GalaxyPlan) -> str:
    """Say in words what the galaxy shows, for readers who do not see it."""
    counts = {code: int((plan.codes == place).sum()) for code, place in (("low", 4), ("medium", 2), ("high", 3))}
    segments = sorted(plan.arms, key=lambda name: -plan.segments.count(name))[:3]
    largest = ", ".join(f"{name} ({plan.segments.count(name):,})" for name in segments)
    left = f" {plan.left_out:,} of least value are not drawn." if plan.left_out else ""
    return (
        f"{len(plan.entities):,} customers in {len(plan.arms)} segments, the largest: {largest}. Risk to leave: {counts['high']:,} high, "
        f"{counts['medium']:,} medium, {counts['low']:,} low.{left}"
    )
