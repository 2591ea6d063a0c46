"""Assembly of the forecast page: a view per visitor, the page, its address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import panel as pn

from apps.forecasts.store import KeptForecasts
from apps.forecasts.view import ForecastView
from apps.kit.app import App
from apps.kit.page import Area, argument, asked_theme, build_page
from apps.kit.view import keep_going

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.kit.app import Host


def forecasts_page(host: Host, kept: KeptForecasts) -> pn.Template:
    """Build the page of one visitor. The address may carry `?theme=noir&metric=revenue&grain=week&horizon=12&by=region&holidays=DE`.

    `&view=terrain` shows it as a landscape too.

    Args:
        host: Answers.
        kept: Answers that visitors have had lately.
    """
    view = ForecastView(host.workspace, asked_theme(host.theme()), kept, is_terrain=argument("view") == "terrain")
    location = pn.state.location
    if location is not None:
        for widget, names in view.in_the_address().items():
            location.sync(widget, names)
    view.open_scene()
    answer = pn.Column(view.members, view.stage, view.places["fan"], view.links, sizing_mode="stretch_width", margin=0)
    areas = [
        Area("ask", view.controls(), "Question"),
        Area("kpis", view.headline),
        Area("fan", answer, "Forecast", "with the ranges in which it should stay", has_picture=True),
        Area("past", view.places["past"], "Would it have been right?", "forecasts of past windows beside what came"),
        Area("board", view.places["board"], "Who forecasts best?", "measured on past windows"),
        Area("parts", view.places["parts"], "What is it made of?", "the parts add up"),
        Area("why", view.places["why"], "Why is it so?", "from the last value to the forecast"),
        Area("notes", view.notes, "What was done"),
    ]
    page = build_page("Forecasts", areas, theme=view.theme, layout="studio", hidden=[view.probe])
    page.location = True
    pn.state.onload(view.start)

    keep_going(view, None)
    return page


def open_app(host: Host) -> Callable[[], pn.Template]:
    """Open what visitors share: the newest answers."""
    kept = KeptForecasts()
    return lambda: forecasts_page(host, kept)


APP = App("forecasts", "Forecasts", 2, open_app)
