"""The notebook that answers "who is about to leave?", run as a person or a schedule would run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.doors.conftest import ROOT, TODAY, environment


@pytest.fixture(scope="module")
def executed(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    output = tmp_path_factory.mktemp("notebook") / "customer_retention.ipynb"
    parameters = ["-r", "as_of", "2025-06-30", "-p", "horizon_days", "90", "-r", "segment", "SMB", "-p", "calls", "5"]
    command = [sys.executable, "-m", "papermill", "notebooks/customer_retention.ipynb", str(output), "-k", "python3", *parameters]
    done = subprocess.run(
        command, env=environment(demo_home, CYBERPUNK_TODAY=TODAY), cwd=ROOT, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(output.read_text())


def outputs(notebook: dict, kind: str) -> list:
    return [output["data"][kind] for cell in notebook["cells"] for output in cell.get("outputs", []) if kind in output.get("data", {})]


def test_the_answer_is_left_as_json(executed: dict) -> None:
    recorded: dict = {name: value for each in outputs(executed, "application/json") for name, value in each.items()}
    said = recorded["retention"]
    assert said["headline"].startswith("On 2025-06-30, ")
    assert f"{said['summary']['at_risk']:,} of these" in said["headline"]
    assert sum(row["customers"] for row in said["segments"]) == said["summary"]["customers"]
    assert 0 < len(recorded["to_call"]) <= 5
    assert all(row["risk"] == "high" for row in recorded["to_call"])
    assert recorded["verdict"]["sentence"]


def test_every_figure_is_drawn_without_asking_anybody_else(executed: dict) -> None:
    pages = ["".join(page) for page in outputs(executed, "text/html")]
    asked = sum("report.chart(" in "".join(cell["source"]) for cell in executed["cells"])
    assert sum("<script" in page and "bokeh" in page.lower() for page in pages) >= asked >= 12
    assert not any("https://cdn." in page for page in pages)
