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
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from tests.unit.customer_analytics.builders import contracts, shop


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
        raising = {theme: part for theme, part in parts.items() if part > 0} if scores.probability[row] >= reasons.HIGH else {}
        strongest = max(raising or parts, key=lambda theme: abs(parts[theme]))
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


def test_at_high_risk_the_reasons_that_raise_it_come_first() -> None:
    moved = np.array([[-3.0, 1.0, 2.0, -0.5], [-3.0, 1.0, 2.0, -0.5], [-3.0, -2.0, -1.0, 0.0]])
    order = reasons.order_of_reasons(moved, np.array([0.6, 0.4, 0.9]))
    assert order.tolist() == [[2, 1, 0], [0, 2, 1], [0, 1, 2]]


def test_a_report_tells_customers_at_high_risk_first_what_raises_it() -> None:
    for report in (
        RetentionAnalyzer().analyze_customer_retention(None, shop(customers=200)),
        RetentionAnalyzer().analyze_customer_retention(contracts(600), None),
    ):
        high = report.customers[(report.customers["risk"] == "high") & ~report.customers["churned"].eq(True)]
        told = high["reasons"].str.split("; ")
        assert len(told)
        for three in told:
            ways = [reason.startswith("raises") for reason in three]
            assert len(three) <= 3
            assert ways == sorted(ways, reverse=True)
