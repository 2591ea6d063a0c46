"""The notebooks over the demo company, run with parameters of their own: the numbers that they leave, and every figure that they ask for.

In the quick tier their cells are run one after another in one process; in the full one papermill runs each, as a schedule would.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.doors.conftest import ROOT, TODAY, environment

PARAMETERS: dict[str, dict[str, Any]] = {
    "customer_retention": {"as_of": "2025-06-30", "horizon_days": 90, "segment": "Enterprise", "calls": 5},
    "demand_forecast": {"grain": "month", "region": "EMEA", "horizon": 6},
    "forecast_lab": {"horizon": 3, "windows": 2, "models": "theta,ets", "stores": 8},
}
FIGURES = {"customer_retention": 15, "demand_forecast": 7, "forecast_lab": 4}
Executed = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module", params=["cells", pytest.param("papermill", marks=pytest.mark.full)])
def executed(request: pytest.FixtureRequest, demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executed]:
    """Gives a notebook with what its cells showed; it is run when it is first asked for."""
    folder = tmp_path_factory.mktemp("notebooks")
    known = environment(demo_home, CYBERPUNK_TODAY=TODAY)
    if request.param == "papermill":
        yield cache(lambda name: by_papermill(name, folder / f"{name}.ipynb", known))
        return
    command, log = [sys.executable, "-m", "tests.notebooks.cells"], folder / "log"
    with (
        log.open("w") as lines,
        subprocess.Popen(command, env=known, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=lines, text=True) as child,
    ):
        try:
            yield cache(lambda name: by_cells(name, folder / f"{name}.ipynb", child, log))
        finally:
            child.terminate()


def by_cells(name: str, output: Path, child: subprocess.Popen[str], log: Path) -> dict[str, Any]:
    assert child.stdin is not None
    assert child.stdout is not None
    asked = {"notebook": f"{ROOT}/notebooks/{name}.ipynb", "parameters": PARAMETERS[name], "output": str(output)}
    child.stdin.write(json.dumps(asked) + "\n")
    child.stdin.flush()
    assert f"ran {output}\n" in iter(child.stdout.readline, ""), log.read_text()[-4000:]
    return json.loads(output.read_text())


def by_papermill(name: str, output: Path, known: dict[str, str]) -> dict[str, Any]:
    given = [word for each, value in PARAMETERS[name].items() for word in ("-p" if isinstance(value, int) else "-r", each, str(value))]
    command = [sys.executable, "-m", "papermill", f"notebooks/{name}.ipynb", str(output), "-k", "python3", *given]
    done = subprocess.run(command, env=known, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(output.read_text())


def outputs(notebook: dict[str, Any], kind: str) -> list[Any]:
    return [output["data"][kind] for cell in notebook["cells"] for output in cell.get("outputs", []) if kind in output.get("data", {})]


def recorded(notebook: dict[str, Any]) -> dict[str, Any]:
    return {name: value for each in outputs(notebook, "application/json") for name, value in each.items()}


def test_the_list_of_customers_at_risk_is_left_as_json(executed: Executed) -> None:
    left = recorded(executed("customer_retention"))
    said = left["retention"]
    assert said["headline"].startswith("On 2025-06-30, ")
    assert f"{said['summary']['at_risk']:,} of these" in said["headline"]
    assert sum(row["customers"] for row in said["segments"]) == said["summary"]["customers"]
    assert len(left["to_call"]) == 5
    assert all(row["risk"] == "high" for row in left["to_call"])
    assert left["verdict"]["sentence"]


def test_the_forecast_is_left_as_json(executed: Executed) -> None:
    left = recorded(executed("demand_forecast"))["forecast"]
    assert (left["metric"], left["grain"]) == ("revenue", "month")
    assert [row["ds"][:7] for row in left["forecast"]] == ["2025-08", "2025-09", "2025-10", "2025-11", "2025-12", "2026-01"]


def test_the_lab_leaves_its_numbers(executed: Executed) -> None:
    left = recorded(executed("forecast_lab"))["lab"]
    assert {row["model"] for row in left["by_model"]} == {"theta", "ets", "ensemble", "seasonal_naive"}
    assert [row["level"] for row in left["gains"]] == ["total", "region", "region/channel"]
    assert left["series"] == 8
    assert abs(left["scenario"][0]["difference"]) > 0


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_figure_is_drawn_without_asking_anybody_else(executed: Executed, name: str) -> None:
    asking = [cell for cell in executed(name)["cells"] if cell["cell_type"] == "code" and ".chart(" in "".join(cell["source"])]
    drawn = [sum("docs_json" in "".join(page) for page in outputs({"cells": [cell]}, "text/html")) for cell in asking]
    assert drawn == [1] * FIGURES[name]
    assert not any("https://cdn." in "".join(page) for page in outputs(executed(name), "text/html"))
