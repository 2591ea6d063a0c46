"""The theme for Panel pages and for Bokeh: custom properties as CSS, and Bokeh's own JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cyberpunk_ai.charts.theme import Theme, bokeh_theme, css_variables
from cyberpunk_ai.charts.theme_targets import NOTE

if TYPE_CHECKING:
    from collections.abc import Sequence


def theme_files(themes: Sequence[Theme]) -> dict[str, str]:
    """Return a stylesheet and a Bokeh theme per theme."""
    written = {f"panel/{theme.name}.css": f"/* {NOTE} */\n:root, :host {{\n{css_variables(theme)}\n}}\n" for theme in themes}
    return written | {f"bokeh/{theme.name}.json": json.dumps(bokeh_theme(theme), indent=2, ensure_ascii=False) + "\n" for theme in themes}
