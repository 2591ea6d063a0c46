"""A page that cannot be built says so to its visitor, who never sees a traceback; the log keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.kit.cards import error_state
from apps.kit.page import Area, asked_theme, build_page
from apps.kit.panes import text
from apps.kit.probe import PageProbe
from cyberpunk_ai.core.errors import CyberpunkError
from cyberpunk_ai.core.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    import panel as pn

    from apps.kit.app import App, Host

LOG = get_logger("pages")


def guarded(app: App, host: Host) -> Callable[[], pn.Template]:
    """Open an app and return what builds the page of one visitor, or the page that says why there is none."""
    build = app.open(host)

    def page() -> pn.Template:
        try:
            return build()
        except CyberpunkError as error:
            said = error_state(f"{app.title} cannot be shown", error.message, error.hint)
        except Exception as error:
            LOG.exception("page failed", page=app.name)
            hint = "Load the page again; if that does not help, the log of the server has the details."
            said = error_state(f"{app.title} cannot be shown", f"Something unexpected happened ({type(error).__name__}).", hint)
        # Nothing will follow, so the page is settled as it comes.
        return build_page(
            app.title,
            [Area("problem", text(said))],
            theme=asked_theme(host.theme()),
            layout="problem",
            hidden=[PageProbe(settled=1)],
        )

    return page
