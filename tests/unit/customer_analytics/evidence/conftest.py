"""Reports that the tests of this room ask further."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.customer_analytics.results import RetentionReport
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from tests.unit.customer_analytics.builders import orders, shop


def contracts(customers: int = 900, seed: int = 4) -> pd.DataFrame:
    """Customers under contract: short terms and high fees make them leave."""
    rng = np.random.default_rng(seed)
    term = rng.choice(["Month-to-month", "One year", "Two year"], customers, p=[0.55, 0.25, 0.2])
    fee = np.round(rng.uniform(20, 120, customers), 2)
    tenure = rng.integers(1, 72, customers)
    odds = -1.2 + 1.2 * (term == "Month-to-month") - 1.5 * (term == "Two year") + 0.015 * (fee - 70) - 0.02 * (tenure - 30)
    return pd.DataFrame(
        {
            "customerID": [f"k{number:04d}" for number in range(customers)],
            "gender": rng.choice(["Female", "Male"], customers),
            "tenure": tenure,
            "Contract": term,
            "MonthlyCharges": fee,
            "Churn": np.where(rng.random(customers) < 1 / (1 + np.exp(-odds)), "Yes", "No"),
        }
    )


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
