import numpy as np
import pandas as pd

from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer


def test_those_who_can_still_be_kept_come_dearest_first() -> None:
    random = np.random.default_rng(3)
    rows = [
        (f"c{customer:03d}", pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(day)), float(random.gamma(2, 30)))
        for customer in range(200)
        for day in np.cumsum(random.exponential(12 + customer % 40, size=int(random.integers(1, 14))))
        if day < 360
    ]
    report = RetentionAnalyzer().analyze_customer_retention(None, pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"]))
    kept = report.at_risk()
    assert len(kept) == report.summary["at_risk"]
    assert (kept["risk"] == "high").all()
    assert (kept["recency_days"] < report.horizon_days).all()
    assert kept["monetary"].is_monotonic_decreasing
    assert report.at_risk(2).equals(kept.head(2))
