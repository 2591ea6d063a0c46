"""The theme for matplotlib: one style file per theme, for `matplotlib.style.use`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberpunk_ai.charts.theme import MEANINGS, Theme
from cyberpunk_ai.charts.theme_targets import NOTE

if TYPE_CHECKING:
    from collections.abc import Sequence


def theme_files(themes: Sequence[Theme]) -> dict[str, str]:
    """Return a style per theme."""
    return {f"matplotlib/{theme.name}.mplstyle": style(theme) for theme in themes}


def style(theme: Theme) -> str:
    """Write a theme as a matplotlib style; colours stand without `#`, which starts a comment there."""
    cycle = ", ".join(f"'{theme.accent(meaning)[1:]}'" for meaning in MEANINGS)
    lines = {
        "figure.facecolor": theme.surface,
        "figure.edgecolor": theme.surface,
        "savefig.facecolor": theme.surface,
        "axes.facecolor": theme.surface,
        "axes.edgecolor": theme.line,
        "axes.labelcolor": theme.muted,
        "axes.titlecolor": theme.text,
        "axes.titlesize": "medium",
        "axes.titlelocation": "left",
        "axes.grid": "True",
        "axes.axisbelow": "True",
        "axes.spines.top": "False",
        "axes.spines.right": "False",
        "axes.prop_cycle": f"cycler('color', [{cycle}])",
        "grid.color": theme.line,
        "grid.linestyle": "--",
        "grid.linewidth": "0.6",
        "xtick.color": theme.muted,
        "ytick.color": theme.muted,
        "text.color": theme.text,
        "legend.frameon": "False",
        "legend.labelcolor": theme.muted,
        "lines.linewidth": "2.0",
        "font.family": "Inter, DejaVu Sans, sans-serif",
    }
    return f"# {NOTE}\n" + "".join(f"{name}: {value.removeprefix('#')}\n" for name, value in lines.items())
