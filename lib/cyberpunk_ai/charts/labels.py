"""Which labels of a 3D scene can be read together: projection to the screen, then the greater first and the lesser hidden."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class View:
    """A camera: where it stands, what it looks at, its vertical angle in degrees and width over height."""

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    angle: float
    aspect: float

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Project points.

        Args:
            points: Shape (n, 3).

        Returns:
            Shape (n, 3): x and y on the screen from -1 to 1, and the distance along the view (negative behind the camera).
        """
        eye, target = np.array(self.position, float), np.array(self.target, float)
        forward = (target - eye) / np.linalg.norm(target - eye)
        right = np.cross(forward, (0.0, 1.0, 0.0))
        right = right / np.linalg.norm(right)
        up = np.cross(right, forward)
        from_eye = np.asarray(points, float) - eye
        depth = from_eye @ forward
        reach = math.tan(math.radians(self.angle) / 2) * np.maximum(np.abs(depth), 1e-6)
        return np.stack([from_eye @ right / (reach * self.aspect), from_eye @ up / reach, depth], axis=1)


def readable(view: View, points: NDArray[np.float64], sizes: NDArray[np.float64], ranks: Sequence[float]) -> list[bool]:
    """Choose labels that do not overlap on the screen.

    Args:
        view: The camera.
        points: Middles of the labels, shape (n, 3).
        sizes: Width and height of the labels in the scene, shape (n, 2); labels face the camera.
        ranks: The greater is kept when two collide.

    Returns:
        For each label whether it is shown: no two shown ones overlap, none leaves the picture.
    """
    if not len(points):
        return []
    seen = view.project(points)
    reach = math.tan(math.radians(view.angle) / 2) * np.maximum(seen[:, 2], 1e-6)
    half = np.stack([sizes[:, 0] / 2 / (reach * view.aspect), sizes[:, 1] / 2 / reach], axis=1)
    shown = [False] * len(points)
    kept: list[int] = []
    for index in sorted(range(len(points)), key=lambda each: -ranks[each]):
        inside = seen[index, 2] > 0 and bool(np.all(np.abs(seen[index, :2]) + half[index] <= 1.0))
        clear = all(bool(np.any(np.abs(seen[index, :2] - seen[other, :2]) > half[index] + half[other])) for other in kept)
        if inside and clear:
            shown[index] = True
            kept.append(index)
    return shown
