"""What every 3D scene has: a camera that orbits, presets, labels that do not collide, a click that returns an entity, sky and floor.

A scene is one file: it builds its world from a result, hands it to `Stage.open` and says what a face of its clickable mesh stands for. This
folder is the only place that knows pythreejs. Hosts (Panel, Voilà, JupyterLab) show `scene.widget`.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import comm
import numpy as np
import pythreejs as three
from ipywidgets import Widget

from cyberpunk_ai.charts import city_shaders as shaders
from cyberpunk_ai.charts.labels import View, readable
from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.core.loading import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cyberpunk_ai.charts.theme import Theme

ANGLE = 38.0
LIGHT_SHARE = 0.75  # of the pixels along each side, where no GPU draws
# Twice what a label takes on the screen: without mipmaps a larger texture loses strokes of its letters.
LABEL_PX = 28
LETTER = 0.61  # width of a monospace letter over its height
FLAT = [-math.sin(math.pi / 4), 0.0, 0.0, math.cos(math.pi / 4)]
# Direction from the middle to the camera, by name; the first is where a scene begins.
PRESETS = {"home": (0.50, 0.27, 0.80), "front": (0.0, 0.22, 0.97), "side": (0.97, 0.22, 0.05), "above": (0.0, 0.99, 0.10)}


@dataclass(frozen=True)
class Label:
    """Words over a place of the scene: a greater rank is kept where two collide, `scale` is the height of a letter over the usual one."""

    words: str
    colour: str
    place: tuple[float, float, float]
    rank: float
    scale: float = 1.0


class Stage:
    """Base of the scenes.

    Args:
        theme: Colours.
        radius: Of what is shown, in units of the scene.
        lift: How far the middle of the picture is above the floor.
        width: Pixels.
        height: Pixels.
        tallest: Height of what is shown, so that the camera stands far enough.
        is_light: Whether it is drawn without a GPU: fewer pixels, which the page stretches, and edges that are not smoothed.
    """

    def __init__(
        self, *, theme: Theme, radius: float, lift: float, width: int, height: int, tallest: float, is_light: bool = False
    ) -> None:
        self.theme, self.radius, self.lift, self._tallest = theme, radius, lift, tallest
        self._turned = 0.0
        self._clicked_face: int | None = None
        self._preset = "home"
        self.size = (width, height)
        self.is_light = is_light

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of what is drawn, which the page may stretch to `size`."""
        share = LIGHT_SHARE if self.is_light else 1.0
        return round(self.size[0] * share), round(self.size[1] * share)

    def open(self, world: Sequence[Any], clickable: Any, labels: Sequence[Label]) -> None:
        """Build the widget: the world, what can be clicked, and the labels over it."""
        width, height = self.pixels
        self._camera = three.PerspectiveCamera(position=self._stand(), fov=ANGLE, aspect=width / height, near=0.5, far=900)
        self._labels = list(labels)
        self._sprites = [self._sprite(label) for label in self._labels]
        self._shades = [self._shade(label) for label in self._labels]
        self._clickable = clickable
        # The camera turns around the origin whatever target it is given, so the world is lowered instead.
        things = [*self.backdrop(), *world, clickable, *self._shades, *self._sprites]
        for thing in things:
            thing.position = self.lowered(thing.position)
        scene = three.Scene(children=[self._camera, *things], background=self.theme.ink)
        orbit = three.OrbitControls(
            controlling=self._camera,
            maxPolarAngle=1.48,
            minDistance=8,
            maxDistance=self.radius * 5,
            enableDamping=False,
            enablePan=False,
        )
        self._picker = three.Picker(controlling=clickable, event="click")
        self._picker.observe(self._clicked, ["faceIndex", "point"])
        self._camera.observe(self._moved, "position")
        self.widget = three.Renderer(
            camera=self._camera, scene=scene, controls=[orbit, self._picker], width=width, height=height, antialias=not self.is_light
        )
        self._place_labels()

    def picked(self, face: int | None) -> None:
        """Take a click: the number of the face of the clickable mesh, None beside it."""
        raise NotImplementedError(f"{type(self).__name__} must say what a face of it stands for")

    def look_from(self, preset: str) -> None:
        """Turn the camera.

        Args:
            preset: One of `PRESETS`.

        Raises:
            InvalidArgument: There is no such preset.
        """
        if preset not in PRESETS:
            raise InvalidArgument(f"no camera preset {preset!r}", hint=f"presets: {', '.join(PRESETS)}")
        self._preset = preset
        self._step_to(self._stand())
        self._place_labels()

    def resize(self, width: int, height: int) -> None:
        """Fit the picture into another frame."""
        self.size = (width, height)
        self._camera.aspect = width / height
        self.widget.width, self.widget.height = self.pixels
        self._step_to(self._stand())
        for sprite, shade, label in zip(self._sprites, self._shades, self._labels, strict=True):
            sprite.scale, shade.scale = (*self._label_size(label), 1.0), self._shade_size(label)
        self._place_labels()

    def close(self) -> None:
        """Give every widget of the scene back to the host; the scene can't be used afterwards."""
        self._picker.unobserve_all()
        self._camera.unobserve_all()
        for part in parts_of(self.widget):
            line = part.comm
            try:
                part.close()
            except (AttributeError, KeyError):
                # A host that has closed the page, or never opened one, has no line over which to say so; the line itself has to go anyway.
                comm.get_comm_manager().comms.pop(getattr(line, "comm_id", ""), None)

    def lowered(self, position: Sequence[float]) -> tuple[float, float, float]:
        """Give the place of the scene's floor plan as the camera sees it."""
        x, y, z = (float(value) for value in position)
        return x, y - self.lift, z

    def colours(self) -> dict[str, Any]:
        """Return the accents, the glow and whether the theme is dark, as uniforms."""
        theme = self.theme
        named = {name: theme.accent(name) for name in ("measured", "predicted", "warning", "failing", "good")}
        return {name: {"value": colour} for name, colour in named.items()} | {
            "glow": {"value": theme.glow},
            "dark": {"value": float(theme.is_dark)},
        }

    def ring(self) -> Any:
        """Return the ring that marks what is selected, hidden."""
        return three.Mesh(
            three.TorusBufferGeometry(1.12, 0.05, 8, 48), three.MeshBasicMaterial(color=self.theme.text), quaternion=[-FLAT[0], *FLAT[1:]],
            visible=False,
        )  # fmt: skip

    def backdrop(self) -> list[Any]:
        """Return the sky with its sun, and the floor with its grid."""
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
                "reach": {"value": self.radius},
                "glow": glow,
            },
            extensions={"derivatives": True},
            transparent=True,
            depthWrite=False,
        )
        size = self.radius * 9
        return [
            three.Mesh(three.SphereBufferGeometry(400, 48, 32), sky, renderOrder=-1),
            three.Mesh(three.PlaneBufferGeometry(size, size), ground, quaternion=FLAT, renderOrder=1),
        ]

    def shown_labels(self) -> list[str]:
        """Return the labels that can be read now."""
        return [label.words for label, sprite in zip(self._labels, self._sprites, strict=True) if sprite.visible]

    def move_labels(self, places: Sequence[tuple[float, float, float]]) -> None:
        """Say where the labels' things are now; which can be read is decided anew when the camera moves."""
        self._labels = [
            Label(label.words, label.colour, place, label.rank, label.scale) for label, place in zip(self._labels, places, strict=True)
        ]

    def _stand(self) -> tuple[float, float, float]:
        """Stand far enough that everything fits, farther in a narrow frame."""
        aspect = self.size[0] / self.size[1]
        away = self.radius / math.tan(math.radians(ANGLE) / 2) * (0.78 if aspect >= 1.6 else 1.05 / max(aspect, 0.3) ** 0.75)
        away = max(away, self._tallest * 2.2)
        if self._preset == "above":
            away *= max(1.0, 0.8 * aspect**0.5)  # a wide picture is low, and a plan is as deep as it is wide
        x, y, z = PRESETS[self._preset]
        return away * x, away * y, away * z

    def _step_to(self, place: tuple[float, float, float]) -> None:
        # A camera that is only moved goes on looking where it looked: it is turned towards the middle in the same message.
        with self._camera.hold_sync():
            self._camera.position, self._camera.quaternion = place, towards_middle(place)

    def _label_size(self, label: Label) -> tuple[float, float]:
        # Larger in a narrow picture, which is seen from farther away and shown on a smaller screen.
        tall = self.radius * 0.042 * label.scale * (1.0 if self.size[0] / self.size[1] >= 1.6 else 1.9)
        return tall * LETTER * len(label.words), tall

    def _sprite(self, label: Label) -> Any:
        material = three.SpriteMaterial(
            map=text_texture(label.words, label.colour, LABEL_PX), transparent=True, depthTest=False, depthWrite=False
        )
        return three.Sprite(material, scale=(*self._label_size(label), 1.0), position=label.place, renderOrder=9)

    def _shade_size(self, label: Label) -> tuple[float, float, float]:
        wide, tall = self._label_size(label)
        return wide + tall * 0.8, tall * 1.3, 1.0

    def _shade(self, label: Label) -> Any:
        """Darken what is behind a label, which could not be read over lit windows."""
        material = three.SpriteMaterial(color=self.theme.ink, transparent=True, opacity=0.62, depthTest=False, depthWrite=False)
        return three.Sprite(material, scale=self._shade_size(label), position=label.place, renderOrder=8)

    def _place_labels(self) -> None:
        position = tuple(float(value) for value in self._camera.position)
        view = View((position[0], position[1], position[2]), (0.0, 0.0, 0.0), ANGLE, float(self._camera.aspect))
        points = np.array([label.place for label in self._labels]).reshape(-1, 3) - (0.0, self.lift, 0.0)
        sizes = np.array([self._label_size(label) for label in self._labels]).reshape(-1, 2) * (1.08, 1.5)
        shows = readable(view, points, sizes, [label.rank for label in self._labels])
        for sprite, shade, shown in zip(self._sprites, self._shades, shows, strict=True):
            if sprite.visible != shown:
                sprite.visible = shade.visible = shown

    def _moved(self, change: Any) -> None:
        # Every click sends the camera's place, changed in its last digits only where nobody turned it.
        if np.allclose(change["old"], change["new"], atol=1e-3 * self.radius):
            return
        self._turned = time.monotonic()
        self._place_labels()

    def _clicked(self, _change: Any) -> None:
        # The click that ends a turn of the camera is no choice.
        if time.monotonic() - self._turned < 0.25:
            return
        found = self._picker.faceIndex
        face = None if found is None or found < 0 else int(found)
        if face != self._clicked_face:  # face and point of one click arrive one after the other
            self._clicked_face = face
            self.picked(face)


