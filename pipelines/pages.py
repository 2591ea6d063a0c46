"""From an executed notebook to a page that can be sent: one file, nothing fetched from outside, no scripts of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_html(notebook: Path, page: Path) -> None:
    """Convert a notebook.

    Args:
        notebook: Executed notebook.
        page: HTML file to write.
    """
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="lab", theme="dark", sanitize_html=True, embed_images=True, exclude_input_prompt=True)
    # The stock page asks CDNs for these three; a report of tables and pictures needs none of them.
    exporter.mathjax_url = exporter.require_js_url = exporter.jquery_url = ""
    body, _ = exporter.from_filename(str(notebook))
    page.write_text(body, encoding="utf-8")
