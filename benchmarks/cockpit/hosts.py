"""The servers that are measured, each in a process of its own: the Panel pages and the Voilà dashboards, both with a blank page beside."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

BLANK = "a blank page"
_NOTEBOOK = f"import ipywidgets\nipywidgets.HTML({BLANK!r})"


def serve_panel(port: int) -> None:
    """Serve the pages, and `/blank`."""
    import panel as pn
    import uvicorn
    from panel.io.fastapi import add_applications

    from apps.serve import create_app

    app = create_app()
    add_applications({"/blank": lambda: pn.pane.HTML(BLANK)}, app=app, title="Blank")
    uvicorn.run(app, port=port, log_level="warning", ws_ping_timeout=60.0)


def serve_voila(port: int) -> None:
    """Serve the cockpit, and `blank.ipynb`, from kernels that ran ahead."""
    from apps.voila.__main__ import HERE, dashboards, find_template, options

    with tempfile.TemporaryDirectory() as place:
        shutil.copy(HERE / "cockpit.ipynb", place)
        cell = {"cell_type": "code", "id": "blank", "metadata": {}, "source": _NOTEBOOK, "outputs": [], "execution_count": None}
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        notebook = {"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
        (Path(place) / "blank.ipynb").write_text(json.dumps(notebook))
        find_template()
        dashboards().launch_instance(options("127.0.0.1", port, folder=Path(place)))


def main() -> None:
    """Serve one of them."""
    asked = argparse.ArgumentParser(description="Serve what is measured.")
    asked.add_argument("which", choices=("panel", "voila"))
    asked.add_argument("port", type=int)
    chosen = asked.parse_args()
    (serve_panel if chosen.which == "panel" else serve_voila)(chosen.port)


if __name__ == "__main__":
    main()
