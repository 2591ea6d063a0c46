"""Assembly of the admin page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import panel as pn

from apps.admin.store import admin_parts
from apps.admin.view import AdminView
from apps.kit.app import App
from apps.kit.page import Area, Grid, asked_theme
from apps.kit.view import open_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.kit.app import Host
    from apps.kit.parts import Parts

GRID = Grid(
    "minmax(0, 3fr) minmax(0, 2fr)",
    ("kpis kpis", "sources health", "syncs settings", "runs settings", "connectors settings"),
    "minmax(0, 1fr)", ("kpis", "sources", "health", "syncs", "runs", "settings", "connectors"),
)  # fmt: skip


def admin_page(host: Host, parts: Parts) -> pn.Template:
    """Build the page of one visitor."""
    view = AdminView(host.workspace, parts, asked_theme(host.theme()))
    wide = {"sizing_mode": "stretch_width", "margin": 0}
    sources = pn.Column(pn.Row(view.which, view.sync, **wide), view.said, view.sources, **wide)
    areas = [
        Area("kpis", view.headline),
        Area("sources", sources, "Sources", "where the data come from"),
        Area("health", view.components, "Parts", "each asked within half a second"),
        Area("syncs", view.syncs, "Syncs", "the newest on top"),
        Area("runs", view.runs, "Scheduled runs"),
        Area("settings", view.settings, "Settings in force", "secrets are never shown"),
        Area("connectors", view.connectors, "Kinds of sources"),
    ]
    return open_page("Admin", view, areas, GRID)


def open_app(host: Host) -> Callable[[], pn.Template]:
    """Open the parts that all visitors share."""
    parts = admin_parts(host.workspace)
    host.closing.append(parts.close)
    return lambda: admin_page(host, parts)


APP = App("admin", "Admin", 6, open_app)
