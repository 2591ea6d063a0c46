"""Libraries are loaded by one thread at a time.

Heavy ones are imported where they are first used, and that may be in several threads at once. Python locks a module while it runs it, and
before it runs the packages that hold it. Where packages need parts of each other, two threads that enter them from different ends may each
hold what the other one waits for, and one of them is given a deadlock error.
"""

from __future__ import annotations

import threading
from importlib import import_module
from importlib.util import find_spec

# Held by whoever imports what others may be importing too.
ALONE = threading.RLock()
_loaded: set[str] = set()


def load(*modules: str) -> None:
    """Import modules while no other thread does.

    Args:
        modules: Full names. One whose package is not installed is left to whoever needs it.

    Raises:
        Exception: Whatever a module raises when it is run; it is tried again the next time.
    """
    if _loaded.issuperset(modules):
        return
    with ALONE:
        for module in modules:
            if module not in _loaded and find_spec(module.partition(".")[0]) is not None:
                import_module(module)
                _loaded.add(module)
