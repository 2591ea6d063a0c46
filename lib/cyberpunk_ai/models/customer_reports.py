"""The retention report as one function that a worker process finds by name. What is in it, `customer_analytics` knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from cyberpunk_ai.models.executors import chunk_runner

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.customer_analytics.reading.ledger import Ledger
    from cyberpunk_ai.customer_analytics.results import Regime, RetentionReport


def analyze(
    ledger: Ledger,
    as_of: pd.Timestamp,
    people: pd.DataFrame | None,
    *,
    horizon_days: int | None,
    regime: Regime | None,
    clusters: bool | int,
    warnings: tuple[str, ...],
    dask_address: str | None,
) -> RetentionReport:
    """Analyse customers.

    Args:
        ledger: Their purchases.
        as_of: Moment to look from.
        people: One row per customer, where anything is known of them.
        horizon_days: As in `RetentionAnalyzer.analyze_ledger`.
        regime: As there.
        clusters: As there.
        warnings: As there.
        dask_address: Of a cluster that scores large chunks; None for this process.
    """
    return RetentionAnalyzer(map_chunks=chunk_runner(dask_address)).analyze_ledger(
        ledger, as_of, customer_data=people, horizon_days=horizon_days, regime=regime, clusters=clusters, warnings=warnings
    )
