"""The scheduled door: a pipeline is run from the command line and kept with its record."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.doors.commands import cyberpunk


@pytest.fixture(scope="module")
def run(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    import shutil

    home = Path(shutil.copytree(demo_home, tmp_path_factory.mktemp("nightly") / "home"))
    done = cyberpunk(home, "run", "nightly", "--set", "horizon=4", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return home, json.loads(done.stdout)


def test_a_run_succeeds_and_is_recorded(run: tuple[Path, dict[str, Any]]) -> None:
    home, outcome = run
    assert outcome["status"] == "succeeded"
    recorded = json.loads(cyberpunk(home, "runs", "nightly", "--json").stdout)["runs"]
    assert [(row["run_id"], row["status"]) for row in recorded] == [(outcome["run_id"], "succeeded")]
    assert recorded[0]["parameters"]["horizon"] == 4


def test_the_notebook_is_kept_with_its_parameters_and_numbers(run: tuple[Path, dict[str, Any]]) -> None:
    kept = json.loads(Path(run[1]["notebook_path"]).read_text())
    injected = [cell for cell in kept["cells"] if "injected-parameters" in cell["metadata"].get("tags", [])]
    assert any("horizon = 4" in "".join(cell["source"]) for cell in injected)


def test_the_page_is_one_file_without_scripts_or_outside_requests(run: tuple[Path, dict[str, Any]]) -> None:
    page = Path(run[1]["html_path"]).read_text()
    assert "What should we know this morning?" in page
    assert re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"https?://[^\"]*", page) == []


def test_an_unknown_parameter_is_refused_before_anything_runs(demo_home: Path) -> None:
    done = cyberpunk(demo_home, "run", "nightly", "--set", "colour=red", "--json")
    assert done.returncode == 64
    assert json.loads(done.stderr.splitlines()[-1])["error"]["code"] == "invalid_argument"
