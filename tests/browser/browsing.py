"""A browser for the tests of pages: found or skipped, watched for requests to the outside and for errors."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import PATIENCE_S, until

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "build" / "screenshots"
KEPT, CELLS, LOOSELY = Path(__file__).parent / "pictures", (36, 24), 0.05
PATIENCE_MS = PATIENCE_S * 1000
ARGUMENTS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    # Scenes are drawn by the software renderer; what is around them is painted twenty times faster without it.
    "--disable-gpu-compositing",
    "--disable-gpu-rasterization",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
ALL_TEXT = """() => { const out = []; const walk = (node) => {
  if (["STYLE", "SCRIPT"].includes(node.tagName)) return;
  if (node.shadowRoot) walk(node.shadowRoot);
  for (const child of node.childNodes || []) child.nodeType === 3 ? out.push(child.textContent) : walk(child); };
  walk(document.body); return out.join(" "); }"""
HAS_CANVAS = """() => { const seen = (node) => (node.tagName === "CANVAS" && node.width > 300 && node.height > 300)
  || [...(node.shadowRoot ? [node.shadowRoot] : []), ...(node.children || [])].some(seen); return seen(document.body); }"""

# Panel pages mark their root element, Voilà pages carry an element with the same mark.
SETTLED = "Boolean(document.documentElement.dataset.settled || document.querySelector('[data-settled]'))"
IS_SIDEWAYS = "document.documentElement.scrollWidth > window.innerWidth"


def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    message = "no Chromium found: apt-get install chromium"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def open_browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield opened
        opened.close()


class Watched:
    """A page that notes what it asks for and what goes wrong.

    Args:
        browser: Opens it.
        width: Pixels.
        height: Pixels.
        is_first: Whether this browser has never been here; else it has said, as on its last visit, that it draws on the processor.
    """

    def __init__(self, browser: Any, width: int, height: int, *, is_first: bool = False) -> None:
        self.page = browser.new_context(viewport={"width": width, "height": height}).new_page()
        if not is_first:
            self.page.context.add_cookies([{"name": "cyberpunk_renderer", "value": "software", "url": "http://127.0.0.1"}])
        self.page.set_default_timeout(PATIENCE_MS)
        self.outside: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.note(request.url))
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def note(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")):
            self.outside.append(url)

    def open(self, address: str) -> None:
        self.page.goto(address, timeout=PATIENCE_MS)

    def text(self) -> str:
        return str(self.page.evaluate(ALL_TEXT))

    def until(self, claim: Callable[[], Any], what: str) -> None:
        """Wait for a state of the page; it may be loading itself anew meanwhile."""

        def is_so() -> Any:
            try:
                return claim()
            except Exception as error:
                if "context" not in str(error).lower() and "navigat" not in str(error).lower():
                    raise
                return None

        try:
            until(is_so, what)
        except AssertionError as error:
            raise AssertionError(f"{error}; the page says: {self.text()[-2500:]}; errors: {self.errors}") from None

    def settled(self, *said: str) -> None:
        """Wait until the page says these things, everything on it is shown, and the last frame is painted."""
        self.until(
            lambda: self.page.evaluate(SETTLED) and all(each in self.text() for each in said), f"the page is settled and says {said}"
        )

    def resized(self, width: int, height: int) -> None:
        """Give the window another size, and wait until nothing sticks out to the side."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.until(lambda: not self.page.evaluate(IS_SIDEWAYS), f"nothing sticks out to the side at {width} pixels")

    def close(self) -> None:
        """Close the page; it must have asked nobody outside and had no error."""
        assert self.outside == []
        assert self.errors == [], repr(self.errors)
        self.page.context.close()

    def picture(self, name: str) -> bytes:
        PICTURES.mkdir(parents=True, exist_ok=True)
        taken: bytes = self.page.screenshot(path=PICTURES / f"{name}.png", timeout=PATIENCE_MS)
        return taken

    def picture_when(self, name: str, looks: Callable[[bytes], Any], what: str) -> bytes:
        """Take pictures until one looks as it should: a busy machine draws late."""
        taken = [b""]

        def is_so() -> Any:
            taken[0] = self.picture(name)
            return looks(taken[0])

        self.until(is_so, what)
        return taken[0]


def shows_canvas(watched: Watched) -> bool:
    return bool(watched.page.evaluate(HAS_CANVAS))


def all_models_are_in(watched: Watched) -> bool:
    """Whether every model of a forecast is in; on a busy machine one may be left out for the time it took, and for nothing else."""
    said = watched.text()
    return "7 of 7 after" in said or (" of 7 after" in said and "at work" not in said and "the time budget of" in said)


def scene_of(watched: Watched) -> bytes:
    """Take a picture of the page's scene alone, once it is more than a background."""
    canvas, taken = watched.page.locator(".jupyter-threejs canvas").first, [b""]

    def is_drawn() -> bool:
        taken[0] = canvas.screenshot(timeout=PATIENCE_MS)
        return colours_of(taken[0]) > 100

    watched.until(is_drawn, "the scene is more than a background")
    return taken[0]


def colours_of(picture: bytes, box: tuple[int, int, int, int] | None = None) -> int:
    """Count the colours of a picture, or of a part of it, when it is made small."""
    from PIL import Image

    return len(set(Image.open(io.BytesIO(picture)).convert("RGB").crop(box).resize((160, 80)).get_flattened_data()))


def resembles(picture: bytes, name: str) -> None:
    """Compare a picture loosely with the kept one: layout and colours, not words. `KEEP_PICTURES=1` keeps it anew."""
    from PIL import Image, ImageChops, ImageStat

    cells = Image.open(io.BytesIO(picture)).convert("RGB").resize(CELLS, Image.Resampling.BOX)
    kept = KEPT / f"{name}.png"
    if os.environ.get("KEEP_PICTURES") == "1":
        KEPT.mkdir(exist_ok=True)
        cells.save(kept, optimize=True)
    apart = ImageStat.Stat(ImageChops.difference(cells, Image.open(kept).convert("RGB"))).mean
    assert max(apart) / 255 < LOOSELY, f"{name} looks unlike the kept picture: {apart}; look at {PICTURES / name}.png, then KEEP_PICTURES=1"


@contextmanager
def page_server(home: Path, log: Path, *, port: int | None = None, **more: str) -> Iterator[str]:
    """Serve the pages over a home; gives the address without a page."""
    from tests.doors.conftest import environment

    chromium()
    port = port or free_port()
    known = environment(home, **more) | {"PATH": os.environ["PATH"]}
    with running([sys.executable, "-m", "apps.serve", "--port", str(port)], port, log, known):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running(command: list[str], port: int, log: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server from the checkout until it is not needed any more; it has begun to listen when it is given."""

    def is_open() -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0

    with log.open("wb") as out:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    try:
        until(is_open, f"{command[2]} listens", give_up=lambda: None if server.poll() is None else log.read_text()[-3000:])
        yield server
    finally:
        server.terminate()
        server.wait(PATIENCE_S)
