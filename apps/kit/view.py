"""What every page of parts has: widgets of one visitor, filled part by part, and the page around them. No page's own content is here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import panel as pn

from apps.kit.building import beside_the_loop
from apps.kit.page import Area, Grid, build_page, draws_without_gpu, reload_when_lost
from apps.kit.probe import PageProbe
from cyberpunk_ai.charts.scene3d import PRESETS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from apps.kit.parts import Part, Parts
    from cyberpunk_ai.charts.scene3d import Stage
    from cyberpunk_ai.charts.theme import Theme

TICK_MS = 250
PHONE_PX = 720
WIDE, NARROW = (1040, 470), (480, 460)


def camera_buttons(scene: Callable[[], Stage | None]) -> pn.widgets.RadioButtonGroup:
    """Build the buttons that turn the camera of a page's scene."""
    buttons = pn.widgets.RadioButtonGroup(name="Camera", options=list(PRESETS), value="home", margin=(6, 10), width=230)

    def turn(event: Any) -> None:
        shown = scene()
        if shown is not None:
            shown.look_from(event.new)

    buttons.param.watch(turn, "value")
    return buttons


@dataclass(frozen=True)
class SceneSize:
    """Pixels of a scene on a wide and on a narrow page."""

    wide: tuple[int, int] = WIDE
    narrow: tuple[int, int] = NARROW


class SceneView:
    """Base of a visitor's page with one scene, which follows the width of the page and ends with the visit.

    Args:
        theme: Colours.
        size: Of the scene.
    """

    def __init__(self, theme: Theme, size: SceneSize | None = None) -> None:
        self.theme = theme
        self.probe = PageProbe()
        self.is_light = draws_without_gpu()
        self.scene: Any = None
        self._scene_size = size or SceneSize()
        self.probe.param.watch(lambda _event: self._fit(), "width")

    def close(self) -> None:
        """Give the widgets back when the visitor has left."""
        if self.scene is not None:
            self.scene.close()
            self.scene = None

    def scene_size(self) -> tuple[int, int]:
        """Return the pixels of the scene on this visitor's page."""
        return self._scene_size.narrow if 0 < self.probe.width < PHONE_PX else self._scene_size.wide

    def _fit(self) -> None:
        if self.scene is not None and self.scene.size != self.scene_size():
            self.scene.resize(*self.scene_size())


class PartsView(SceneView):
    """Base of a visitor's page over shared parts: `show_<name>(part)` is called whenever the part `name` has changed.

    Args:
        parts: Of the process.
        names: Those that this page shows, in the order in which they are filled.
        theme: Colours.
        size: Of the page's scene, where it has one.
    """

    def __init__(self, parts: Parts, names: Sequence[str], theme: Theme, size: SceneSize | None = None) -> None:
        super().__init__(theme, size)
        self.parts, self.names = parts, tuple(names)
        self._drawn: dict[str, tuple[int, str]] = {}
        self._is_open = self._is_drawing = False
        self.is_busy = False  # while something is under way that the reader asked for

    def fill(self) -> None:
        """Show what is there already; call it at the end of the constructor."""
        for name in self.names:
            self._show(name, self.parts.get(name))
        self._is_open = True

    def tick(self) -> None:
        """Bring the page one step further: at most one part."""
        if not pn.state.loaded:
            return  # what is changed between the page's first answer and its start would be lost on the way
        if self._is_drawing:
            return
        for name in self.names:
            part = self.parts.get(name)
            if self._drawn.get(name) != (part.serial, part.state):
                self._is_drawing = True
                beside_the_loop(partial(self._show, name, part), self._stop_drawing)
                return

    @property
    def is_settled(self) -> bool:
        """Whether every part has an answer and is drawn as it is now, and nothing that was asked for is under way."""
        return not self.is_busy and not self._is_drawing and are_drawn(self._drawn, {name: self.parts.get(name) for name in self.names})

    def must_reload_for_scene(self) -> bool:
        """Have the page loaded anew where a scene would enter it while it is open: that breaks on the page's side."""
        if self._is_open and self.scene is None:
            self.probe.reload += 1
            return True
        return False

    def _stop_drawing(self) -> None:
        self._is_drawing = False

    def _show(self, name: str, part: Part) -> None:
        self._drawn[name] = (part.serial, part.state)
        getattr(self, f"show_{name}")(part)


def are_drawn(drawn: Mapping[str, tuple[int, str]], parts: Mapping[str, Part]) -> bool:
    """Return whether every part has an answer, and what is drawn of it is that answer."""
    return all(part.state != "loading" and drawn.get(name) == (part.serial, part.state) for name, part in parts.items())


def keep_going(view: Any, period_ms: int | None) -> None:
    """Step the page of a visitor until the visit ends, and tell the page whenever all of it has been sent.

    Args:
        view: Has `probe` and `close`; where it steps, `tick` and `is_settled` too.
        period_ms: Milliseconds between two steps; None for a page that only moves when it is asked, and then tells by itself.
    """

    def step() -> None:
        view.tick()
        if pn.state.loaded:
            view.probe.tell_settled(view.is_settled, scenes=int(getattr(view, "scene", None) is not None))

    if period_ms is not None:
        pn.state.add_periodic_callback(step, period=period_ms)

    def leave(session_context: Any) -> None:  # noqa: ARG001 - Bokeh checks the parameter's name
        view.close()

    if pn.state.curdoc is not None:
        pn.state.on_session_destroyed(leave)
        reload_when_lost(pn.state.curdoc)


def open_page(
    title: str, view: Any, areas: Sequence[Area], grid: Grid, *, header: Any = None, period_ms: int | None = TICK_MS
) -> pn.Template:
    """Assemble the page of one visitor and keep it going until the visitor leaves.

    Args:
        title: Of the page, as in the navigation.
        view: Has `theme` and what `keep_going` takes.
        areas: In reading order.
        grid: Where they stand.
        header: Shown at the right of the header.
        period_ms: Milliseconds between two steps; None for none.
    """
    page = build_page(title, areas, theme=view.theme, header=header, hidden=[view.probe], layout=title.lower(), grid=grid)
    page.location = True
    keep_going(view, period_ms)
    return page
