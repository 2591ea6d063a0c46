"""The customer galaxy as numbers: one point per customer, an arm per segment, far out who is likely to leave. No three.js, no widget."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.charts.theme import MEANINGS
from cyberpunk_ai.core.errors import ContractBroken

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

MOST_POINTS = 10_000
CORE, REACH = 1.8, 15.0  # radius of nobody leaves and of everybody leaves, in units of the scene
TWIST = 1.15  # radians that an arm turns from the core to the edge
MEANING_OF_RISK = {"low": "good", "medium": "warning", "high": "failing"}


@dataclass(frozen=True)
class GalaxyPlan:
    """Points of customers.

    Attributes:
        entities: Ids, in the order of the points.
        places: Shape (n, 3).
        sizes: Radius of each point in units of the scene, shape (n,).
        codes: Number of each point's meaning as the shader counts, shape (n,).
        segments: Segment of each point.
        arms: Segment to the angle at which its arm begins in the middle, in radians.
        left_out: Customers that are not drawn, those of least value.
    """

    entities: tuple[str, ...]
    places: NDArray[np.float32]
    sizes: NDArray[np.float32]
    codes: NDArray[np.float32]
    segments: tuple[str, ...]
    arms: dict[str, float]
    left_out: int


def plan_galaxy(customers: pd.DataFrame, *, most: int = MOST_POINTS) -> GalaxyPlan:
    """Lay customers out.

    Args:
        customers: customer_id, segment, churn_probability, risk, lifetime_value, and perhaps recency_days.
        most: Points drawn, those of most value.

    Raises:
        ContractBroken: A column is missing, or there is no customer.
    """
    missing = {"customer_id", "segment", "churn_probability", "risk", "lifetime_value"} - set(customers.columns)
    if missing or not len(customers):
        raise ContractBroken(
            f"customers lack {', '.join(sorted(missing))}" if missing else "there is no customer",
            hint="pass the customers of a retention report",
        )
    rows = customers.assign(value=customers["lifetime_value"].astype(float).fillna(0.0).clip(lower=0.0))
    kept = rows.nlargest(most, "value") if len(rows) > most else rows
    kept = kept.reset_index(drop=True)
    risk = kept["churn_probability"].astype(float).fillna(0.5).clip(0.0, 1.0).to_numpy()
    names = list(rows.groupby("segment")["churn_probability"].mean().sort_values().index.astype(str))
    counts = rows["segment"].astype(str).value_counts()
    # A large segment gets a wider arm, but not in proportion: the small ones must stay visible.
    widths = np.sqrt(counts[names].to_numpy(float))
    widths = 2 * math.pi * widths / widths.sum()
    start = dict(zip(names, np.cumsum(widths) - widths / 2, strict=True))
    spread = dict(zip(names, widths * 0.44, strict=True))
    # Drawn from the id, so that the same customer is at the same place in every session.
    noise = np.stack([_noise(kept["customer_id"].astype(str).to_numpy(), salt) for salt in (1, 2, 3)]) - 0.5
    mine = kept["segment"].astype(str)
    radius = CORE + (REACH - CORE) * risk + noise[0] * 1.6
    angle = mine.map(start).to_numpy() + TWIST * radius / REACH + noise[1] * 2 * mine.map(spread).to_numpy()
    height = 2.2 + noise[2] * 3.4 * (1.25 - 0.75 * radius / REACH)
    places = np.stack([radius * np.cos(angle), height, radius * np.sin(angle)], axis=1).astype("f4")
    value = kept["value"].to_numpy()
    top = float(np.quantile(value, 0.99)) if len(value) else 1.0
    # Many points are drawn smaller, so that a crowd does not become one spot.
    shrunk = float(np.clip(math.sqrt(1500 / len(value)), 0.45, 1.0))
    sizes = (shrunk * (0.12 + 0.42 * np.sqrt(np.clip(value / (top or 1.0), 0.0, 1.0)))).astype("f4")
    codes = np.array([MEANINGS.index(MEANING_OF_RISK.get(str(each), "measured")) for each in kept["risk"]], "f4")
    arms = {name: float(start[name]) for name in names}
    return GalaxyPlan(
        tuple(kept["customer_id"].astype(str)), places, sizes, codes, tuple(kept["segment"].astype(str)), arms, len(rows) - len(kept)
    )


def tetrahedra(plan: GalaxyPlan, least: float = 0.16) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Return corners and triangles around the points, for clicks: four faces per point; small points can be hit too."""
    corners = np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)], "f4")
    faces = np.array([(0, 1, 2), (0, 3, 1), (0, 2, 3), (1, 3, 2)])
    sizes = np.maximum(plan.sizes, least)
    places = (corners[None] * sizes[:, None, None] + plan.places[:, None]).reshape(-1, 3)
    index = (faces.ravel()[None] + 4 * np.arange(len(sizes))[:, None]).ravel()
    return places.astype("f4"), index.astype("u4")


def _noise(names: NDArray[np.object_], salt: int) -> NDArray[np.float64]:
    """Return a number from 0 to 1 per name."""
    from pandas.util import hash_array

    mixed = hash_array(names.astype(object), categorize=False) ^ np.uint64(0x9E3779B97F4A7C15 * salt % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
