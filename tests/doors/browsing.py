"""A browser for the tests of pages: found or skipped, watched for requests to the outside and for errors."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "build" / "screenshots"
KEPT, CELLS, LOOSELY = Path(__file__).parent / "pictures", (36, 24), 0.05
PATIENCE_MS = 150_000  # a software renderer on a busy machine
GONE_AFTER_S = 60.0  # the product promises 30, which the benchmark measures; a machine that runs other tests may be late
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
        self.page = browser.new_page(viewport={"width": width, "height": height})
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
        ending = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < ending:
            try:
                if claim():
                    return
            except Exception as error:  # the page may be loading itself anew
                if "context" not in str(error).lower() and "navigat" not in str(error).lower():
                    raise
            self.page.wait_for_timeout(500)
        raise AssertionError(f"{what}: not so; the page says: {self.text()[-2500:]}; errors: {self.errors}")

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


def all_are_told(watched: Watched) -> bool:
    """Whether every member of a forecast has landed; on a busy machine one may be left out for the time it took, and for nothing else."""
    said = watched.text()
    return "7 of 7 after" in said or (" of 7 after" in said and "at work" not in said and "the time budget of" in said)


def colours_of(picture: bytes, box: tuple[int, int, int, int]) -> int:
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
    with log.open("wb") as out:
        server = subprocess.Popen([sys.executable, "-m", "apps.serve", "--port", str(port)], cwd=ROOT, env=known, stdout=out, stderr=out)
    try:
        for _ in range(600):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, log.read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        assert server.wait(20) is not None
