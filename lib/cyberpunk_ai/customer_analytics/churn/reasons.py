"""Why a customer scores as it does, in words, and what to do about it by rule. Nothing here changes a score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.customer_analytics.churn.features import PLACE, THEMES
from cyberpunk_ai.customer_analytics.segments import rules as names

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberpunk_ai.customer_analytics.churn.churn_model import ChurnScores
    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, Ledger, TextArray

TOP = 3
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
URGENT = "contact them before the usual time of their next purchase has passed"


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
        The main theme per customer (`rhythm`, `loyalty`, `trend`, `spend`, `tenure`), and up to three reasons in words, strongest
        first, each with its direction, joined by semicolons.
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
    strongest = np.argsort(-np.abs(moved), axis=1, kind="stable")[:, :TOP]
    phrases = {theme: _WORDS[theme](ledger, scores, horizon_days) for theme in themes}
    texts: list[str] = []
    for customer, order in enumerate(strongest.tolist()):
        parts = [
            f"{'raises' if moved[customer, place] > 0 else 'lowers'} risk: {phrases[themes[place]][customer]}"
            for place in order
            if abs(moved[customer, place]) > 1e-4
        ]
        texts.append("; ".join(parts) or "as likely to leave as the typical customer")
    main = np.array(themes, dtype=object)[strongest[:, 0]]
    return main, np.array(texts, dtype=object)


def _rhythm(ledger: Ledger, _scores: ChurnScores, _horizon: int) -> list[str]:
    repeats = ledger.purchases - 1
    usual = (ledger.last_day - ledger.first_day) / np.maximum(repeats, 1)
    rows = zip(ledger.recency_days.tolist(), repeats.tolist(), usual.tolist(), strict=True)
    return [
        f"last purchase {_days(recency)} ago, {_against(recency, gap) if count else 'the only one so far'}" for recency, count, gap in rows
    ]


def _against(recency: int, gap: float) -> str:
    usual = f"the usual gap of {_days(max(round(gap), 1))}"
    return f"{recency / max(gap, 1.0):.1f} times {usual}" if recency > gap else f"within {usual}"


def _loyalty(ledger: Ledger, _scores: ChurnScores, _horizon: int) -> list[str]:
    typical = int(np.median(ledger.purchases))
    return [f"bought on {_days(count)} in all, typical is {typical}" for count in ledger.purchases.tolist()]


def _trend(_ledger: Ledger, scores: ChurnScores, horizon: int) -> list[str]:
    recent, before = (scores.features[:, PLACE[name]].astype(int).tolist() for name in ("recent", "previous"))
    return [f"{now} purchases in the last {_days(horizon)}, {then} in those before" for now, then in zip(recent, before, strict=True)]


def _spend(ledger: Ledger, _scores: ChurnScores, _horizon: int) -> list[str]:
    mean = ledger.revenue / ledger.purchases
    typical = float(np.median(mean))
    return [f"spends {amount:,.2f} net per purchase, typical is {typical:,.2f}" for amount in mean.tolist()]


def _tenure(ledger: Ledger, _scores: ChurnScores, _horizon: int) -> list[str]:
    return [f"customer for {_days(days)}" for days in ledger.tenure_days.tolist()]


_WORDS: dict[str, Callable[[Ledger, ChurnScores, int], list[str]]] = {
    "rhythm": _rhythm, "loyalty": _loyalty, "trend": _trend, "spend": _spend, "tenure": _tenure,
}  # fmt: skip


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"
