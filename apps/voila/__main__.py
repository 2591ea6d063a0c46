"""`python -m apps.voila`: serves the notebooks of this folder with Voilà, in our template, without a request to the outside."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from cyberpunk_ai.core.settings import Settings

HERE = Path(__file__).resolve().parent
# Only what our pages draw with: other installed extensions expect JupyterLab around them and fail loudly without it.
ALLOWED = ["@jupyter-widgets/jupyterlab-manager", "jupyter-threejs", "jupyterlab-datawidgets", "@voila-dashboards/widgets-manager8"]


def options(host: str, port: int) -> list[str]:
    """Return Voilà's command line."""
    return [
        str(HERE / "cockpit.ipynb"),
        "--no-browser",
        "--template=cyberpunk",
        f"--Voila.ip={host}",
        f"--port={port}",
        f"--VoilaConfiguration.extension_allowlist={ALLOWED!r}",
        "--VoilaConfiguration.strip_sources=True",
        # A page whose tab died leaves its kernel idle as soon as its frames stay unanswered.
        "--MappingKernelManager.cull_idle_timeout=30",
        "--MappingKernelManager.cull_interval=10",
        "--MappingKernelManager.cull_connected=True",
    ]


def find_template() -> None:
    """Let Jupyter find the template in a checkout; an installed package has it under `share/jupyter`."""
    themes = HERE.parents[1] / "themes"
    if (themes / "voila" / "templates" / "cyberpunk").is_dir():
        before = os.environ.get("JUPYTER_PATH")
        os.environ["JUPYTER_PATH"] = str(themes) if not before else f"{themes}{os.pathsep}{before}"


def main() -> None:
    """Serve until interrupted."""
    settings = Settings.load()
    asked = argparse.ArgumentParser(prog="python -m apps.voila", description="Serve the Voilà dashboards.")
    asked.add_argument("--host", default=settings.host)
    asked.add_argument("--port", type=int, default=settings.voila_port)
    chosen = asked.parse_args()
    find_template()
    from voila.app import main as serve

    serve(options(chosen.host, chosen.port))


if __name__ == "__main__":
    main()
