"""The 3D scenes: one file each on the shared stage. The only folder that knows pythreejs."""

from cyberpunk_ai.charts.scene3d.city import City, describe_city
from cyberpunk_ai.charts.scene3d.galaxy import Galaxy, describe_galaxy
from cyberpunk_ai.charts.scene3d.stage import PRESETS, Label, Stage
from cyberpunk_ai.charts.scene3d.terrain import Terrain, TerrainPoint, describe_terrain

__all__ = [
    "PRESETS", "City", "Galaxy", "Label", "Stage", "Terrain", "TerrainPoint", "describe_city", "describe_galaxy", "describe_terrain",
]  # fmt: skip
