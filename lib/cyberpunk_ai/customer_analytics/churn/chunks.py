"""Scoring customers in chunks: where the chunks are worked on, here or on other machines, is given from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.evidence.base import FittedChurn
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray

CHUNK = 50_000

Scored = tuple["FloatArray", "FloatArray"]
MapChunks = Callable[[Callable[["FloatArray"], Scored], "Sequence[FloatArray]"], "Sequence[Scored]"]
"""Applies a function to every chunk and returns the answers in the same order."""


def one_after_another(function: Callable[[FloatArray], Scored], chunks: Sequence[FloatArray]) -> list[Scored]:
    """Work on the chunks here, one after another."""
    return [function(chunk) for chunk in chunks]


def score_in_chunks(model: FittedChurn, features: FloatArray, map_chunks: MapChunks | None = None) -> Scored:
    """Return the chance to leave (n,) and the contributions (n, k) of features (n, k).

    Args:
        model: Fitted.
        features: One row per customer.
        map_chunks: Where the chunks are worked on; here when None.
    """
    if not len(features):
        return np.empty(0), np.empty_like(features)
    chunks = [features[start : start + CHUNK] for start in range(0, len(features), CHUNK)]
    scored = (map_chunks or one_after_another)(partial(_score, model), chunks)
    return np.concatenate([chance for chance, _ in scored]), np.concatenate([parts for _, parts in scored])


def _score(model: FittedChurn, features: FloatArray) -> Scored:
    return model.probability(features), model.contributions(features)
