"""Why a customer under contract scores as it does, in words: one reason per field, whatever its number of values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.customer_analytics.churn.reasons import order_of_reasons
from cyberpunk_ai.customer_analytics.contractual.fields import TENURE

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.contractual.choosing import LeavingScores
    from cyberpunk_ai.customer_analytics.reading.ledger import BoolArray, FloatArray, TextArray
    from cyberpunk_ai.customer_analytics.reading.members import Members

SAME_FACT = 0.999


def reasons_in_words(scores: LeavingScores, members: Members, left: BoolArray) -> tuple[TextArray, TextArray]:
    """Say which fields moved each customer's score most.

    Values of one field are added up, and so are fields that tell the same fact, as minutes and what they cost.

    Args:
        scores: Scores with their contributions.
        members: The same customers.
        left: Who has left; their reason is that.

    Returns:
        The field that speaks loudest per customer, and up to three reasons with their direction, joined by semicolons: strongest first, and
        at high risk those that raise it before those that lower it.
    """
    owners = list(dict.fromkeys(name.partition("=")[0] for name in scores.names))
    place = np.array([owners.index(name.partition("=")[0]) for name in scores.names])
    moved = np.stack([scores.contributions[:, place == number].sum(axis=1) for number in range(len(owners))], axis=1)
    for number, first in _same_facts(owners, scores.names, members).items():
        moved[:, first] += moved[:, number]
        moved[:, number] = 0.0
    order = order_of_reasons(moved, scores.probability)
    strength = np.take_along_axis(moved, order, axis=1)
    words = np.stack([_words(owner, scores.names, members) for owner in owners], axis=1)
    told = np.take_along_axis(words, order, axis=1)
    told = np.where(strength > 0, "raises risk: ", "lowers risk: ").astype(object) + told
    told = np.where(np.abs(strength) > 1e-4, told, "")
    texts = np.array(["; ".join(filter(None, row)) or "as likely to leave as others of its tenure" for row in told.tolist()], dtype=object)
    return np.array(owners, dtype=object)[order[:, 0]], np.where(left, "has left", texts).astype(object)


def _same_facts(owners: list[str], names: tuple[str, ...], members: Members) -> dict[int, int]:
    """Place of a numeric field to the place of the first one that it repeats."""
    numbers = [number for number, owner in enumerate(owners) if owner in names and owner in members.fields]
    if len(numbers) < 2 or len(members.fields) < 3:
        return {}
    values = np.stack([members.fields[owners[number]].to_numpy(dtype=np.float64) for number in numbers])
    values = values - values.mean(axis=1, keepdims=True)
    size = np.sqrt((values**2).sum(axis=1))
    alike = np.abs(values @ values.T) > SAME_FACT * np.outer(size, size)
    alike &= (size > 0)[:, None] & (size > 0)[None, :]
    first = alike.argmax(axis=1)
    return {numbers[row]: numbers[at] for row, at in enumerate(first.tolist()) if alike[row].any() and at != row}


def _words(owner: str, names: tuple[str, ...], members: Members) -> TextArray:
    """What a field says of each customer: `Contract is Two year`, `age 37`."""
    if owner == TENURE:
        days: FloatArray = np.nan_to_num(members.tenure_days)
        return np.array([f"customer for {each:.0f} days" for each in days.tolist()], dtype=object)
    if owner in names:
        return np.array([f"{owner} {value:g}" for value in members.fields[owner].tolist()], dtype=object)
    words = np.full(len(members.customer_ids), f"{owner} is none of the usual", dtype=object)
    for name in names:
        field, is_choice, choice = name.partition("=")
        if field == owner and is_choice:
            words[members.fields[name].to_numpy() > 0] = f"{owner} is {choice}"
    return words
