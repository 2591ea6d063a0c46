"""The arrays of the neon city: one merged geometry to draw, one invisible boxed copy to click on. Numbers only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cyberpunk_ai.charts.city_layout import CityPlan

WALL, SIGN, LIGHT = 0.0, 1.0, 2.0
TRIANGLES_OF_A_BOX = 12

_FACES = (
    ((0, 0, 1), ((-0.5, 0, 0.5), (0.5, 0, 0.5), (0.5, 1, 0.5), (-0.5, 1, 0.5))),
    ((0, 0, -1), ((0.5, 0, -0.5), (-0.5, 0, -0.5), (-0.5, 1, -0.5), (0.5, 1, -0.5))),
    ((1, 0, 0), ((0.5, 0, 0.5), (0.5, 0, -0.5), (0.5, 1, -0.5), (0.5, 1, 0.5))),
    ((-1, 0, 0), ((-0.5, 0, -0.5), (-0.5, 0, 0.5), (-0.5, 1, 0.5), (-0.5, 1, -0.5))),
    ((0, 1, 0), ((-0.5, 1, 0.5), (0.5, 1, 0.5), (0.5, 1, -0.5), (-0.5, 1, -0.5))),
)
_OCTAHEDRON = ((1, 0, 0), (0, 0, 1), (-1, 0, 0), (0, 0, -1), (0, 1, 0), (0, -1, 0))
_OCTAHEDRON_FACES = ((1, 0, 4), (2, 1, 4), (3, 2, 4), (0, 3, 4), (0, 1, 5), (1, 2, 5), (2, 3, 5), (3, 0, 5))
_BOX = ((-0.5, 0, -0.5), (0.5, 0, -0.5), (0.5, 0, 0.5), (-0.5, 0, 0.5), (-0.5, 1, -0.5), (0.5, 1, -0.5), (0.5, 1, 0.5), (-0.5, 1, 0.5))
_BOX_FACES = (
    (0, 4, 5),
    (0, 5, 1),
    (1, 5, 6),
    (1, 6, 2),
    (2, 6, 7),
    (2, 7, 3),
    (3, 7, 4),
    (3, 4, 0),
    (4, 7, 6),
    (4, 6, 5),
    (0, 1, 2),
    (0, 2, 3),
)


@dataclass(frozen=True)
class Merged:
    """Static arrays of the drawn city; `vertices` is the number of vertices per building."""

    position: NDArray[np.float32]
    part: NDArray[np.float32]
    plot: NDArray[np.float32]
    index: NDArray[np.uint32]
    vertices: int


def merge(plan: CityPlan) -> Merged:
    """Build every building, its roof sign and its light into one geometry."""
    corners = [corner for _, face in _FACES for corner in face]
    parts = [(*normal, WALL) for normal, face in _FACES for _ in face]
    triangles = [(4 * face + a, 4 * face + b, 4 * face + c) for face in range(len(_FACES)) for a, b, c in ((0, 1, 2), (0, 2, 3))]
    start = len(corners)
    corners += list(_OCTAHEDRON)
    parts += [(0, 0, 0, SIGN)] * len(_OCTAHEDRON)
    triangles += [(start + a, start + b, start + c) for a, b, c in _OCTAHEDRON_FACES]
    start = len(corners)
    corners += [(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]
    parts += [(0, 0, 0, LIGHT)] * 4
    triangles += [(start, start + 1, start + 2), (start, start + 2, start + 3)]
    count, vertices = len(plan.buildings), len(corners)
    index = (np.array(triangles).ravel()[None] + vertices * np.arange(count)[:, None]).ravel()
    return Merged(
        np.tile(np.array(corners, "f4"), (count, 1)),
        np.tile(np.array(parts, "f4"), (count, 1)),
        np.repeat(plan.plots, vertices, axis=0),
        index.astype("u4" if count * vertices > 65535 else "u2"),
        vertices,
    )


def live_array(
    heights: NDArray[np.float32], pulses: NDArray[np.float32], codes: NDArray[np.float32], selected: int, vertices: int
) -> NDArray[np.float32]:
    """Pack everything a frame changes into one attribute: several arrays would arrive apart and tear the picture."""
    chosen = np.zeros(len(heights), "f4")
    if selected >= 0:
        chosen[selected] = 1.0
    return np.repeat(np.stack([heights, pulses, codes, chosen], axis=1).astype("f4"), vertices, axis=0)


def boxes(plan: CityPlan, heights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the true corners of every building, for clicks: a ray is traced on the processor and knows no vertex shader.

    Two corners far above and below close the array. No triangle uses them: they keep the first bounding sphere large enough for later
    heights.
    """
    corners = np.array(_BOX, "f4")
    sizes = np.stack([plan.plots[:, 2], heights, plan.plots[:, 3]], axis=1)
    offsets = np.stack([plan.plots[:, 0], np.zeros(len(heights), "f4"), plan.plots[:, 1]], axis=1)
    places = (corners[None] * sizes[:, None] + offsets[:, None]).reshape(-1, 3)
    return np.concatenate([places, np.array([[0, 80, 0], [0, -80, 0]])]).astype("f4")


def box_index(count: int) -> NDArray[np.uint32]:
    """Give the triangles of `boxes`: twelve per building, in the order of the buildings."""
    return (np.array(_BOX_FACES).ravel()[None] + len(_BOX) * np.arange(count)[:, None]).ravel().astype("u4")
