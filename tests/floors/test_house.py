"""The architecture as law: floors, rooms, and what may be named where."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.floors.notebooks_clean import faults

ROOT = Path(__file__).resolve().parents[2]
CODE = [path for folder in ("lib", "api", "apps", "pipelines", "notebooks", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))]


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_an_import_only_points_down() -> None:
    done = subprocess.run([str(Path(sys.executable).parent / "lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_the_folder_of_scenes_touches_pythreejs() -> None:
    touching = [path.relative_to(ROOT).as_posix() for path in CODE if any(name.split(".")[0] == "pythreejs" for name in imports(path))]
    assert {path for path in touching if not path.startswith("lib/cyberpunk_ai/charts/scene3d/")} <= {"apps/kit/offline.py"}


def test_the_product_never_reads_the_demo_companys_truth() -> None:
    reading = [path for path in CODE if "demo_truth" in path.read_text() and "cyberpunk_ai/demo/" not in path.as_posix()]
    assert reading == []


@pytest.mark.parametrize("word", ["utils", "helpers", "manager"])
def test_no_room_is_called_after_nothing(word: str) -> None:
    assert [path for path in CODE if word in path.stem.lower().split("_")] == []


def test_every_module_says_what_lives_in_it() -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in CODE
        if "notebooks" not in path.parts and "voila" not in path.parts and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_notebooks_carry_no_outputs_and_match_their_scripts() -> None:
    assert faults() == []


def test_nothing_loads_pickles() -> None:
    pattern = re.compile(r"\bpickle\b|allow_pickle=True|joblib\.load|weights_only=False")
    assert [
        path.relative_to(ROOT).as_posix()
        for path in CODE
        if any(
            pattern.search(line)
            for line in path.read_text().splitlines()
            if not line.strip().startswith(("#", '"'))
            and "pickle" in line
            and ("import" in line or "load" in line or "allow_pickle=True" in line)
        )
    ] == []
