"""A real JupyterLab: it starts in our theme, asks nothing of the outside, and a forecast shows its fan by itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.browser.browsing import Watched, free_port, running
from tests.doors.conftest import environment

pytestmark = [pytest.mark.browser, pytest.mark.full, pytest.mark.timeout(300)]

SETUP = "from cyberpunk_ai import notebook\nnotebook.setup()"
WORK = """import pandas as pd
from cyberpunk_ai.forecasting import forecast
sales = pd.Series(range(40), pd.date_range('2020-01-01', periods=40, freq='MS'), dtype=float)
answer = forecast(sales, horizon=6, models=('theta',))
answer"""
SCENE = "answer.scene(width=640, height=320).widget"


def test_jupyterlab_starts_in_the_theme_and_results_show_themselves(tmp_path: Path, browser: Any) -> None:
    port = free_port()
    book = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
    book.cells = [nbformat.v4.new_code_cell(SETUP), nbformat.v4.new_code_cell(WORK), nbformat.v4.new_code_cell(SCENE)]
    nbformat.write(book, tmp_path / "try.ipynb")
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--port={port}",
        "--IdentityProvider.token=", f"--ServerApp.root_dir={tmp_path}",
    ]  # fmt: skip
    # Settings of whoever runs the tests would hide the default that we install.
    mine = {"JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "workspaces"), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}  # fmt: skip
    with running(command, port, tmp_path / "lab.log", environment(tmp_path / "home", **mine)):
        watched = Watched(browser, 1300, 900)
        watched.open(f"http://127.0.0.1:{port}/lab/tree/try.ipynb")
        page = watched.page
        watched.until(lambda: page.locator(".jp-Notebook .jp-CodeCell").count() == 3, "the notebook is open")
        watched.until(lambda: page.evaluate("document.body.dataset.jpThemeName") == "Cyberpunk Neon", "the theme is ours")
        watched.until(lambda: page.evaluate("document.fonts.check('12px \"Cyberpunk Mono\"')"), "the font is loaded")
        watched.until(lambda: "Python 3 (ipykernel) | Idle" in watched.text(), "the kernel has started")
        for place in range(3):
            cell = page.locator(".jp-Notebook .jp-CodeCell").nth(place)
            # A key goes to whatever has the focus, and the page moves it by itself while it opens and after every cell.
            cell.locator(".cm-content").click()
            watched.until(lambda cell=cell: "jp-mod-active" in (cell.get_attribute("class") or ""), "the cell is chosen")
            page.keyboard.press("Shift+Enter")
            prompt = cell.locator(".jp-InputPrompt")
            watched.until(lambda prompt=prompt: prompt.inner_text().strip("[]: *").isdigit(), "the cell is run")
        watched.until(lambda: "Forecast over 6 periods" in watched.text(), "the headline of the forecast is there")
        watched.until(lambda: page.locator(".jp-OutputArea-output canvas").count(), "the fan is there")
        watched.until(lambda: page.locator(".jupyter-threejs canvas").count(), "the landscape is there")
        watched.picture("jupyterlab-neon")
        watched.close()
