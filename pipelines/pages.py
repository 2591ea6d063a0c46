"""From an executed notebook to a page that can be sent: its words, tables and still pictures, in the theme.

The page is one file. It carries no scripts and fetches nothing, and says so in its own content policy; code stays in the notebook.
"""

from __future__ import annotations

import base64
import re
from html import escape
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.charts.theme import css_variables, load_theme
from cyberpunk_ai.core.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TAGS = {
    "a", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "span", "strong", "table", "tbody",
    "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": ["href"], "th": ["colspan", "rowspan"], "td": ["colspan", "rowspan"]}
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
body { margin: 0 auto; max-width: 1080px; padding: 32px 24px 64px; background: var(--cp-ink); color: var(--cp-text);
  font: 15px/1.6 var(--cp-font-text); }
h1, h2, h3 { font-family: var(--cp-font-display); line-height: 1.25; letter-spacing: .02em; }
h1 { color: var(--cp-measured); font-size: 28px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 40px 0 8px; }
h2::before { content: ""; display: block; width: 40px; border-top: 2px solid var(--cp-measured); margin-bottom: 12px; }
.facts { color: var(--cp-muted); font-size: 13px; margin: 0 0 24px; } .facts b { color: var(--cp-text); font-weight: 600; }
.scroll { overflow-x: auto; border: 1px solid var(--cp-line); border-radius: 6px; margin: 8px 0 16px; background: var(--cp-surface); }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--cp-line); }
tbody th { color: var(--cp-muted); font-weight: 400; } thead th { color: var(--cp-muted); }
pre { white-space: pre-wrap; background: var(--cp-surface); padding: 12px; border-radius: 6px; } a { color: var(--cp-measured); }
img { max-width: 100%; display: block; margin: 8px 0 16px; } p { max-width: 72ch; }
@media print { body { max-width: none; } }
"""


def write_html(notebook: Path, page: Path, *, facts: Mapping[str, Any] | None = None) -> None:
    """Write the page of a notebook.

    Args:
        notebook: Executed notebook.
        page: HTML file to write.
        facts: Name to value, shown under the title: parameters, run id.
    """
    import nbformat

    cells = nbformat.read(str(notebook), as_version=4).cells
    body = "\n".join(part for cell in cells for part in _cell(cell))
    told = "".join(f" &middot; {escape(str(name))} <b>{escape(str(value))}</b>" for name, value in (facts or {}).items())
    line = f'<p class="facts">Made {utc_now():%Y-%m-%d %H:%M} UTC{told}</p>'
    # The facts belong under the title, which is the notebook's first heading.
    title_end = body.find("</h1>")
    body = line + body if title_end < 0 else body[: title_end + 5] + line + body[title_end + 5 :]
    theme = load_theme()
    page.write_text(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><title>{escape(notebook.stem)}</title>'
        f"<style>:root {{ {css_variables(theme)} }}{STYLE}</style></head><body>{body}</body></html>",
        encoding="utf-8",
    )


def _cell(cell: Any) -> Iterator[str]:
    """Yield what a reader wants of a cell: words, and what its code left behind."""
    if cell.cell_type == "markdown":
        from nbconvert.filters import markdown2html

        yield _clean(markdown2html(cell.source))
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            if output.name == "stdout":
                yield f"<pre>{escape(output.text)}</pre>"
        elif output.output_type == "error":
            yield f"<pre>{escape(f'{output.ename}: {output.evalue}')}</pre>"
        else:
            yield _shown(output.data)


def _shown(data: Mapping[str, Any]) -> str:
    """Return the stillest form of an output; interactive ones and kept JSON have no place on the page."""
    if "image/svg+xml" in data:
        return _image("image/svg+xml", _text(data["image/svg+xml"]).encode())
    if "image/png" in data:
        return _image("image/png", base64.b64decode(_text(data["image/png"])))
    if "application/json" in data or any(kind.startswith(("application/javascript", "application/vnd.")) for kind in data):
        return ""
    html = _text(data.get("text/html", ""))
    if "<script" in html:
        return ""
    if "<table" in html:
        return f'<div class="scroll">{_clean(html)}</div>'
    return f"<pre>{escape(_text(data.get('text/plain', '')))}</pre>" if data.get("text/plain") and not html else ""


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def _image(kind: str, content: bytes) -> str:
    return f'<img alt="" src="data:{kind};base64,{base64.b64encode(content).decode()}">'


def _clean(html: str) -> str:
    """Keep words and tables; a cell's data can never become a script, a style or a request."""
    import bleach

    # bleach keeps the text inside what it strips, and a frame's own style sheet is no text for readers.
    html = re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)
    html = re.sub(r'<a class="anchor-link".*?</a>', "", html, flags=re.DOTALL)
    return str(bleach.clean(html, tags=TAGS, attributes=ATTRIBUTES, protocols={"http", "https", "mailto"}, strip=True))
