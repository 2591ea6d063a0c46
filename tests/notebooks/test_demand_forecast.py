"""The notebook that answers "how much will we sell?", run as a person or a schedule would run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.doors.conftest import ROOT, TODAY, environment


@pytest.fixture(scope="module")
def executed(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    output = tmp_path_factory.mktemp("notebook") / "demand_forecast.ipynb"
    parameters = ["-p", "grain", "month", "-r", "region", "EMEA", "-p", "horizon", "6"]
    command = [sys.executable, "-m", "papermill", "notebooks/demand_forecast.ipynb", str(output), "-k", "python3", *parameters]
    done = subprocess.run(
        command, env=environment(demo_home, CYBERPUNK_TODAY=TODAY), cwd=ROOT, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(output.read_text())


def outputs(notebook: dict, kind: str) -> list:
    return [output["data"][kind] for cell in notebook["cells"] for output in cell.get("outputs", []) if kind in output.get("data", {})]


def test_the_numbers_are_left_as_json(executed: dict) -> None:
    recorded = next(value for value in outputs(executed, "application/json") if "forecast" in value)["forecast"]
    assert recorded["metric"] == "revenue"
    assert [row["ds"][:7] for row in recorded["forecast"]] == ["2025-08", "2025-09", "2025-10", "2025-11", "2025-12", "2026-01"]


def test_the_forecast_is_drawn_without_asking_anybody_else(executed: dict) -> None:
    pages = ["".join(page) for page in outputs(executed, "text/html")]
    assert any("bokeh" in page.lower() or "<svg" in page for page in pages)
    assert not any("https://cdn." in page for page in pages)
