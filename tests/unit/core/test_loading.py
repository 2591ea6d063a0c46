"""Two threads may enter packages that need each other from both ends at the same time."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cyberpunk_ai.core import loading
from tests.waiting import PATIENCE_S

# Whoever asks for a part runs its package, which needs the part of the other.
# Each waits inside its package until the other one is in its own, or cannot get in because loading is for one thread at a time.
FILES = {
    "meeting.py": """
        import threading
        inside, both = set(), threading.Event()
        def arrive(name):
            inside.add(name)
            if len(inside) == 2:
                both.set()
            both.wait()
    """,
    "shelf/__init__.py": "import meeting; meeting.arrive('shelf'); import friend.part",
    "shelf/part.py": "VALUE = 1",
    "friend/__init__.py": "import meeting; meeting.arrive('friend'); import shelf.part",
    "friend/part.py": "VALUE = 2",
}
PROGRAM = """
    import importlib, sys, threading
    from cyberpunk_ai.core import loading
    sys.path.insert(0, {folder!r})
    import meeting
    class Watched:
        lock = loading.ALONE
        def __enter__(self):
            if not self.lock.acquire(blocking=False):
                meeting.both.set()
                self.lock.acquire()
        def __exit__(self, *error):
            self.lock.release()
    loading.ALONE = Watched()
    by = {by}
    failed = []
    def ask(name):
        try:
            by(name)
        except BaseException as error:
            failed.append(type(error).__name__)
    threads = [threading.Thread(target=ask, args=(name,)) for name in ("shelf.part", "friend.part")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(failed)
"""


@pytest.mark.parametrize(("by", "said"), [("importlib.import_module", "['_DeadlockError']"), ("loading.load", "[]")])
def test_packages_may_be_entered_from_both_ends(tmp_path: Path, by: str, said: str) -> None:
    for name, lines in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(lines))
    program = textwrap.dedent(PROGRAM.format(folder=str(tmp_path), by=by))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=PATIENCE_S)
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
