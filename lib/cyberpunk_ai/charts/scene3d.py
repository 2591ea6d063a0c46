"""The neon city as a pythreejs scene: the only file that knows pythreejs.

Layout, arrays, shaders and label choice are plain modules (`city_layout`, `city_geometry`, `city_shaders`, `labels`). Here they become
widgets: a city is built once, then each frame sends one attribute. Hosts (Panel, Voilà, JupyterLab) show `city.widget`.
"""

from __future__ import annotations

import math
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pythreejs as three
from ipywidgets import Widget

from cyberpunk_ai.charts import city_shaders as shaders
from cyberpunk_ai.charts.city_geometry import TRIANGLES_OF_A_BOX, box_index, boxes, live_array, merge
from cyberpunk_ai.charts.city_layout import TALLEST, Building, plan_city, status_codes
from cyberpunk_ai.charts.labels import View, readable
from cyberpunk_ai.charts.theme import Theme, load_theme

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

LABELS = 9
LIFT = TALLEST * 0.34  # how far the middle of the picture is above the ground
ANGLE = 38.0
LETTER = 0.61  # width of a monospace letter over its height
FLAT = [-math.sin(math.pi / 4), 0.0, 0.0, math.cos(math.pi / 4)]


class City:
    """A city of buildings that can be watched, clicked and kept up to date.

    Args:
        buildings: At least one; their order is the order of `update`.
        theme: Colours.
        width: Pixels.
        height: Pixels.
        on_select: Called with the building after a click, with None after a click beside the city.
    """

    def __init__(
        self,
        buildings: Sequence[Building],
        *,
        theme: Theme | None = None,
        width: int = 900,
        height: int = 460,
        on_select: Callable[[Building | None], None] | None = None,
    ) -> None:
        self.theme = theme or load_theme()
        self.plan = plan_city(buildings)
        self.on_select = on_select
        self.selected = -1
        self._values = np.array([one.value for one in buildings], float)
        self._codes = status_codes([one.status for one in buildings])
        self._pulses = np.zeros(len(buildings), "f4")
        self._heights = self.plan.heights(self._values)
        self._boxed = self._heights.copy()
        self._turned = 0.0
        self._merged = merge(self.plan)
        self._live = _attribute(self._frame(), dynamic=True)
        geometry = three.BufferGeometry(
            attributes={
                "position": _attribute(self._merged.position),
                "part": _attribute(self._merged.part),
                "plot": _attribute(self._merged.plot),
                "live": self._live,
            },
            index=_attribute(self._merged.index),
        )
        self._box_corners = _attribute(boxes(self.plan, self._heights), dynamic=True)
        self._clickable = three.Mesh(
            three.BufferGeometry(attributes={"position": self._box_corners}, index=_attribute(box_index(len(buildings)))),
            three.MeshBasicMaterial(transparent=True, opacity=0.0, depthWrite=False, colorWrite=False),
        )
        self._ring = three.Mesh(
            three.TorusBufferGeometry(1.12, 0.05, 8, 48),
            three.MeshBasicMaterial(color=self.theme.text),
            quaternion=[math.sin(math.pi / 4), 0.0, 0.0, math.cos(math.pi / 4)],
            visible=False,
        )
        self._camera = three.PerspectiveCamera(position=self._stand(width / height), fov=ANGLE, aspect=width / height, near=0.5, far=900)
        self._lettering = _lettering(width / height)
        self._labelled = [int(index) for index in np.argsort(-self._values)[:LABELS]]
        self._sprites = [self._label(index) for index in self._labelled]
        # The camera turns around the origin whatever target it is given, so the world is lowered instead.
        world = [*self._backdrop(), *self._city(geometry), *self._plates(), self._ring, self._clickable, *self._sprites]
        for thing in world:
            thing.position = _lowered(thing.position)
        scene = three.Scene(children=[self._camera, *world], background=self.theme.ink)
        orbit = three.OrbitControls(
            controlling=self._camera,
            maxPolarAngle=1.48,
            minDistance=8,
            maxDistance=self.plan.radius * 5,
            enableDamping=False,
            enablePan=False,
        )
        self._picker = three.Picker(controlling=self._clickable, event="click")
        self._picker.observe(self._clicked, "faceIndex")
        self._camera.observe(self._moved, "position")
        self.widget = three.Renderer(
            camera=self._camera, scene=scene, controls=[orbit, self._picker], width=width, height=height, antialias=True
        )
        self._place_labels()

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
            self._ring.position = _lowered((float(x), 0.06, float(z)))
        self._live.array = self._frame()
        return self.plan.buildings[self.selected] if self.selected >= 0 else None

    def resize(self, width: int, height: int) -> None:
        """Fit the picture into another frame."""
        self._camera.aspect = width / height
        self.widget.width, self.widget.height = width, height
        self._camera.position = self._stand(width / height)
        self._lettering = _lettering(width / height)
        for sprite, index in zip(self._sprites, self._labelled, strict=True):
            sprite.scale = (*self._label_size(index), 1.0)
        self._place_labels()

    def close(self) -> None:
        """Give every widget of the scene back to the host; the city can't be used afterwards."""
        self._picker.unobserve_all()
        self._camera.unobserve_all()
        for part in _parts_of(self.widget):
            # A host that has closed the page has no line left over which to say so.
            with suppress(AttributeError):
                part.close()

    def _frame(self) -> NDArray[np.float32]:
        return live_array(self._heights, self._pulses, self._codes, self.selected, self._merged.vertices)

    def _stand(self, aspect: float) -> tuple[float, float, float]:
        """Stand far enough that the whole city fits, farther in a narrow frame."""
        away = self.plan.radius / math.tan(math.radians(ANGLE) / 2) * (0.74 if aspect >= 1.6 else 1.05 / max(aspect, 0.3) ** 0.75)
        away = max(away, TALLEST * 2.2)
        return (away * 0.50, away * 0.27, away * 0.80)

    def _colours(self) -> dict[str, Any]:
        theme = self.theme
        named = {name: theme.accent(name) for name in ("measured", "predicted", "warning", "failing", "good")}
        return {name: {"value": colour} for name, colour in named.items()} | {
            "glow": {"value": theme.glow},
            "dark": {"value": float(theme.is_dark)},
        }

    def _city(self, geometry: three.BufferGeometry) -> list[three.Mesh]:
        far = self.plan.radius * 4.2
        scene = self.theme.scene
        body = self.theme.ink if self.theme.is_dark else self.theme.surface
        shared = self._colours() | {
            "body": {"value": body},
            "fog": {"value": scene["fog"]},
            "paper": {"value": scene["ground"]},
            "fogNear": {"value": far * 0.35},
            "fogFar": {"value": far},
        }
        solid = {"vertexShader": shaders.CITY_VERTEX, "fragmentShader": shaders.CITY_FRAGMENT, "extensions": {"derivatives": True}}
        upright = three.ShaderMaterial(uniforms=shared | {"mirror": {"value": 1.0}}, **solid)
        mirrored = three.ShaderMaterial(uniforms=shared | {"mirror": {"value": -1.0}}, side="BackSide", **solid)
        light = three.ShaderMaterial(
            vertexShader=shaders.LIGHT_VERTEX,
            fragmentShader=shaders.LIGHT_FRAGMENT,
            uniforms=self._colours(),
            transparent=True,
            depthWrite=False,
            blending="AdditiveBlending" if self.theme.is_dark else "NormalBlending",
        )
        return [
            three.Mesh(geometry, mirrored, frustumCulled=False, renderOrder=0),
            three.Mesh(geometry, upright, frustumCulled=False, renderOrder=2),
            three.Mesh(geometry, light, frustumCulled=False, renderOrder=5),
        ]

    def _backdrop(self) -> list[three.Mesh]:
        scene = {name: {"value": colour} for name, colour in self.theme.scene.items()}
        glow, dark = {"value": self.theme.glow}, {"value": float(self.theme.is_dark)}
        sky = three.ShaderMaterial(
            vertexShader=shaders.GROUND_VERTEX,
            fragmentShader=shaders.SKY_FRAGMENT,
            uniforms={
                "skyHigh": scene["sky_high"],
                "skyLow": scene["sky_low"],
                "horizon": scene["horizon"],
                "sun": scene["sun"],
                "ground": scene["ground"],
                "glow": glow,
                "dark": dark,
            },
            side="BackSide",
            depthWrite=False,
        )
        ground = three.ShaderMaterial(
            vertexShader=shaders.GROUND_VERTEX,
            fragmentShader=shaders.GROUND_FRAGMENT,
            uniforms={
                "ground": scene["ground"],
                "grid": scene["grid"],
                "gridMajor": scene["grid_major"],
                "horizon": scene["horizon"],
                "reach": {"value": self.plan.radius},
                "glow": glow,
            },
            extensions={"derivatives": True},
            transparent=True,
            depthWrite=False,
        )
        size = self.plan.radius * 9
        return [
            three.Mesh(three.SphereBufferGeometry(400, 48, 32), sky, renderOrder=-1),
            three.Mesh(three.PlaneBufferGeometry(size, size), ground, quaternion=FLAT, renderOrder=1),
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
                sign = three.MeshBasicMaterial(
                    map=_text(district.name.upper(), self.theme.text), transparent=True, depthWrite=False, opacity=0.85
                )
                size = (tall * LETTER * len(district.name), tall)
                place = (district.x - wide / 2 + size[0] / 2 + 0.2, 0.03, district.z + deep / 2 + tall * 0.62)
                drawn.append(three.Mesh(three.PlaneBufferGeometry(*size), sign, quaternion=FLAT, position=place, renderOrder=3))
        return drawn

    def _words(self, index: int) -> str:
        one = self.plan.buildings[index]
        return f"{self.theme.signs[one.status]} {one.label}  {one.text}".rstrip()

    def _label_size(self, index: int) -> tuple[float, float]:
        tall = self.plan.radius * 0.042 * self._lettering
        return tall * LETTER * len(self._words(index)), tall

    def _label_place(self, index: int) -> tuple[float, float, float]:
        x, z = self.plan.plots[index, :2]
        return float(x), float(self._heights[index]) + 1.30 + self.plan.radius * 0.03, float(z)

    def _label(self, index: int) -> three.Sprite:
        colour = self.theme.accent(self.plan.buildings[index].status)
        material = three.SpriteMaterial(map=_text(self._words(index), colour), transparent=True, depthTest=False, depthWrite=False)
        wide, tall = self._label_size(index)
        return three.Sprite(material, scale=(wide, tall, 1.0), position=self._label_place(index), renderOrder=9)

    def _place_labels(self) -> None:
        position = tuple(float(value) for value in self._camera.position)
        view = View((position[0], position[1], position[2]), (0.0, 0.0, 0.0), ANGLE, float(self._camera.aspect))
        points = np.array([self._label_place(index) for index in self._labelled]) - (0.0, LIFT, 0.0)
        sizes = np.array([self._label_size(index) for index in self._labelled]) * (1.06, 1.25)
        for sprite, shown in zip(
            self._sprites, readable(view, points, sizes, [self._values[index] for index in self._labelled]), strict=True
        ):
            if sprite.visible != shown:
                sprite.visible = shown

    def _moved(self, _change: Any) -> None:
        self._turned = time.monotonic()
        self._place_labels()

    def _clicked(self, change: Any) -> None:
        # The click that ends a turn of the camera is no choice of a building.
        if time.monotonic() - self._turned < 0.25:
            return
        face = change["new"]
        entity = None if face is None or face < 0 else self.plan.buildings[int(face) // TRIANGLES_OF_A_BOX].entity
        chosen = self.select(entity)
        if self.on_select is not None:
            self.on_select(chosen)


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


def _lettering(aspect: float) -> float:
    """Enlarge labels in a narrow picture, which is seen from farther away and shown on a smaller screen."""
    return 1.0 if aspect >= 1.6 else 1.9


def _lowered(position: Sequence[float]) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in position)
    return x, y - LIFT, z


def _parts_of(widget: Any) -> list[Any]:
    """Collect a widget and everything it is made of, each once."""
    found: dict[int, Any] = {}
    waiting: list[Any] = [widget]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Widget):
            if id(one) not in found:
                found[id(one)] = one
                waiting.extend(one.trait_values().values())
        elif isinstance(one, (list, tuple)):
            waiting.extend(one)
        elif isinstance(one, dict):
            waiting.extend(one.values())
    return list(found.values())


def _attribute(array: NDArray[Any], *, dynamic: bool = False) -> three.BufferAttribute:
    return three.BufferAttribute(np.ascontiguousarray(array), normalized=False, dynamic=dynamic)


def _text(words: str, colour: str) -> three.TextTexture:
    # Without mipmaps and with a linear filter: a texture whose sides are no powers of two would stay black.
    return three.TextTexture(
        string=words, color=colour, size=64, fontFace="monospace", squareTexture=False, minFilter="LinearFilter", generateMipmaps=False
    )
