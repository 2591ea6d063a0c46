"""What each test file may cost in the quick tier: the recorded seconds, the limit, and who may take more and why.

`./deploy.sh test --record-budget` writes the table anew; the floor test then says which file is over its limit.
"""

from __future__ import annotations

import json
from pathlib import Path

TABLE = Path(__file__).with_name("budget.json")
PER_FILE_S = 20.0
# Of all files together. On 2 cores, three workers share them, so a second of a file is two thirds of a second of a core.
TOTAL_S = 1_350.0
# Seconds that a file may take beyond the common limit, with the reason.
MORE: dict[str, tuple[float, str]] = {
    "tests/browser/test_cockpit.py": (90, "starts the one server and the one browser, and draws a 3D city on the processor four times"),
    "tests/browser/test_forecasts.py": (80, "forecasts with every model, and a 3D terrain on the processor"),
    "tests/browser/test_pages.py": (110, "eleven visits to five pages in a real browser"),
    "tests/browser/test_voila.py": (50, "starts a kernel, draws a city in it, and waits until the server has ended it"),
    "tests/contracts/test_customer_purchases_contract.py": (45, "counts ugly order lines on both engines"),
    "tests/contracts/test_event_log_contract.py": (30, "one consumer group joins a real Kafka broker"),
    "tests/contracts/test_warehouse_contract.py": (60, "every promise of a warehouse on both engines"),
    "tests/doors/test_api.py": (55, "loads the demo company, starts a server, and reports on all its customers"),
    "tests/doors/test_foreign_pages.py": (30, "starts a server with all its pages"),
    "tests/doors/test_four_doors.py": (75, "one file through every door, a notebook run by papermill among them"),
    "tests/doors/test_page_sessions.py": (50, "every page built in process, with and without data"),
    "tests/notebooks/test_notebooks.py": (75, "runs three notebooks with all their figures"),
    "tests/unit/charts/test_customer_figures.py": (60, "every figure of a report, drawn and read back"),
    "tests/unit/customer_analytics/test_edge_cases.py": (30, "whole reports of two dozen odd customer bases"),
}


def test_files() -> set[str]:
    """Return the test files that there are, relative to the checkout."""
    tests = TABLE.parents[1]
    return {path.relative_to(tests.parent).as_posix() for path in tests.rglob("test_*.py")}


def recorded() -> dict[str, float]:
    """Return the seconds of each file as they were last recorded."""
    return {str(name): float(seconds) for name, seconds in json.loads(TABLE.read_text())["seconds"].items()}


def write(seconds: dict[str, float]) -> None:
    """Record the seconds of each file; one whose tests are all of the full tier costs nothing."""
    rounded = {name: round(seconds.get(name, 0.0), 1) for name in sorted(test_files())}
    TABLE.write_text(json.dumps({"seconds": rounded}, indent=1) + "\n")


def faults(seconds: dict[str, float], files: set[str]) -> list[str]:
    """Return what is wrong with a table: files over their limit or unknown, a sum over the whole.

    Args:
        seconds: By file, relative to the checkout.
        files: The test files that there are.
    """
    found = [f"{name} is not recorded: ./deploy.sh test --record-budget" for name in sorted(files - seconds.keys())]
    found += [f"{name} is recorded, but there is no such file" for name in sorted(seconds.keys() - files)]
    for name, value in sorted(seconds.items()):
        limit, reason = MORE.get(name, (PER_FILE_S, ""))
        if value > limit:
            more = f" ({reason})" if reason else ""
            found.append(
                f"{name} takes {value:.1f} s, over its {limit:.0f} s{more}: make it cheaper, or move what is costly to the full tier"
            )
    total = sum(seconds.values())
    if total > TOTAL_S:
        found.append(f"all files take {total:.0f} s together, over {TOTAL_S:.0f} s")
    return found
