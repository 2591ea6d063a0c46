"""Reasons in words: the strongest first, with their direction, and the same for one customer as for many."""

from __future__ import annotations

import numpy as np
import pytest

from cyberpunk_ai.customer_analytics.churn import reasons
from cyberpunk_ai.customer_analytics.churn.churn_model import ChurnScores, score_churn
from cyberpunk_ai.customer_analytics.churn.features import THEMES
from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import fit_purchases, histories_of
from cyberpunk_ai.customer_analytics.reading.frames import read_transactions
from cyberpunk_ai.customer_analytics.reading.ledger import Ledger
from tests.unit.customer_analytics.builders import shop


@pytest.fixture(scope="module")
def scored() -> tuple[Ledger, ChurnScores]:
    ledger, _, _ = read_transactions(shop(customers=500))
    return ledger, score_churn(ledger, 60, fit_purchases(*histories_of(ledger)))


def test_every_feature_has_a_theme_with_words() -> None:
    assert set(THEMES.values()) == set(reasons._WORDS)


def test_directions_are_those_of_the_parts_and_at_most_three_are_told(scored: tuple[Ledger, ChurnScores]) -> None:
    ledger, scores = scored
    main, texts = reasons.reasons_in_words(ledger, scores, 60)
    owner = np.array(list(THEMES.values()))
    several = np.flatnonzero(ledger.purchases > 1)
    for row in several[:100]:
        parts = {theme: scores.contributions[row, owner == theme].sum() for theme in set(owner)}
        strongest = max(parts, key=lambda theme: abs(parts[theme]))
        assert main[row] == strongest
        assert texts[row].startswith("raises risk: " if parts[strongest] > 0 else "lowers risk: ")
        assert 1 <= len(texts[row].split("; ")) <= 3


def test_chunks_tell_the_same(scored: tuple[Ledger, ChurnScores], monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, scores = scored
    whole = reasons.reasons_in_words(ledger, scores, 60)[1]
    monkeypatch.setattr(reasons, "CHUNK", 7)
    assert np.array_equal(whole, reasons.reasons_in_words(ledger, scores, 60)[1])


def test_a_customer_whom_nothing_moves_is_typical(scored: tuple[Ledger, ChurnScores]) -> None:
    ledger, scores = scored
    still = ChurnScores(
        scores.probability, scores.features, np.zeros_like(scores.contributions), scores.model, {}, None, scores.fitted, scores.held_out
    )
    assert set(reasons.reasons_in_words(ledger, still, 60)[1]) == {"as likely to leave as the typical customer"}
