"""Small made-up shops for the tests of this room."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cyberpunk_ai.customer_analytics.reading.frames import read_transactions
from cyberpunk_ai.customer_analytics.reading.ledger import Ledger


def orders(*rows: tuple[str, str, float], order_ids: list[str] | None = None) -> pd.DataFrame:
    """One row per (customer, day, amount)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])
    return frame if order_ids is None else frame.assign(order_id=order_ids)


def ledger_of(*rows: tuple[str, str, float], as_of: str | None = None) -> Ledger:
    return read_transactions(orders(*rows), as_of=as_of)[0]


def shop(customers: int = 400, days: int = 500, seed: int = 3) -> pd.DataFrame:
    """Customers who buy at their own pace until they silently leave."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        pace, leaving, day = rng.gamma(1.2, 0.02), rng.beta(1.0, 4.0), float(rng.uniform(0, days * 0.7))
        while day < days:
            rows.append((f"c{number:04d}", day, rng.gamma(2.0, 20.0)))
            if rng.random() < leaving:
                break
            day += rng.exponential(1 / pace)
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount"])
    return frame.assign(ordered_at=pd.Timestamp("2020-01-01") + pd.to_timedelta(frame.pop("day"), unit="D").dt.floor("s"))


def subscriptions(customers: int = 300, months: int = 18, seed: int = 5) -> pd.DataFrame:
    """Payments every 30 days until the customer stops."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        start = int(rng.integers(0, months * 15))
        paid = int(rng.geometric(0.08))
        for index in range(paid):
            day = start + 30 * index
            if day < months * 30:
                rows.append((f"s{number:03d}", pd.Timestamp("2022-01-01") + pd.Timedelta(days=day), 20.0))
    return pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])


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
