"""The forecast lab, run as a person or a schedule would run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.doors.conftest import ROOT, TODAY, environment
from tests.notebooks.test_demand_forecast import outputs


@pytest.fixture(scope="module")
def executed(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    output = tmp_path_factory.mktemp("notebook") / "forecast_lab.ipynb"
    parameters = ["-p", "horizon", "3", "-p", "windows", "2", "-r", "models", "theta,ets"]
    command = [sys.executable, "-m", "papermill", "notebooks/forecast_lab.ipynb", str(output), "-k", "python3", *parameters]
    done = subprocess.run(
        command, env=environment(demo_home, CYBERPUNK_TODAY=TODAY), cwd=ROOT, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(output.read_text())


def test_the_lab_leaves_its_numbers(executed: dict) -> None:
    recorded = next(value for value in outputs(executed, "application/json") if "lab" in value)["lab"]
    assert {row["model"] for row in recorded["by_model"]} == {"theta", "ets", "ensemble", "seasonal_naive"}
    assert [row["level"] for row in recorded["gains"]] == ["total", "region", "region/channel"]
    assert recorded["series"] == 100
    assert abs(recorded["scenario"][0]["difference"]) > 0


def test_pictures_are_drawn_without_asking_anybody_else(executed: dict) -> None:
    pages = ["".join(page) for page in outputs(executed, "text/html")]
    assert sum("bokeh" in page.lower() for page in pages) >= 4
    assert not any("https://cdn." in page for page in pages)
