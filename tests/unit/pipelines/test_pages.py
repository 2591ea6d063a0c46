"""The page of a run: nothing that the data say becomes a script, a style or a request."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from nbformat import v4

from pipelines.pages import write_html

EVIL = "<img src=x onerror=alert(1)>"
SCRIPT = "<script>alert(1)</script>"


def test_no_part_of_a_page_runs_what_the_data_say(tmp_path: Path) -> None:
    outputs = [
        v4.new_output("stream", name="stdout", text=f"printed {EVIL}"),
        v4.new_output("error", ename="ValueError", evalue=f"failed {EVIL}"),
        v4.new_output("display_data", {"text/html": f"<table><tr><td onclick='x'>{EVIL}<a href='javascript:x'>kept</a></td></tr></table>"}),
        v4.new_output("display_data", {"text/html": f"<table><tr><td>{SCRIPT}{EVIL}</td></tr></table>"}),
        v4.new_output("display_data", {"text/html": f"<p>{EVIL}</p>", "text/plain": "left out"}),
        v4.new_output("display_data", {"text/plain": f"shown {EVIL}"}),
        v4.new_output("display_data", {"image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg'>{SCRIPT}{EVIL}</svg>"}),
    ]
    title = v4.new_markdown_cell(f"# Title {EVIL}\n\n[link](javascript:alert(1)) {SCRIPT}")
    book = tmp_path / f"{EVIL}.ipynb"
    nbformat.write(v4.new_notebook(cells=[title, v4.new_code_cell("1", outputs=outputs)]), book)
    write_html(book, tmp_path / "page.html", facts={f"name {EVIL}": f"value {EVIL}"})
    html = (tmp_path / "page.html").read_text()
    for told in ("printed", "failed", "shown", "name", "value"):
        assert f"{told} {EVIL.replace('<', '&lt;').replace('>', '&gt;')}" in html.replace("ValueError: ", "")
    assert "kept" in html
    # A picture is data of its own, and what a browser draws of an <img> runs nothing.
    tags = re.findall(r"<[^>]*>", html)
    assert [tag for tag in tags if re.search(r"<script|<iframe|\son\w+=|javascript:", tag)] == []
    assert [tag.partition(",")[0] for tag in tags if tag.startswith("<img")] == ['<img alt="" src="data:image/svg+xml;base64']
    assert "default-src 'none'" in html
