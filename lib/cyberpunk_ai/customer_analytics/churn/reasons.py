"""Why a customer scores as it does, in words, and what to do about it by rule. Nothing here changes a score."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.customer_analytics.churn.features import PLACE, THEMES
from cyberpunk_ai.customer_analytics.segments import rules as names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from cyberpunk_ai.customer_analytics.churn.churn_model import ChurnScores
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, IntArray, Ledger, TextArray

    _Facts = Mapping[str, Any]

TOP, LEAST = 3, 1e-4
CHUNK = 50_000
HIGH, MEDIUM = 0.5, 0.25
RULE = "Rule-based: "
ACTIONS = {
    names.CHAMPIONS: "thank them and ask for a referral",
    names.LOYAL: "offer membership or early access",
    names.POTENTIAL: "recommend what their next purchase could be",
    names.NEW: "welcome them and help with the first product",
    names.PROMISING: "send a reason to come back soon",
    names.ATTENTION: "send a limited offer on what they bought before",
    names.SLEEPY: "remind them of what is new since their last visit",
    names.AT_RISK: "win them back with a personal offer",
    names.CANNOT_LOSE: "call them: a valuable customer has gone quiet",
    names.HIBERNATING: "one inexpensive reminder, then rest",
    names.LOST: "leave them out of paid campaigns",
}
URGENT = "contact them in person now: a good customer whose usual time to buy again is passing"


def risk_of(probability: FloatArray) -> TextArray:
    """Return `high` from one half (more likely than not), `medium` from one quarter, else `low`; missing stays `unknown`."""
    risk = np.select([probability >= HIGH, probability >= MEDIUM, probability >= 0], ["high", "medium", "low"], "unknown")
    return risk.astype(object)


def suggested_actions(segment: TextArray, risk: TextArray) -> TextArray:
    """Return one action per customer, by rule from its segment; good customers at high risk get the urgent one."""
    actions = np.array([RULE + ACTIONS[name] for name in segment], dtype=object)
    urgent = np.isin(segment.astype(str), [names.CHAMPIONS, names.LOYAL]) & (risk == "high")
    actions[urgent] = RULE + URGENT
    return actions


def reasons_in_words(ledger: Ledger, scores: ChurnScores, horizon_days: int) -> tuple[TextArray, TextArray]:
    """Say what moved each customer's score most.

    Args:
        ledger: Purchases up to the moment of the analysis.
        scores: Scores of the same customers.
        horizon_days: Width of the windows.

    Returns:
        The main theme per customer (`rhythm`, `loyalty`, `trend`, `spend`, `tenure`), and up to three reasons in words, each with its
        direction, joined by semicolons: strongest first, and at high risk those that raise it before those that lower it.
    """
    themes = sorted(set(THEMES.values()))
    if not ledger.has_amounts:
        themes.remove("spend")
    owner = np.array([themes.index(theme) if theme in themes else -1 for theme in THEMES.values()])
    moved = np.stack([scores.contributions[:, owner == place].sum(axis=1) for place in range(len(themes))], axis=1)
    # Of a one-time buyer the last purchase and the tenure are one fact, and it is told once.
    once, rhythm, tenure = ledger.purchases == 1, themes.index("rhythm"), themes.index("tenure")
    moved[once, rhythm] += moved[once, tenure]
    moved[once, tenure] = 0.0
    strongest = order_of_reasons(moved, scores.probability)
    facts = _facts(ledger, scores)
    texts = np.empty(ledger.size, dtype=object)
    for start in range(0, ledger.size, CHUNK):
        rows = slice(start, start + CHUNK)
        part = {name: values[rows] for name, values in facts.items()}
        texts[rows] = _told(moved[rows], strongest[rows], [partial(_WORDS[theme], part, ledger, horizon_days) for theme in themes])
    return np.array(themes, dtype=object)[strongest[:, 0]], texts


def order_of_reasons(moved: FloatArray, probability: FloatArray) -> IntArray:
    """Return which reasons to tell: the strongest first, and at high risk those that raise it first, since they are what to act on.

    Args:
        moved: How far each of k reasons moves the log odds, shape (n, k).
        probability: Chance to leave, shape (n,).

    Returns:
        Places of at most three reasons, shape (n, 3 or k).
    """
    is_late = (probability >= HIGH)[:, None] & ~(moved > LEAST)
    order: IntArray = np.lexsort((-np.abs(moved), is_late), axis=1)[:, :TOP]
    return order


def _told(moved: FloatArray, strongest: IntArray, phrases: Sequence[Callable[[IntArray], list[str]]]) -> TextArray:
    """Join the strongest phrases of each customer; a phrase is made only where it is told."""
    told = np.full(len(moved), "", dtype=object)
    for rank in range(strongest.shape[1]):
        place = strongest[:, rank]
        by = moved[np.arange(len(moved)), place]
        for theme, phrase in enumerate(phrases):
            rows = np.flatnonzero((place == theme) & (np.abs(by) > LEAST))
            words = np.empty(len(rows), dtype=object)
            words[:] = phrase(rows)
            told[rows] += np.where(by[rows] > 0, "; raises risk: ", "; lowers risk: ").astype(object) + words
    return np.array([text[2:] or "as likely to leave as the typical customer" for text in told], dtype=object)


def _facts(ledger: Ledger, scores: ChurnScores) -> _Facts:
    """What the phrases are made of, one entry per customer."""
    return {
        "recency": ledger.recency_days,
        "repeats": ledger.purchases - 1,
        "usual": (ledger.last_day - ledger.first_day) / np.maximum(ledger.purchases - 1, 1),
        "recent": scores.features[:, PLACE["recent"]].astype(np.int64),
        "previous": scores.features[:, PLACE["previous"]].astype(np.int64),
        "spend": ledger.revenue / ledger.purchases,
        "tenure": ledger.tenure_days,
    }


def _rhythm(facts: _Facts, _ledger: Ledger, _horizon: int, rows: IntArray) -> list[str]:
    recency, usual, repeats = facts["recency"][rows], np.maximum(facts["usual"][rows], 1.0), facts["repeats"][rows]
    gap = np.maximum(np.rint(facts["usual"][rows]), 1).astype(np.int64)
    ratio = np.where(recency > facts["usual"][rows], np.rint(recency / usual * 10), 0).astype(np.int64)
    columns = zip(recency.tolist(), repeats.tolist(), gap.tolist(), ratio.tolist(), strict=True)
    return [f"last purchase {_days(days)} ago, {_against(count, usual, times)}" for days, count, usual, times in columns]


def _against(repeats: int, gap: int, tenths: int) -> str:
    if not repeats:
        return "the only one so far"
    usual = f"the usual gap of {_days(gap)}"
    return f"{tenths / 10:.1f} times {usual}" if tenths else f"within {usual}"


def _loyalty(facts: _Facts, ledger: Ledger, _horizon: int, rows: IntArray) -> list[str]:
    typical = int(np.median(ledger.purchases))
    return [f"bought on {_days(count + 1)} in all, typical is {typical}" for count in facts["repeats"][rows].tolist()]


def _trend(facts: _Facts, _ledger: Ledger, horizon: int, rows: IntArray) -> list[str]:
    columns = zip(facts["recent"][rows].tolist(), facts["previous"][rows].tolist(), strict=True)
    return [
        f"{now} {'purchase' if now == 1 else 'purchases'} in the last {_days(horizon)}, {then} in those before" for now, then in columns
    ]


def _spend(facts: _Facts, ledger: Ledger, _horizon: int, rows: IntArray) -> list[str]:
    typical = float(np.median(ledger.revenue / ledger.purchases))
    return [f"spends {amount:,.2f} net per purchase, typical is {typical:,.2f}" for amount in facts["spend"][rows].tolist()]


def _tenure(facts: _Facts, _ledger: Ledger, _horizon: int, rows: IntArray) -> list[str]:
    return [f"customer for {_days(days)}" for days in facts["tenure"][rows].tolist()]


_WORDS: dict[str, Callable[[_Facts, Ledger, int, IntArray], list[str]]] = {
    "rhythm": _rhythm, "loyalty": _loyalty, "trend": _trend, "spend": _spend, "tenure": _tenure,
}  # fmt: skip


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"
