"""Nothing heavy is imported before it is used; the budget in seconds is `python -m benchmarks.import_time`."""

import subprocess
import sys

import pytest

from benchmarks.import_time import HEAVY, HELP


@pytest.mark.parametrize("program", ["import cyberpunk_ai", HELP, "import cyberpunk_ai.core.settings, cyberpunk_ai.core.results"])
def test_no_heavy_library_is_loaded(program: str) -> None:
    ending = f"import sys; loaded = sorted(set({HEAVY!r}) & set(sys.modules)); sys.stderr.write('loaded:' + ','.join(loaded))"
    watched = f"import atexit\natexit.register(lambda: exec({ending!r}))\n{program}"
    done = subprocess.run([sys.executable, "-c", watched], capture_output=True, text=True, check=True)
    assert done.stderr.endswith("loaded:")
