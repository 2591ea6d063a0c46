"""Every error that is raised on purpose has a status of its own choosing."""

from __future__ import annotations

from api.errors import STATUS
from cyberpunk_ai.core.errors import CyberpunkError, LimitReached


def test_every_error_has_a_status() -> None:
    assert {kind.code for kind in CyberpunkError.__subclasses__()} <= STATUS.keys()
    assert STATUS[LimitReached.code] == 429
