"""Fail when a notebook carries outputs or differs from its paired script. `python -m tests.floors.notebooks_clean`."""

from __future__ import annotations

import sys
from pathlib import Path

import jupytext

ROOT = Path(__file__).resolve().parents[2]


def faults() -> list[str]:
    found = []
    for path in sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("apps/voila/*.ipynb")]):
        notebook, script = jupytext.read(path), path.with_suffix(".py")
        if any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells):
            found.append(f"{path.relative_to(ROOT)} carries outputs: jupyter nbconvert --clear-output --inplace {path.name}")
        if not script.exists():
            found.append(f"{path.relative_to(ROOT)} has no paired {script.name}: jupytext --set-formats ipynb,py:percent {path.name}")
        elif [_cell(cell) for cell in jupytext.read(script).cells] != [_cell(cell) for cell in notebook.cells]:
            found.append(f"{path.relative_to(ROOT)} differs from {script.name}: jupytext --sync {path.name}")
    return found


def _cell(cell: dict) -> tuple[str, str, tuple[str, ...]]:
    return cell["cell_type"], cell["source"].strip(), tuple(cell["metadata"].get("tags", ()))


if __name__ == "__main__":
    problems = faults()
    sys.stderr.write("\n".join(problems) + ("\n" if problems else ""))
    sys.exit(bool(problems))
