"""Assembly of the forecast page: a view per visitor, the page, its address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import panel as pn

from apps.forecasts.view import ForecastView
from apps.kit.page import Area, asked_theme, build_page, reload_when_lost

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberpunk_ai import Workspace


def forecasts_page(workspace: Callable[[], Workspace], standard_theme: Callable[[], str]) -> pn.Template:
    """Build the page of one visitor. The address may carry `?theme=noir&metric=revenue&grain=week&horizon=12&by=region&holidays=DE`.

    Args:
        workspace: Answers.
        standard_theme: Name of the theme where the address names none.
    """
    view = ForecastView(workspace, asked_theme(standard_theme()))
    location = pn.state.location
    if location is not None:
        for widget, names in view.in_the_address().items():
            location.sync(widget, names)
    answer = pn.Column(view.members, view.places["fan"], sizing_mode="stretch_width", margin=0)
    areas = [
        Area("ask", view.controls(), "Question"),
        Area("kpis", view.headline),
        Area("fan", answer, "Forecast", "with the ranges in which it should stay"),
        Area("past", view.places["past"], "Would it have been right?", "forecasts of past windows beside what came"),
        Area("board", view.places["board"], "Who forecasts best?", "measured on past windows"),
        Area("parts", view.places["parts"], "What is it made of?", "the parts add up"),
        Area("why", view.places["why"], "Why is it so?", "from the last value to the forecast"),
        Area("notes", view.notes, "What was done"),
    ]
    page = build_page("Forecasts", areas, theme=view.theme, layout="studio")
    page.location = True
    pn.state.onload(view.start)

    def leave(session_context: Any) -> None:  # noqa: ARG001 - Bokeh checks the parameter's name
        view.close()

    if pn.state.curdoc is not None:
        pn.state.on_session_destroyed(leave)
        reload_when_lost(pn.state.curdoc)
    return page
