"""Reports that the tests of this room ask further."""

from __future__ import annotations

import pytest

from cyberpunk_ai.customer_analytics.results import RetentionReport
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from tests.unit.customer_analytics.builders import contracts, orders, shop


@pytest.fixture(scope="package")
def shop_report() -> RetentionReport:
    return RetentionAnalyzer().analyze_customer_retention(None, shop(customers=700), horizon_days=60)


@pytest.fixture(scope="package")
def contract_report() -> RetentionReport:
    return RetentionAnalyzer().analyze_customer_retention(contracts(), None)


@pytest.fixture(scope="package")
def untested_report() -> RetentionReport:
    """Too little of everything: no model is learnt, nothing is held out."""
    return RetentionAnalyzer().analyze_customer_retention(
        None, orders(("a", "2024-01-01", 5.0), ("b", "2024-02-01", 7.0), ("a", "2024-03-01", 6.0))
    )
