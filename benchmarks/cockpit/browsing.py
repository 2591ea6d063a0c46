"""What a page is asked while it is measured: when its first picture stood, how many frames were drawn, when a building grew."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_MS = 120_000
# Frames are counted where WebGL draws. After a watched building grew, one pixel is read back: only then has it really been drawn.
HOOK = """(() => {
  const seen = window.seen = {frames: 0, first: 0, watched: null, height: null, grew: []};
  let waiting = false, growing = 0;
  for (const kind of [WebGLRenderingContext.prototype, WebGL2RenderingContext.prototype]) {
    const draw = kind.drawElements;
    kind.drawElements = function (...all) {
      draw.apply(this, all);
      if (waiting) return;
      waiting = true;
      queueMicrotask(() => {
        waiting = false;
        seen.frames += 1;
        if (growing || !seen.first) this.readPixels(0, 0, 1, 1, this.RGBA, this.UNSIGNED_BYTE, new Uint8Array(4));
        if (!seen.first) seen.first = performance.now();
        if (growing) { seen.grew.push([Date.now(), growing]); growing = 0; }
      });
    };
    for (const name of ["bufferData", "bufferSubData"]) {
      const put = kind[name];
      kind[name] = function (...all) {
        const array = all.find((one) => one instanceof Float32Array);
        if (array && seen.watched && array.length === seen.watched.length) {
          const height = array[seen.watched.place];
          if (seen.height !== null && height > seen.height) growing += height - seen.height;
          seen.height = height;
        }
        return put.apply(this, all);
      };
    }
  }
})()"""
# Words count once a reader sees them: Voilà sends the whole state of its widgets in a script of the page, long before they are drawn.
SAYS = """(words) => {
  const is_seen = (text) => text.parentElement === null || text.parentElement.checkVisibility({visibilityProperty: true});
  const walk = (node) => {
    if (["SCRIPT", "STYLE", "TEMPLATE", "NOSCRIPT"].includes(node.nodeName)) return false;
    if (node.shadowRoot && walk(node.shadowRoot)) return true;
    for (const child of node.childNodes || [])
      if (child.nodeType === 3 ? child.textContent.includes(words) && is_seen(child) : walk(child)) return true;
    return false;
  };
  return walk(document.body) && performance.now();
}"""


def open_page(browser: Any, address: str, *, width: int = 1280, height: int = 800) -> Any:
    """Open an address in a browser profile of its own, with the hook in it."""
    page = browser.new_context(viewport={"width": width, "height": height}).new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(HOOK)
    page.goto(address, wait_until="commit")
    return page


def until(claim: Callable[[], Any], what: str, *, patience_s: float = PATIENCE_MS / 1000) -> Any:
    """Wait for something to become true and return it."""
    ending = time.monotonic() + patience_s
    while time.monotonic() < ending:
        if found := claim():
            return found
        time.sleep(0.05)
    raise TimeoutError(f"{what}: not within {patience_s:.0f} s")


def asked(page: Any, script: str, *values: Any) -> Any:
    """Evaluate a script on a page; None while the page loads itself anew."""
    from playwright.sync_api import Error

    try:
        return page.evaluate(script, *values)
    except Error as error:
        if "context was destroyed" not in error.message:
            raise
        return None


def first_picture_s(browser: Any, address: str, words: str, *, has_scene: bool) -> float:
    """Return the seconds from asking for a page until its words, and its scene where it has one, were drawn."""
    page = open_page(browser, address)
    page.wait_for_load_state("domcontentloaded")
    said = until(lambda: asked(page, SAYS, words), f"{address} says {words!r}")
    drawn = until(lambda: asked(page, "seen.first"), f"{address} draws its scene") if has_scene else 0.0
    page.context.close()
    return float(max(said, drawn)) / 1000


def watch_building(page: Any, place: int, length: int) -> None:
    """Have the page note when the height at a place of an array of so many numbers grows."""
    page.evaluate("([place, length]) => { seen.watched = {place, length}; }", [place, length])
