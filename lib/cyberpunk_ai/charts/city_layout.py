"""Where every building of the neon city stands and how tall it is: plain numbers, no three.js, no widget.

A district per group, the tallest building of each district nearest to the middle of the city, heights in proportion to values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.charts.theme import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PLOT = 2.0
AVENUE = 2.4
TALLEST = 8.5
LOWEST = 0.12


@dataclass(frozen=True)
class Building:
    """One entity of the city.

    Args:
        entity: Key that a click returns.
        label: What is written above it.
        value: Height; negative values stand as the lowest building.
        status: One of the theme's meanings.
        district: Group it stands in.
        text: The value as written for people, with its unit.
    """

    entity: str
    label: str
    value: float
    status: str = "measured"
    district: str = ""
    text: str = ""


@dataclass(frozen=True)
class District:
    """A named block of buildings: its middle and its size on the ground."""

    name: str
    x: float
    z: float
    width: float
    depth: float


@dataclass(frozen=True)
class CityPlan:
    """Buildings with their plots.

    Attributes are aligned with `buildings`: `plots` (n, 4) holds x, z, width and depth.
    """

    buildings: tuple[Building, ...]
    plots: NDArray[np.float32]
    districts: tuple[District, ...]
    full_scale: float

    def heights(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Turn values into heights, in proportion, never below the lowest building and never above the sky."""
        share = np.nan_to_num(values / self.full_scale)
        return np.clip(share * TALLEST, LOWEST, TALLEST * 1.6).astype("f4")

    @property
    def radius(self) -> float:
        """Distance from the middle to the farthest corner of a district."""
        return max((math.hypot(abs(one.x) + one.width / 2, abs(one.z) + one.depth / 2) for one in self.districts), default=1.0)


def plan_city(buildings: Sequence[Building]) -> CityPlan:
    """Lay out a city.

    Args:
        buildings: At least one.

    Returns:
        Plan with the buildings in the order given.
    """
    names = list(dict.fromkeys(one.district for one in buildings))
    members = [[index for index, one in enumerate(buildings) if one.district == name] for name in names]
    columns = math.ceil(math.sqrt(len(names)))
    rows = math.ceil(len(names) / columns)
    side = max(math.ceil(math.sqrt(len(group))) for group in members)
    pitch = side * PLOT + AVENUE
    plots = np.zeros((len(buildings), 4), "f4")
    districts: list[District] = []
    for order, (name, group) in enumerate(zip(names, members, strict=True)):
        row, column = divmod(order, columns)
        in_row = min(columns, len(names) - row * columns)
        middle_x = (column - (in_row - 1) / 2) * pitch
        middle_z = (row - (rows - 1) / 2) * pitch
        districts.append(District(name, middle_x, middle_z, side * PLOT, side * PLOT))
        places = _places(side, middle_x, middle_z)
        for place, index in zip(places, sorted(group, key=lambda each: -buildings[each].value), strict=False):
            plots[index] = (*place, *_footprint(buildings[index].entity))
    full_scale = max((one.value for one in buildings), default=0.0)
    return CityPlan(tuple(buildings), plots, tuple(districts), full_scale if full_scale > 0 else 1.0)


def status_codes(statuses: Sequence[str]) -> NDArray[np.float32]:
    """Number the meanings as the shader does."""
    return np.array([MEANINGS.index(status) for status in statuses], "f4")


def _places(side: int, middle_x: float, middle_z: float) -> list[tuple[float, float]]:
    offsets = (np.arange(side) - (side - 1) / 2) * PLOT
    places = [(float(middle_x + x), float(middle_z + z)) for x in offsets for z in offsets]
    return sorted(places, key=lambda place: (round(math.hypot(*place), 3), place))


def _footprint(entity: str) -> tuple[float, float]:
    """Vary the footprint a little from the name, so that the same entity looks the same in every session."""
    mixed = sum((place + 1) * ord(letter) for place, letter in enumerate(entity))
    return 1.05 + 0.3 * (mixed % 7) / 6, 1.05 + 0.3 * (mixed // 7 % 7) / 6
