"""The command line as a child of a test: a process per command, or several commands in one where only their words matter."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.doors.conftest import ROOT, TODAY, environment

Done = subprocess.CompletedProcess[str]

# Loading the libraries of an engine takes longer than refusing a question.
_ONE_AFTER_ANOTHER = """
import contextlib, io, json, sys
from cyberpunk_ai.cli import main
for arguments in json.load(sys.stdin):
    sys.argv, out, err, code = ["cyberpunk", *arguments], io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
"""


def cyberpunk(home: Path, *arguments: str) -> Done:
    return _run([sys.executable, "-m", "cyberpunk_ai.cli", *arguments], home)


def one_after_another(home: Path, asked: Sequence[Sequence[str]]) -> list[Done]:
    """Give several commands to one process; what each printed and how it ended."""
    done = _run([sys.executable, "-c", _ONE_AFTER_ANOTHER], home, words=json.dumps(asked))
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(asked)
    return [subprocess.CompletedProcess(list(arguments), *each) for arguments, each in zip(asked, told, strict=True)]


def _run(command: list[str], home: Path, words: str | None = None) -> Done:
    known = environment(home, CYBERPUNK_TODAY=TODAY)
    return subprocess.run(command, env=known, cwd=ROOT, input=words, capture_output=True, text=True, check=False, timeout=240)
