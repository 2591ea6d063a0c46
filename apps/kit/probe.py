"""What page and server tell each other: the page's width, whether it is in front, which frame it has drawn; and whether all is shown."""

from __future__ import annotations

from typing import Any

import param
from panel.custom import JSComponent


class PageProbe(JSComponent):
    """An invisible component.

    Set `frame` after sending a frame: the page answers with the same number in `drawn` once the browser painted. Call `tell_settled` when
    everything is shown, or not any more: the page then carries `data-settled` on its root element as soon as the browser has built and
    painted all of it, with a number that is higher each time. Screenshots and tests wait for that.
    """

    width = param.Integer(default=0, doc="Inner width of the window in pixels.")
    is_visible = param.Boolean(default=True, doc="Whether the tab is in front.")
    prefers_calm = param.Boolean(default=False, doc="Whether the reader asked for reduced motion.")
    frame = param.Integer(default=0, doc="Number of the last frame sent.")
    reload = param.Integer(default=0, doc="Raise it to have the page loaded anew.")
    drawn = param.Integer(default=0, doc="Number of the last frame painted.")
    settled = param.Integer(default=0, doc="How many times the page has settled; 0 while something is on its way.")
    scenes = param.Integer(default=0, doc="Scenes that the settled page shows.")

    _esm = """
    export function render({ model }) {
      const tell = () => {
        model.width = Math.round(window.innerWidth);
        model.is_visible = !document.hidden;
      };
      model.prefers_calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      let waiting = null;
      window.addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(tell, 150); });
      document.addEventListener("visibilitychange", tell);
      // A hidden tab paints nothing, so a timer answers there.
      const paint = () => {
        const number = model.frame;
        const answer = () => { if (number > model.drawn) model.drawn = number; };
        if (document.hidden) setTimeout(answer, 0); else requestAnimationFrame(answer);
      };
      const next = () => new Promise((done) => document.hidden ? setTimeout(done, 0) : requestAnimationFrame(done));
      const canvases = (node) => (node.tagName === "CANVAS" && node.closest(".jupyter-threejs") ? 1 : 0)
        + [...(node.shadowRoot ? node.shadowRoot.children : []), ...node.children].reduce((sum, child) => sum + canvases(child), 0);
      const isBuilt = () => Object.values(Bokeh.index).every((view) => view.has_finished()) && canvases(document.body) >= model.scenes;
      let turn = 0;
      const settle = async () => {
        const mine = ++turn, mark = document.documentElement.dataset;
        delete mark.settled;
        if (!model.settled) return;
        await document.fonts.ready;
        do await next(); while (mine === turn && !isBuilt());
        await next();
        if (mine === turn) mark.settled = model.settled;
      };
      model.on("settled", settle);
      settle();
      model.on("frame", paint);
      model.on("reload", () => window.location.reload());
      paint();
      tell();
      const nothing = document.createElement("span");
      nothing.hidden = true;
      return nothing;
    }
    """

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._rounds = 0

    def tell_settled(self, is_settled: bool, *, scenes: int = 0) -> None:
        """Tell the page whether everything that belongs on it has been sent; telling the same again sends nothing.

        Args:
            is_settled: Whether nothing is on its way.
            scenes: How many 3D scenes the page shows; the browser builds them by itself, a little later.
        """
        if is_settled == bool(self.settled):
            return
        self._rounds += is_settled
        self.param.update(scenes=scenes, settled=self._rounds if is_settled else 0)
