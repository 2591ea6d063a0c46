"""Widgets without a content delivery network: the files a page with ipywidgets asks for, served from the installed packages.

`ipywidgets_bokeh` loads `{cdn}/{package}@{version}/dist/{file}` without an ending. Here that tree is a table from such paths to
installed files.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import panel as pn

if TYPE_CHECKING:
    from fastapi import FastAPI

WIDGETS = "assets/widgets"


@cache
def widget_files() -> dict[str, Path | str]:
    """Map the paths that pages ask for to installed files, or to text where no file exists."""
    import ipydatawidgets
    import pythreejs
    from ipydatawidgets._frontend import EXTENSION_SPEC_VERSION as DATA_VERSION
    from pythreejs._version import EXTENSION_SPEC_VERSION as THREE_VERSION

    three = Path(pythreejs.__file__).parent / "static"
    data = Path(ipydatawidgets.__file__).parent / "nbextension"
    data_index = next(path for path in (data / "index.js", data / "static" / "index.js") if path.exists())
    manifest = {"name": "jupyter-threejs", "version": THREE_VERSION, "dependencies": {"three": "^0.97.0"}}
    return {
        f"jupyter-threejs@{THREE_VERSION}/dist/index": three / "index.js",
        f"jupyter-threejs@{THREE_VERSION}/package.json": json.dumps(manifest),
        "three@^0.97.0/dist/index": three / "three.js",
        f"jupyterlab-datawidgets@{DATA_VERSION}/dist/index": data_index,
    }


def serve_widget_files(app: FastAPI) -> None:
    """Add the widget files to an application. Call it before the pages are added: these list the script bundles known by then."""
    import ipywidgets_bokeh
    import panel.io.ipywidget  # noqa: F401 - registers its own kernel and must be loaded before ipywidgets_bokeh
    from bokeh.embed.bundle import extension_dirs
    from fastapi import HTTPException, Response
    from fastapi.responses import FileResponse
    from ipywidgets_bokeh.widget import IPyWidget

    IPyWidget.__css__ = []  # otherwise a font from cdnjs; our widgets draw no icons
    extension_dirs.setdefault("ipywidgets_bokeh", Path(ipywidgets_bokeh.__file__).parent / "dist")
    kept = {"Cache-Control": "public, max-age=3600"}

    @app.get(f"/{WIDGETS}/{{path:path}}", include_in_schema=False)
    def widget_file(path: str) -> Response:
        found = widget_files().get(path)
        if found is None:
            raise HTTPException(404, f"no widget file {path!r}")
        if isinstance(found, str):
            return Response(found, media_type="application/json", headers=kept)
        return FileResponse(found, media_type="text/javascript", headers=kept)


class WidgetPane(pn.pane.IPyWidget):
    """An ipywidget on a Panel page, with its scripts from this server."""

    def _get_ipywidget(self, obj: Any, doc: Any, root: Any, comm: Any, **options: Any) -> Any:
        options.setdefault("cdn", WIDGETS)
        return super()._get_ipywidget(obj, doc, root, comm, **options)
