"""Assembly of the streams page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import panel as pn

from apps.kit.app import App
from apps.kit.page import Area, Grid, asked_theme
from apps.kit.view import open_page
from apps.streams.view import StreamsView

if TYPE_CHECKING:
    from apps.kit.app import Host

GRID = Grid(
    "minmax(0, 1fr) minmax(0, 1fr) 340px", ("kpis kpis kpis", "rate rate topics", "events events events"),
    "minmax(0, 1fr) minmax(0, 1fr)", ("kpis kpis", "rate rate", "topics topics", "events events"),
)  # fmt: skip


def streams_page(host: Host) -> pn.Template:
    """Build the page of one visitor. The address may carry `?topic=orders&holds=EMEA`."""
    view = StreamsView(host.feed, asked_theme(host.theme()))
    if pn.state.location is not None:
        for widget, names in view.in_the_address().items():
            pn.state.location.sync(widget, names)
    wide = {"sizing_mode": "stretch_width", "margin": 0}
    filters = pn.Row(view.topic, view.words, pn.Column(view.export, width=150, margin=(18, 0, 0, 10)), **wide)
    areas = [
        Area("kpis", view.headline),
        Area("rate", view.chart, "The last minute", "events per second, by topic", has_picture=True),
        Area("topics", view.topics, "Topics"),
        Area("events", pn.Column(filters, view.said, view.table, **wide), "Newest events", "the newest on top"),
    ]
    header = pn.Row(view.status, view.pause, sizing_mode="stretch_width", align="center")
    return open_page("Streams", view, areas, GRID, header=header)


APP = App("streams", "Streams", 4, lambda host: lambda: streams_page(host))
