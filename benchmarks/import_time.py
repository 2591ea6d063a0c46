"""How long it takes until something happens: `import cyberpunk_ai` and `cyberpunk --help`, with the budget of each module on the way.

python -m benchmarks.import_time [--quick] [--json FILE]
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

from benchmarks.rows import Row, arguments, judged, median_seconds, report

MUST_SECONDS = 0.5
HELP = "import sys; sys.argv = ['cyberpunk', '--help']; from cyberpunk_ai.cli import main; main()"
# Nothing of these may be loaded before it is used.
HEAVY = ("pandas", "numpy", "sqlalchemy", "torch", "xgboost", "panel", "holoviews", "chdb", "deltalake", "pyarrow", "sklearn", "fastapi")
LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|(\s+)(\S+)")


def measure(*, quick: bool) -> list[Row]:
    """Measure both, beside an interpreter that imports nothing; then list the dearest modules of `--help`."""
    repeats = 5 if quick else 15
    bare = _seconds("pass", repeats)
    rows = [
        judged("import cyberpunk_ai", "s", _seconds("import cyberpunk_ai", repeats), peer=bare, peer_name="bare python", must=MUST_SECONDS),
        judged("cyberpunk --help", "s", _seconds(HELP, repeats), peer=bare, peer_name="bare python", must=MUST_SECONDS),
    ]
    modules = _modules(HELP)
    loaded = sorted({name.split(".")[0] for name in modules} & set(HEAVY))
    rows.append(judged(f"heavy libraries loaded by --help ({', '.join(loaded) or 'none'})", "count", float(len(loaded)), must=0.0))
    dearest = sorted(modules.items(), key=lambda item: -item[1])[:12]
    rows += [judged(f"  {name}", "s", seconds, must=0.15) for name, seconds in dearest]
    return rows


def _seconds(program: str, repeats: int) -> float:
    command = [sys.executable, "-c", program]
    return median_seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL), repeats=repeats)


def _modules(program: str) -> dict[str, float]:
    """Own seconds of each module, without what it imports in turn."""
    command = [sys.executable, "-X", "importtime", "-c", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ))
    return {match[4]: int(match[1]) / 1e6 for match in map(LINE.match, done.stderr.splitlines()) if match}


def main() -> int:
    """Measure and report."""
    options = arguments("Time until something happens.")
    return 0 if report(measure(quick=options.quick), options.json) else 1


if __name__ == "__main__":
    raise SystemExit(main())
