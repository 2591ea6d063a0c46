"""The architecture as law: floors, rooms, and what may be named where."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.floors.notebooks_clean import faults
from tests.floors.pickles import pickles_in

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
    found = {path.relative_to(ROOT).as_posix(): pickles_in(path.read_text()) for path in CODE}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "import pickle as safe",
        "import os, cPickle",
        "import dill",
        "import shelve",
        "from cloudpickle import loads",
        "from pickle import Unpickler",
        "from pickle import Pickler, loads",
        "from joblib import load",
        "from joblib import *",
        "import importlib; importlib.import_module('pickle')",
        "__import__('dill').loads(b'')",
        "def late():\n    import pickle",
        "import joblib; joblib.load(path)",
        "import joblib as jobs; read = jobs.load",
        "from joblib import numpy_pickle",
        "import pandas as pd; pd.read_pickle(path)",
        "from pandas import read_pickle; read_pickle(path)",
        "import torch; torch.load(path)",
        "import torch; torch.load(path, weights_only=False)",
        "import torch; torch.load(path, weights_only=chosen)",
        "import torch; read = torch.load",
        "from torch import load; load(path)",
        "import numpy as np; np.load(path, allow_pickle=True)",
        "import numpy as np; np.load(path, allow_pickle=chosen)",
        "import numpy; numpy.load(path, None, True)",
        "import numpy; numpy.load(path, **asked)",
        "from numpy import load; load(path, allow_pickle=True)",
        "import numpy as np; np.lib.format.read_array(file, allow_pickle=True)",
    ],
)
def test_every_way_to_load_a_pickle_is_noticed(code: str) -> None:
    source = code.replace("from joblib import load", "from joblib import load\nload(path)") if code.endswith("import load") else code
    assert pickles_in(source)


@pytest.mark.parametrize(
    "code",
    [
        "import torch; torch.load(path, weights_only=True)",
        "from torch import load; load(path, weights_only=True)",
        "import numpy as np; np.load(path)",
        "import numpy as np; np.load(path, allow_pickle=False)",
        "import joblib; joblib.Parallel(2)",
        "import json; json.load(file)",
        "from pickle import PickleBuffer, Pickler",
        "pickles = 'Never import pickle; joblib.load(path)'  # pickle.load",
    ],
)
def test_what_loads_no_pickle_is_left_alone(code: str) -> None:
    assert pickles_in(code) == []
