"""What charts of one series among several share: its rows, its bands, and its place in the title."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from cyberpunk_ai.charts.theme import Theme


def series_of(frame: pd.DataFrame, unique_id: str | None) -> pd.DataFrame:
    """Take the rows of one series, the first one without a name."""
    if not len(frame) or "unique_id" not in frame.columns:
        return frame
    return frame[frame["unique_id"] == (frame["unique_id"].iloc[0] if unique_id is None else unique_id)]


def bands(hv: Any, look: Theme, frame: pd.DataFrame, levels: Sequence[float], colour: str | None = None) -> list[Any]:
    """Draw nested intervals `lo-L` to `hi-L` over `ds`, the widest first."""
    parts = []
    for place, level in enumerate(sorted(levels, reverse=True)):
        lower, upper = f"lo-{level}", f"hi-{level}"
        if lower in frame.columns and upper in frame.columns:
            band = hv.Area(frame, "ds", [lower, upper], label=f"{level} % of cases")
            parts.append(band.opts(color=colour or look.predicted, alpha=0.13 + 0.09 * place, line_alpha=0))
    return parts


def of_several(frame: pd.DataFrame, unique_id: str | None) -> str:
    """Name the series that is drawn where there are others, and how to see them where nobody chose; empty where it is the only one."""
    if not len(frame) or "unique_id" not in frame.columns or frame["unique_id"].nunique() < 2:
        return ""
    names = frame["unique_id"].unique()
    if unique_id is None:
        return f"{names[0]}, one of {len(names)} series; unique_id= shows another"
    return f"{unique_id}, one of {len(names)} series"
