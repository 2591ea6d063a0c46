"""The headline says the summary's numbers, and leaves out what is not known."""

from __future__ import annotations

from dataclasses import replace

from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from tests.unit.customer_analytics.builders import shop, subscriptions


def test_headline_says_the_summary_in_sentences() -> None:
    report = RetentionAnalyzer().analyze_customer_retention(None, shop(customers=60), horizon_days=60)
    summary = {"customers": 1_200, "active_customers": 700, "at_risk": 41, "value_at_risk": 12_345.6, "expected_value": 99_000.2}
    assert replace(report, summary=summary).headline == (
        f"On {report.as_of:%Y-%m-%d}, 700 of 1,200 customers are active; "
        "41 of these are more likely than not to buy nothing within 60 days. "
        "Of what the active brought in the last 60 days, 12,346 may not return. "
        "All together are expected to bring 99,000 over the next 60 days."
    )


def test_unknown_money_is_left_out() -> None:
    report = RetentionAnalyzer().analyze_customer_retention(None, subscriptions(customers=80).drop(columns="amount"))
    assert "expected to bring" not in report.headline
    assert f"within {report.horizon_days} days." in report.headline
