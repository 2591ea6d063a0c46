"""Waiting in tests: for a state, never for a time. The one place where a test may sleep, and the one patience of all of them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

# How long a state may take to come about before the test fails. It is never what a test waits in the good case.
PATIENCE_S = 120.0
_FIRST_S, _LONGEST_S = 0.005, 0.2


def pause_s(turn: int) -> float:
    """Return the seconds between two looks: short at first, then longer."""
    return min(_FIRST_S * 1.5**turn, _LONGEST_S)


def until(claim: Callable[[], T], what: str, *, give_up: Callable[[], str | None] | None = None) -> T:
    """Return what `claim` gives as soon as that is true.

    Args:
        claim: Asked again until it gives something true.
        what: The state that is waited for, for the message of a failure.
        give_up: Gives a reason to stop waiting, e.g. that the process that is waited for has ended; None or '' to go on.

    Raises:
        AssertionError: The state did not come about, or there was a reason to give up.
    """
    deadline, turn = time.monotonic() + PATIENCE_S, 0
    while True:
        if found := claim():
            return found
        if give_up is not None and (reason := give_up()):
            raise AssertionError(f"{what}: never came about: {reason}")
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not so after {PATIENCE_S:.0f} s; last seen: {found!r}")
        time.sleep(pause_s(turn))
        turn += 1


async def until_async(claim: Callable[[], Awaitable[T]], what: str) -> T:
    """Do the same inside an event loop; `claim` gives an awaitable."""
    deadline, turn = time.monotonic() + PATIENCE_S, 0
    while True:
        if found := await claim():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not so after {PATIENCE_S:.0f} s; last seen: {found!r}")
        await asyncio.sleep(pause_s(turn))
        turn += 1
