"""The command line as a test uses it: inside this process, or as the program that a person starts."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import structlog

from cyberpunk_ai.cli import main
from tests.doors.conftest import ROOT, TODAY, environment

Done = subprocess.CompletedProcess[str]
WIDTH = "100"  # of tables and of usage errors, whatever the terminal that the tests are run in


def cyberpunk(home: Path, *arguments: str, **more: str) -> Done:
    """Run a command here, by the function behind the program: its exit code, and what a person sees on both streams.

    Starting Python and loading the libraries of an engine takes longer than most answers. `started` is the program itself.
    """
    out, err, code = io.StringIO(), io.StringIO(), 0
    with _surrounded(environment(home, **{"CYBERPUNK_TODAY": TODAY, "COLUMNS": WIDTH} | more)), redirect_stdout(out), redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as ended:
            assert ended.code is None or isinstance(ended.code, int), ended.code
            code = ended.code or 0
    return subprocess.CompletedProcess(list(arguments), code, out.getvalue(), err.getvalue())


def started(home: Path, *arguments: str, **more: str) -> Done:
    """Run a command as a process of its own, as a person does."""
    command = [sys.executable, "-m", "cyberpunk_ai.cli", *arguments]
    known = environment(home, CYBERPUNK_TODAY=TODAY, COLUMNS=WIDTH, **more)
    return subprocess.run(command, env=known, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


@contextmanager
def _surrounded(known: dict[str, str]) -> Iterator[None]:
    """Be for a moment a process with this environment, in the folder of the program and with nobody at the keyboard."""
    before = structlog.get_config() if structlog.is_configured() else None
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(known):
            patch.delenv(name)
        for name, value in known.items():
            patch.setenv(name, value)
        patch.chdir(ROOT)
        patch.setattr(sys, "stdin", io.StringIO())
        try:
            yield
        finally:
            # Each command points the log at its own standard error, which is gone when it ends.
            structlog.reset_defaults() if before is None else structlog.configure(**before)
