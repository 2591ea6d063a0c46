"""Seeded random streams and the few vectorised draws that all generators share. Nothing here knows what a customer or an order is."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

FloatArray: TypeAlias = "NDArray[np.float64]"
IntArray: TypeAlias = "NDArray[np.int64]"
BoolArray: TypeAlias = "NDArray[np.bool_]"
TextArray: TypeAlias = "NDArray[np.object_]"
TimeArray: TypeAlias = "NDArray[np.datetime64]"


def stream(seed: int, subject: str, part: int = 0) -> np.random.Generator:
    """Return the random stream of one subject, independent of every other, so that no table's draws depend on another's order."""
    return np.random.default_rng([seed, crc32(subject.encode()), part])


def texts(values: Iterable[object]) -> TextArray:
    """Return an object array, from which `take` copies pointers and not characters."""
    return np.array(list(values), dtype=object)


def pick(rng: np.random.Generator, shares: Sequence[float] | FloatArray, size: int) -> IntArray:
    """Draw `size` positions with the given relative shares."""
    cumulative = np.cumsum(np.asarray(shares, dtype=np.float64))
    found = np.searchsorted(cumulative, rng.random(size) * cumulative[-1], side="right")
    chosen: IntArray = np.minimum(found, len(cumulative) - 1).astype(np.int64)
    return chosen


def pick_by_group(rng: np.random.Generator, shares: FloatArray, group: IntArray) -> IntArray:
    """Draw one position per element from the shares of its group.

    Args:
        rng: Random stream.
        shares: Relative shares, shape (groups, choices), each row with a positive sum.
        group: Row of `shares` for each element, shape (n,).

    Returns:
        Chosen positions, shape (n,).
    """
    groups, choices = shares.shape
    cumulative = np.cumsum(shares, axis=1)
    cumulative /= cumulative[:, -1:]
    # One search over all groups laid end to end: group g owns the interval [g, g + 1).
    ladder = (cumulative + np.arange(groups)[:, None]).ravel()
    found = np.searchsorted(ladder, group + rng.random(len(group)), side="right") - group * choices
    chosen: IntArray = np.clip(found, 0, choices - 1).astype(np.int64)
    return chosen


def numbered(prefix: str, numbers: Iterable[int], width: int) -> TextArray:
    """Return ids such as `ORD-00000042`."""
    pattern = f"{prefix}%0{width}d"
    return texts(pattern % number for number in numbers)
