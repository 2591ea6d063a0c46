"""The shell of every Panel page: header, grid of titled panels, theme. Looks are in `page.css`, colours come from the tokens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import panel as pn
import param
from bokeh.events import ConnectionLost
from bokeh.models import CustomJS
from bokeh.themes import Theme as BokehTheme
from panel.theme import DarkTheme, DefaultTheme
from panel.theme.base import Inherit
from panel.theme.native import Native

from cyberpunk_ai.charts.theme import Theme, bokeh_theme, css_variables, load_theme, theme_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI

# Tell the reader at once, then ask until the server answers and load the page anew.
_LOST = """
const banner = document.querySelector(".lost");
if (banner) banner.hidden = false;
const again = () => setTimeout(ask, 2000);
const ask = () => fetch(window.location.href, { cache: "no-store" })
  .then((answer) => answer.ok ? window.location.reload() : again())
  .catch(again);
setTimeout(ask, 1500);
"""
THEMES = "assets/themes"
# Pages of the server and their titles, for the navigation of each.
PAGES = {"cockpit": "Cockpit", "forecasts": "Forecasts"}
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Area:
    """One panel of a page: its grid area, what it shows, and a heading ('' for none)."""

    name: str
    content: Any
    title: str = ""
    note: str = ""


@cache
def page_css(theme: Theme) -> str:
    """Return the stylesheet of pages and of the components inside their shadow roots, with the theme's colours."""
    return f":root, :host {{\n{css_variables(theme)}\n}}\n" + (_HERE / "page.css").read_text(encoding="utf-8")


@cache
def page_design(theme: Theme) -> type[Native]:
    """Build the Panel design of a theme: its Bokeh theme, and our stylesheet in every component."""
    plots = BokehTheme(json=bokeh_theme(theme))
    base: Any = DarkTheme if theme.is_dark else DefaultTheme
    colours = type("Colours", (base,), {"bokeh_theme": param.ClassSelector(class_=(BokehTheme, str), default=plots)})
    # By address: Panel sends a component's sheets again with every change of its text.
    sheets = {pn.viewable.Viewable: {"stylesheets": [Inherit, f"{THEMES}/{theme.name}.css"]}}
    return type("PageDesign", (Native,), {"modifiers": sheets, "_themes": {"dark": colours, "default": colours}})


def serve_theme_files(app: FastAPI) -> None:
    """Add the stylesheets of the themes to an application."""
    from fastapi import HTTPException, Response

    @app.get(f"/{THEMES}/{{name}}.css", include_in_schema=False)
    def theme_file(name: str) -> Response:
        if name not in theme_names():
            raise HTTPException(404, f"no theme {name!r}")
        return Response(page_css(load_theme(name)), media_type="text/css", headers={"Cache-Control": "public, max-age=600"})


def build_page(
    title: str,
    areas: Sequence[Area],
    *,
    theme: Theme | None = None,
    header: Any = None,
    hidden: Sequence[Any] = (),
    layout: str = "cockpit",
) -> pn.Template:
    """Assemble a page.

    Args:
        title: Of the page.
        areas: In reading order; their names are the grid areas of `layout` in `page.css`.
        theme: Colours of the page.
        header: Shown at the right of the header.
        hidden: Components without a picture.
        layout: Name of the grid.

    Returns:
        A template that Panel serves.
    """
    chosen = theme or load_theme()
    sections = "\n".join(_section(area) for area in areas)
    rest = "".join(f"{{{{ embed(roots.hidden_{place}) }}}}" for place in range(len(hidden)))
    values = {
        "@TITLE@": escape(title),
        "@THEME@": chosen.name,
        "@LAYOUT@": escape(layout),
        "@SECTIONS@": sections,
        "@HIDDEN@": rest,
        "@PAGES@": "".join(_page_link(name, title) for name in PAGES),
        "@THEMES@": "".join(_theme_link(name, chosen.name) for name in theme_names()),
        "@CSS@": page_css(chosen),
    }
    html = (_HERE / "page.html").read_text(encoding="utf-8")
    for mark, text in values.items():
        html = html.replace(mark, text)
    page = pn.Template(html, design=page_design(chosen), theme=DarkTheme if chosen.is_dark else DefaultTheme)
    page.add_variable("title", f"{title} · Cyberpunk AI")
    page.add_panel("header", header if header is not None else pn.Spacer(width=0))
    for area in areas:
        page.add_panel(area.name, area.content)
    for place, component in enumerate(hidden):
        page.add_panel(f"hidden_{place}", component)
    return page


def _section(area: Area) -> str:
    note = f"<small>{escape(area.note)}</small>" if area.note else ""
    heading = f"<h2>{escape(area.title)}{note}</h2>" if area.title else ""
    label = escape(area.title or area.name)
    kind = "panel" if area.title else "plain"
    inside = f'<div class="inside">{{{{ embed(roots.{area.name}) }}}}</div>'
    return f'<section class="{kind} area-{area.name}" aria-label="{label}">{heading}{inside}</section>'


def _theme_link(name: str, current: str) -> str:
    marked = ' aria-current="true"' if name == current else ""
    return f'<a href="?theme={name}"{marked}>{escape(load_theme(name).title)}</a>'


def _page_link(name: str, current: str) -> str:
    marked = ' aria-current="page"' if PAGES[name] == current else ""
    return f'<a href="{name}"{marked}>{escape(PAGES[name])}</a>'


def argument(name: str) -> str:
    """Return a value of the page's address, '' where it has none."""
    values = (pn.state.session_args or {}).get(name, [b""])
    return str(values[0].decode(errors="replace"))


def asked_theme(standard: str) -> Theme:
    """Return the theme that the address names, the standard one where it names none that is known."""
    asked = argument("theme")
    return load_theme(asked if asked in theme_names() else standard if standard in theme_names() else None)


def reload_when_lost(document: Any) -> None:
    """Let a page say when the connection is lost, and come back by itself."""
    document.js_on_event(ConnectionLost, CustomJS(code=_LOST))
