"""The palette for Grafana: thresholds and series colours per theme, in the form of a dashboard's `fieldConfig`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cyberpunk_ai.charts.theme import MEANINGS, Theme

if TYPE_CHECKING:
    from collections.abc import Sequence


def theme_files(themes: Sequence[Theme]) -> dict[str, str]:
    """Return a palette per theme."""
    return {f"grafana/{theme.name}.json": json.dumps(palette(theme), indent=2, ensure_ascii=False) + "\n" for theme in themes}


def palette(theme: Theme) -> dict[str, object]:
    """Write a theme as Grafana takes it: the look, colours by meaning, and defaults and overrides of panels."""
    steps = [{"color": theme.good, "value": None}, {"color": theme.warning, "value": 0.8}, {"color": theme.failing, "value": 1.0}]
    overrides = [
        {
            "matcher": {"id": "byRegexp", "options": f"(?i).*{meaning}.*"},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": theme.accent(meaning)}}],
        }
        for meaning in MEANINGS
    ]
    return {
        "style": "dark" if theme.is_dark else "light",
        "colors": {meaning: theme.accent(meaning) for meaning in MEANINGS} | {"text": theme.text, "background": theme.surface},
        "fieldConfig": {
            "defaults": {
                "color": {"mode": "fixed", "fixedColor": theme.measured},
                "thresholds": {"mode": "percentage", "steps": steps},
                "custom": {"lineWidth": 2, "fillOpacity": 12, "gradientMode": "opacity", "showPoints": "never"},
            },
            "overrides": overrides,
        },
    }
