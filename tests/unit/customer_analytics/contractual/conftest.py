"""Made-up contracts whose reasons for leaving are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.customer_analytics.results import RetentionReport
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer


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
            "tenure": tenure,
            "Contract": term,
            "MonthlyCharges": fee,
            "Churn": np.where(rng.random(customers) < 1 / (1 + np.exp(-odds)), "Yes", "No"),
        }
    )


def analyse(customers: pd.DataFrame, transactions: pd.DataFrame | None = None, **options) -> RetentionReport:
    return RetentionAnalyzer().analyze_customer_retention(customers, transactions, **options)


@pytest.fixture(scope="package")
def report() -> RetentionReport:
    return analyse(contracts())
