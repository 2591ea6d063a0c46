"""What the page tells the server: its width, whether it is in front, and which frame it has drawn."""

from __future__ import annotations

import param
from panel.custom import JSComponent


class PageProbe(JSComponent):
    """An invisible component.

    Set `frame` after sending a frame: the page answers with the same number in `drawn` once the browser painted.
    """

    width = param.Integer(default=0, doc="Inner width of the window in pixels.")
    is_visible = param.Boolean(default=True, doc="Whether the tab is in front.")
    prefers_calm = param.Boolean(default=False, doc="Whether the reader asked for reduced motion.")
    frame = param.Integer(default=0, doc="Number of the last frame sent.")
    reload = param.Integer(default=0, doc="Raise it to have the page loaded anew.")
    drawn = param.Integer(default=0, doc="Number of the last frame painted.")

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
      model.on("frame", paint);
      model.on("reload", () => window.location.reload());
      paint();
      tell();
      const nothing = document.createElement("span");
      nothing.hidden = true;
      return nothing;
    }
    """
