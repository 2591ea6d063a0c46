"""Groups that the data itself shows: customers near one another in recency, frequency and money. The rule table beside it needs no data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cyberpunk_ai.core.errors import InvalidArgument, TooLittleData

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.customer_analytics.reading.ledger import FloatArray, IntArray, TextArray

FEWEST, MOST, LIMIT = 2, 6, 50
JUDGED_ROWS, LEARNING_ROWS, STARTS = 3_000, 100_000, 5
FIGURES = ("recency_days", "frequency", "monetary")
# How far the middle of a cluster must lie from that of all customers, in standard deviations, to be worth a word.
WORTH_A_WORD = 0.35
WORDS = {"recency_days": ("recent", "long silent"), "frequency": ("rare", "frequent"), "monetary": ("low value", "high value")}


def cluster_customers(customers: pd.DataFrame, *, clusters: bool | int = True, seed: int = 0) -> tuple[TextArray, pd.DataFrame]:
    """Group customers by recency, frequency and money, each on a logarithmic scale.

    Args:
        customers: Customers of a report: recency_days, frequency, monetary; those that are missing altogether are not used.
        clusters: How many; the number from 2 to 6 with the clearest gaps (silhouette) when True.
        seed: Of samples and starts; the same seed and rows give the same groups.

    Returns:
        The name of each customer's group, shape (n,), and one row per group: cluster, customers, share, and the median of recency_days,
        frequency, monetary and churn_probability; largest first.

    Raises:
        InvalidArgument: The number is not from 2 to 50.
        TooLittleData: There are no customers, or nothing is known of their purchases.

    Source:
        k-means with k-means++ starts; Rousseeuw (1987) for the silhouette.
    """
    if clusters is not True and (isinstance(clusters, bool) or not FEWEST <= clusters <= LIMIT):
        raise InvalidArgument(f"clusters is {clusters!r}", hint=f"give a number from {FEWEST} to {LIMIT}, or True to have it chosen")
    used = [name for name in FIGURES if name in customers and customers[name].notna().any()]
    if not len(customers) or not used:
        raise TooLittleData("there are no purchases to group customers by", hint="clusters need recency and frequency of purchases")
    points = np.column_stack([_scaled(customers[name].to_numpy(dtype=np.float64)) for name in used])
    label = _grouped(points, clusters, seed)
    names = _names(points, label, used)
    table = _table(customers, label, names)
    return np.array(names, dtype=object)[label], table


def _scaled(values: FloatArray) -> FloatArray:
    filled = np.where(np.isnan(values), np.nanmedian(values), values)
    bent = np.sign(filled) * np.log1p(np.abs(filled))
    scaled: FloatArray = (bent - bent.mean()) / max(float(bent.std()), 1e-9)
    return scaled


def _grouped(points: FloatArray, clusters: bool | int, seed: int) -> IntArray:
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    rng = np.random.default_rng(seed)
    learnt_from = points if len(points) <= LEARNING_ROWS else points[np.sort(rng.choice(len(points), LEARNING_ROWS, replace=False))]
    distinct = len(np.unique(learnt_from.round(9), axis=0))
    if distinct < FEWEST:
        return np.zeros(len(points), dtype=np.int64)

    def fit(count: int) -> KMeans:
        return KMeans(count, n_init=STARTS, random_state=seed).fit(learnt_from)

    if clusters is not True:
        return np.asarray(fit(min(clusters, distinct)).predict(points), dtype=np.int64)
    rows = np.sort(rng.choice(len(learnt_from), min(len(learnt_from), JUDGED_ROWS), replace=False))
    best, clearest = None, -np.inf
    for count in range(FEWEST, min(MOST, distinct - 1, len(rows) - 1) + 1):
        model = fit(count)
        told = model.labels_[rows]
        gap = silhouette_score(learnt_from[rows], told) if len(np.unique(told)) > 1 else -np.inf
        if gap > clearest:
            best, clearest = model, gap
    return np.asarray((best or fit(FEWEST)).predict(points), dtype=np.int64)


def _names(points: FloatArray, label: IntArray, used: list[str]) -> list[str]:
    """Say in words how the middle of each group differs from all customers; groups that read alike are numbered."""
    names: list[str] = []
    for group in range(int(label.max()) + 1):
        middle = points[label == group].mean(axis=0) if (label == group).any() else np.zeros(len(used))
        words = [
            WORDS[figure][int(away > 0)] for figure, away in sorted(zip(used, middle, strict=True), key=lambda pair: -abs(pair[1]))
            if abs(away) >= WORTH_A_WORD
        ]  # fmt: skip
        names.append(", ".join(words) or "typical")
    return [name if names.count(name) == 1 else f"{name} {names[: place + 1].count(name)}" for place, name in enumerate(names)]


def _table(customers: pd.DataFrame, label: IntArray, names: list[str]) -> pd.DataFrame:
    shown = [name for name in (*FIGURES, "churn_probability") if name in customers]
    grouped = customers[shown].groupby(label)
    table = grouped.median()
    table.insert(0, "customers", grouped.size())
    table.insert(1, "share", table["customers"] / len(customers))
    table.insert(0, "cluster", [names[group] for group in table.index])
    return table.sort_values(["customers", "cluster"], ascending=[False, True]).reset_index(drop=True)
