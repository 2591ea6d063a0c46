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

from apps.kit import visitors
from apps.kit.app import App, found_apps
from cyberpunk_ai.charts.fonts import FONTS as FONT_FILES
from cyberpunk_ai.charts.fonts import font_faces, fonts_folder
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
FONTS = "assets/fonts"
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Area:
    """One panel of a page: its grid area, what it shows, and a heading ('' for none)."""

    name: str
    content: Any
    title: str = ""
    note: str = ""
    meaning: str = "measured"
    has_picture: bool = False


@dataclass(frozen=True)
class Grid:
    """Where the areas of a page stand, as CSS writes it; on a phone they stand below each other in reading order.

    Args:
        columns: Widths of the columns of a wide page.
        rows: Names of the areas, row by row, of a wide page.
        middle_columns: The same of a page below 1180 pixels.
        middle_rows: As above.
    """

    columns: str
    rows: tuple[str, ...]
    middle_columns: str
    middle_rows: tuple[str, ...]


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
    """Add the stylesheets of the themes and of tables, and the fonts, to an application."""
    from fastapi import HTTPException, Response
    from fastapi.responses import FileResponse

    @app.get(f"/{THEMES}/{{name}}.css", include_in_schema=False)
    def theme_file(name: str) -> Response:
        if name not in theme_names():
            raise HTTPException(404, f"no theme {name!r}")
        return Response(page_css(load_theme(name)), media_type="text/css", headers={"Cache-Control": "public, max-age=600"})

    @app.get("/assets/tables.css", include_in_schema=False)
    def tables_file() -> FileResponse:
        return FileResponse(_HERE / "tables.css", media_type="text/css", headers={"Cache-Control": "public, max-age=600"})

    @app.get(f"/{FONTS}/{{name}}", include_in_schema=False)
    def font_file(name: str) -> FileResponse:
        if name not in {font for _, font, _, _ in FONT_FILES}:
            raise HTTPException(404, f"no font {name!r}")
        return FileResponse(fonts_folder() / name, media_type="font/woff2", headers={"Cache-Control": "public, max-age=86400"})


class _Page(pn.Template):
    """Panel describes a template anew, with all that is on it, whenever something is added: an eighth of a page's time in a profile."""

    def __repr__(self) -> str:
        return type(self).__name__


def build_page(
    title: str,
    areas: Sequence[Area],
    *,
    theme: Theme | None = None,
    header: Any = None,
    hidden: Sequence[Any] = (),
    layout: str = "cockpit",
    grid: Grid | None = None,
) -> pn.Template:
    """Assemble a page.

    Args:
        title: Of the page.
        areas: In reading order; their names are the grid areas of `layout` in `page.css`.
        theme: Colours of the page.
        header: Shown at the right of the header.
        hidden: Components without a picture.
        layout: Name of the grid.
        grid: Where the areas stand; `page.css` knows it by the name of the layout without.

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
        "@WALL@": " wall" if argument("wall") == "true" else "",
        "@SECTIONS@": sections,
        "@HIDDEN@": rest,
        "@PAGES@": "".join(_page_link(app, title) for app in found_apps()),
        "@THEMES@": "".join(_theme_link(name, chosen.name) for name in theme_names()),
        "@CSS@": f"{font_faces(FONTS)}\n{page_css(chosen)}{_grid_css(layout, grid, areas) if grid else ''}",
        "@FONTS@": FONTS,
    }
    visitors.enter()
    html = (_HERE / "page.html").read_text(encoding="utf-8")
    for mark, text in values.items():
        html = html.replace(mark, text)
    page = _Page(html, design=page_design(chosen), theme=DarkTheme if chosen.is_dark else DefaultTheme)
    page.add_variable("title", f"{title} · Cyberpunk AI")
    page.add_panel("header", header if header is not None else pn.Spacer(width=0))
    for area in areas:
        page.add_panel(area.name, area.content)
    for place, component in enumerate(hidden):
        page.add_panel(f"hidden_{place}", component)
    return page


def _section(area: Area) -> str:
    note = f"<small>{escape(area.note)}</small>" if area.note else ""
    picture = f'<button class="png" data-name="{escape(area.name)}" title="Save the picture">PNG</button>' if area.has_picture else ""
    heading = f"<h2>{escape(area.title)}{note}{picture}</h2>" if area.title else ""
    label = escape(area.title or area.name)
    kind = f"panel {area.meaning}" if area.title else "plain"
    inside = f'<div class="inside">{{{{ embed(roots.{area.name}) }}}}</div>'
    return f'<section class="{kind} area-{area.name}" aria-label="{label}">{heading}{inside}</section>'


def _grid_css(layout: str, grid: Grid, areas: Sequence[Area]) -> str:
    def rows(names: Sequence[str]) -> str:
        return " ".join(f'"{each}"' for each in names)

    phone = rows([area.name for area in areas])
    named = " ".join(f".layout-{layout} > .area-{area.name} {{ grid-area: {area.name}; }}" for area in areas)
    return (
        f"\n.layout-{layout} {{ grid-template-columns: {grid.columns}; grid-template-areas: {rows(grid.rows)}; }} {named}\n"
        f"@media (max-width: 1180px) {{ .layout-{layout} {{ grid-template-columns: {grid.middle_columns}; "
        f"grid-template-areas: {rows(grid.middle_rows)}; }} }}\n"
        f"@media (max-width: 720px) {{ .layout-{layout} {{ grid-template-columns: minmax(0, 1fr); grid-template-areas: {phone}; }} }}\n"
    )


def _theme_link(name: str, current: str) -> str:
    marked = ' aria-current="true"' if name == current else ""
    return f'<a href="?theme={name}"{marked}>{escape(load_theme(name).title)}</a>'


def _page_link(app: App, current: str) -> str:
    marked = ' aria-current="page"' if app.title == current else ""
    return f'<a href="{app.name}"{marked}>{escape(app.title)}</a>'


def argument(name: str) -> str:
    """Return a value of the page's address, '' where it has none."""
    values = (pn.state.session_args or {}).get(name, [b""])
    return str(values[0].decode(errors="replace"))


def draws_without_gpu() -> bool:
    """Return whether this visitor's browser said on its last page that it draws on the processor; scenes are then drawn lighter."""
    return str((pn.state.cookies or {}).get("cyberpunk_renderer", "")) == "software"


def asked_theme(standard: str) -> Theme:
    """Return the theme that the address names, the standard one where it names none that is known."""
    asked = argument("theme")
    return load_theme(asked if asked in theme_names() else standard if standard in theme_names() else None)


def reload_when_lost(document: Any) -> None:
    """Let a page say when the connection is lost, and come back by itself."""
    document.js_on_event(ConnectionLost, CustomJS(code=_LOST))
