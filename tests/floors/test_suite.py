"""The suite's own law: nobody waits by the clock, every file keeps to its budget."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.floors import budget

ROOT = Path(__file__).resolve().parents[2]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MAY_SLEEP = "tests/waiting.py"


def sleeps(source: str) -> list[str]:
    """Return the calls in a module, and in scripts that it carries as text, that wait by the clock."""
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    found = [ast.unparse(call) for call in calls if call.func.attr == "wait_for_timeout"]  # type: ignore[attr-defined]
    found += [ast.unparse(call) for call in calls if call.func.attr == "sleep" and [ast.unparse(each) for each in call.args] != ["0"]]  # type: ignore[attr-defined]
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return found + [match for text in texts for match in re.findall(r"\bsleep\([^)]*\)", text) if "\n" in text or ";" in text]


@pytest.mark.parametrize(
    "source",
    ["import time\ntime.sleep(1)", "await asyncio.sleep(0.1)", "page.wait_for_timeout(5)", 'SCRIPT = "import time; time.sleep(600)"'],
)
def test_a_wait_by_the_clock_is_found(source: str) -> None:
    assert len(sleeps(source)) == 1


@pytest.mark.parametrize("source", ["await asyncio.sleep(0)", "until(lambda: page.text(), 'the page speaks')", '"never sleep(s)"'])
def test_what_waits_for_a_state_is_none(source: str) -> None:
    assert sleeps(source) == []


def test_no_test_waits_by_the_clock() -> None:
    found = {path.relative_to(ROOT).as_posix(): sleeps(path.read_text()) for path in TESTS}
    here = Path(__file__).relative_to(ROOT).as_posix()
    assert {name: calls for name, calls in found.items() if calls and name not in (MAY_SLEEP, here)} == {}


def test_every_file_keeps_to_its_budget() -> None:
    assert budget.faults(budget.recorded(), budget.test_files()) == []


def test_a_file_over_its_budget_is_named() -> None:
    said = budget.faults({"tests/a.py": 21.0, "tests/gone.py": 1.0}, {"tests/a.py", "tests/new.py"})
    assert [line.split(":")[0] for line in said] == [
        "tests/new.py is not recorded",
        "tests/gone.py is recorded, but there is no such file",
        "tests/a.py takes 21.0 s, over its 20 s",
    ]