def towards_middle(place: tuple[float, float, float]) -> tuple[float, float, float, float]:
    """Return the turn, as a quaternion x, y, z, w, of a camera that stands at a place and looks at the origin, upright."""
    load("scipy.spatial.transform")
    from scipy.spatial.transform import Rotation

    back = np.asarray(place, float) / math.hypot(*place)
    right = np.cross((0.0, 1.0, 0.0), back)
    right /= np.linalg.norm(right)
    x, y, z, w = Rotation.from_matrix(np.stack([right, np.cross(back, right), back], axis=1)).as_quat()
    return float(x), float(y), float(z), float(w)


def parts_of(widget: Any) -> list[Any]:
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


def attribute(array: NDArray[Any], *, dynamic: bool = False) -> Any:
    """Return an array as an attribute of a geometry; `dynamic` where frames change it."""
    return three.BufferAttribute(np.ascontiguousarray(array), normalized=False, dynamic=dynamic)


def invisible() -> Any:
    """Return the material of a mesh that is only there to be clicked."""
    return three.MeshBasicMaterial(transparent=True, opacity=0.0, depthWrite=False, colorWrite=False, side="DoubleSide")


def text_texture(words: str, colour: str, tall_px: int = 64) -> Any:
    """Return words as a texture, without mipmaps and with a linear filter: one whose sides are no powers of two would stay black."""
    return three.TextTexture(
        string=words, color=colour, size=tall_px, fontFace="monospace", squareTexture=False, minFilter="LinearFilter", generateMipmaps=False
    )


def sign(words: str, colour: str, tall: float, place: tuple[float, float, float]) -> Any:
    """Paint words flat on the floor."""
    material = three.MeshBasicMaterial(map=text_texture(words, colour), transparent=True, depthWrite=False, opacity=0.85)
    return three.Mesh(three.PlaneBufferGeometry(tall * LETTER * len(words), tall), material, quaternion=FLAT, position=place, renderOrder=3)
