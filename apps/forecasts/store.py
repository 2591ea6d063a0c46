"""How long a page waits for members, and whole answers that visitors have had lately.

A scene needs its forecast when the page opens, not after.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

MOST_KEPT = 16
# Members are shown as they land, so waiting costs nobody the first answer; leaving one out would make the numbers of a page depend on
# how busy the machine is, and differ from those of a notebook.
BUDGET_S = 60.0


class KeptForecasts:
    """The newest answers by their question, for all visitors of the process."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, question: tuple[Any, ...], answer: Any) -> None:
        """Keep an answer; the oldest goes when there are too many."""
        with self._lock:
            self._answers[question] = answer
            self._answers.move_to_end(question)
            while len(self._answers) > MOST_KEPT:
                self._answers.popitem(last=False)

    def of(self, question: tuple[Any, ...]) -> Any:
        """Return the answer to a question, None where it was not asked lately."""
        with self._lock:
            return self._answers.get(question)
