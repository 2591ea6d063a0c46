"""Two threads may enter packages that need each other from both ends at the same time."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cyberpunk_ai.core import loading

# Whoever asks for the part runs the package, which needs the friend; whoever asks for the friend needs the part.
FILES = {
    "shelf/__init__.py": "import time; time.sleep(0.3); import friend",
    "shelf/part.py": "VALUE = 1",
    "friend.py": "import time; time.sleep(0.6); from shelf.part import VALUE",
}
PROGRAM = """
    import importlib, sys, threading, time
    sys.path.insert(0, {folder!r})
    {first}
    failed = []
    def ask(name):
        try:
            by(name)
        except BaseException as error:
            failed.append(type(error).__name__)
    threads = [threading.Thread(target=ask, args=(name,)) for name in ("shelf.part", "friend")]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    for thread in threads:
        thread.join()
    print(failed)
"""


@pytest.mark.parametrize(
    ("first", "said"), [("by = importlib.import_module", "['_DeadlockError']"), ("from cyberpunk_ai.core.loading import load as by", "[]")]
)
def test_packages_may_be_entered_from_both_ends(tmp_path: Path, first: str, said: str) -> None:
    (tmp_path / "shelf").mkdir()
    for name, lines in FILES.items():
        (tmp_path / name).write_text(lines)
    program = textwrap.dedent(PROGRAM.format(folder=str(tmp_path), first=first))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == said, done.stderr


def test_what_is_not_installed_is_left_to_whoever_needs_it() -> None:
    loading.load("a_package_that_nobody_has", "a_package_that_nobody_has.child", "json.decoder")


def test_what_fails_to_load_says_so_every_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_at_load.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            loading.load("broken_at_load")


def test_many_threads_load_the_same() -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: loading.load("xml.dom", "xml.dom.minidom", "email.mime.text"), range(32)))
    assert not loading.ALONE._is_owned()  # type: ignore[attr-defined]
