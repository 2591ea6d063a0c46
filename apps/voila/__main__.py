"""`python -m apps.voila`: serves the notebooks of this folder with Voilà, in our template, without a request to the outside."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cyberpunk_ai.core.security.request_origin import Refusal, RequestOrigin
from cyberpunk_ai.core.settings import Settings

HERE = Path(__file__).resolve().parent
FILL_DELAY_S = 5.0
CONNECT_S = 15.0  # that a page may take to connect, beyond the time after which an idle kernel is ended
FRONT = "voila/render/cockpit.ipynb"
RENDER = "/voila/render/"
MOST_KERNELS = 8
FULL = Refusal(503, "too_many_visitors", "all dashboards are in use", "close one, wait half a minute, or raise CYBERPUNK_MAX_KERNELS")
# Only what our pages draw with: other installed extensions expect JupyterLab around them and fail loudly without it.
ALLOWED = ["@jupyter-widgets/jupyterlab-manager", "jupyter-threejs", "jupyterlab-datawidgets", "@voila-dashboards/widgets-manager8"]


def options(host: str, port: int, *, kernels_ahead: int = 1, folder: Path = HERE) -> list[str]:
    """Return Voilà's command line.

    Args:
        host: To listen on.
        port: To listen on.
        kernels_ahead: Kernels per dashboard that have run before their visitor comes; none for 0.
        folder: Of the notebooks.
    """
    return [
        str(folder),
        "--no-browser",
        f"--VoilaConfiguration.preheat_kernel={kernels_ahead > 0}",
        f"--VoilaConfiguration.default_pool_size={kernels_ahead}",
        # The next kernel starts once the visitor's page stands: both at once would keep the visitor waiting.
        f"--VoilaKernelManager.fill_delay={FILL_DELAY_S}",
        "--template=cyberpunk",
        f"--Voila.ip={host}",
        f"--port={port}",
        # Whoever else listens there would be shown to visitors as this server.
        "--Voila.port_retries=0",
        f"--VoilaConfiguration.extension_allowlist={ALLOWED!r}",
        "--VoilaConfiguration.strip_sources=True",
        # A page whose tab died leaves its kernel idle as soon as its frames stay unanswered.
        "--MappingKernelManager.cull_idle_timeout=10",
        "--MappingKernelManager.cull_interval=4",
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
    asked.add_argument("--kernels-ahead", type=int, default=1, help="kernels per dashboard that have run before their visitor comes")
    chosen = asked.parse_args()
    find_template()
    rule = RequestOrigin.of(chosen.host, settings.allowed_hosts.split(","))
    dashboards(rule, most_kernels=settings.max_kernels).launch_instance(
        options(chosen.host, chosen.port, kernels_ahead=chosen.kernels_ahead)
    )


def hand_over_awake(kernels: Any) -> None:
    """Keep a kernel that ran ahead from being ended for its idle wait in the moment between its page's start and its first connection.

    Args:
        kernels: Voilà's kernel manager; one without kernels ahead is left as it is.
    """
    take = getattr(kernels, "get_rendered_notebook", None)
    if take is None:
        return

    async def take_awake(*asked: Any, **more: Any) -> Any:
        taken = await take(*asked, **more)
        kernels._kernels[taken[2]].last_activity = datetime.now(UTC) + timedelta(seconds=CONNECT_S)
        return taken

    kernels.get_rendered_notebook = take_awake


def keep_to_itself(application: Any, rule: RequestOrigin, kernels: Any, most_kernels: int) -> None:
    """Let a Tornado application answer only its own pages and programs, and start no kernel beyond a ceiling.

    Args:
        application: Of the server; every request and socket is found a handler by it.
        rule: Which requests are answered.
        kernels: The kernel manager.
        most_kernels: Kernels at once; a page more is refused with status 503 instead of a kernel of nearly 1 GB.
    """
    from tornado.web import RequestHandler

    class Refused(RequestHandler):
        """Answers nothing but why."""

        def initialize(self, refusal: Refusal) -> None:
            self._refusal = refusal

        def prepare(self) -> None:
            self.set_status(self._refusal.status)
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish(f"{self._refusal.message}. {self._refusal.hint}.\n")

    find = application.find_handler

    def find_checked(request: Any, **more: Any) -> Any:
        headers = {name.lower(): value for name, value in request.headers.get_all()}
        refusal = rule.refusal(request.method, headers)
        if (
            refusal is None
            and request.method == "GET"
            and request.path.startswith(RENDER)
            and len(kernels.list_kernel_ids()) >= most_kernels
        ):
            refusal = FULL
        return find(request, **more) if refusal is None else application.get_handler_delegate(request, Refused, {"refusal": refusal})

    application.find_handler = find_checked


def dashboards(rule: RequestOrigin | None = None, *, most_kernels: int = MOST_KERNELS) -> Any:
    """Return Voilà's application with the cockpit at its front door; the others are at `/voila/render/NAME.ipynb`.

    Args:
        rule: Which requests are answered; those of this machine's own pages and programs where it is None.
        most_kernels: Kernels at once.
    """
    from tornado.web import RedirectHandler
    from voila.app import Voila

    class Dashboards(Voila):
        """Voilà over the notebooks of this folder."""

        def init_handlers(self) -> list[Any]:
            """Send a visitor of the front door to the cockpit."""
            hand_over_awake(self.kernel_manager)
            return [(self.server_url, RedirectHandler, {"url": f"{self.base_url}{FRONT}", "permanent": False}), *super().init_handlers()]

        def listen(self) -> None:
            """Check every request before a handler is looked for."""
            keep_to_itself(self.app, rule or RequestOrigin.of(self.ip), self.kernel_manager, most_kernels)
            super().listen()

    return Dashboards


if __name__ == "__main__":
    main()
