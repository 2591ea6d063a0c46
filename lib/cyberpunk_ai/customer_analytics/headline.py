"""The report in a few sentences, for a reader who reads no further. Every number is one of the report's summary."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyberpunk_ai.customer_analytics.results import RetentionReport


def headline_of(report: RetentionReport) -> str:
    """Say who is about to leave and what that is worth.

    Args:
        report: The report; what it does not know is left out.
    """
    said, days = report.summary, f"{report.horizon_days:,} days"
    leave = "leave" if report.regime == "contractual" else "buy nothing"
    parts = [
        f"On {report.as_of:%Y-%m-%d}, {said['active_customers']:,} of {said['customers']:,} customers are active; "
        f"{said['at_risk']:,} of these are more likely than not to {leave} within {days}."
    ]
    if _is_known(said.get("value_at_risk")):
        parts.append(f"Of what the active brought in the last {days}, {said['value_at_risk']:,.0f} may not return.")
    if _is_known(said.get("expected_value")):
        parts.append(f"All together are expected to bring {said['expected_value']:,.0f} over the next {days}.")
    return " ".join(parts)


def _is_known(value: Any) -> bool:
    return value is not None and not math.isnan(value)
