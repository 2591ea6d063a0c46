"""Accuracy of customer analytics on public customers: `python -m tests.accuracy.retention --data DIR [--sets NAME …] [--json FILE]`.

Every set of that layout in DIR is analysed through `RetentionAnalyzer` as of a past day and compared with what then came, beside peers
measured on the same rows in the same run. A set that is not there is said and left out.
"""

from __future__ import annotations

import argparse
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.customer_analytics.lifetime_value.bg_nbd import fit_purchases, histories_of
from cyberpunk_ai.customer_analytics.lifetime_value.gamma_gamma import fit_spend
from cyberpunk_ai.customer_analytics.reading.frames import read_transactions
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from tests.accuracy import retention_peers as peers
from tests.accuracy.retention_sets import CONTRACTS, SHOPS, Shop
from tests.accuracy.rows import Row, judged, line, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cyberpunk_ai.customer_analytics.results import RetentionReport

LEAK = 0.865
# Least asked and what would please: AUC, precision-recall, Brier, calibration error, lift of the first tenth.
CONTRACT_TARGETS: dict[str, dict[str, tuple[float, float]]] = {
    "telco": {"auc": (0.848, 0.850), "pr": (0.663, 0.672), "brier": (0.1345, 0.1330), "ece": (0.012, 0.008), "lift": (2.85, 2.90)},
    "bigml": {"auc": (0.915, 0.920), "pr": (0.86, 0.88), "brier": (0.042, 0.037)},
}
SHOP_TARGETS: dict[str, dict[str, tuple[float, float]]] = {
    "online_retail": {"auc": (0.725, 0.735), "ece": (0.08, 0.04), "gini": (0.774, 0.795)},
    "cdnow": {"auc": (0.835, 0.840), "ece": (0.02, 0.015), "gini": (0.769, 0.785)},
    "complete_journey": {"auc": (0.890, 0.897), "ece": (0.03, 0.02), "gini": (0.845, 0.878)},
}
MEASURES: dict[str, tuple[str, str]] = {
    "auc": ("AUC", "higher"), "pr": ("average precision", "higher"), "brier": ("Brier score", "lower"),
    "ece": ("calibration error", "lower"), "lift": ("lift of the first tenth", "higher"),
}  # fmt: skip


def scores(left: np.ndarray, chance: np.ndarray) -> dict[str, float]:
    """Return every measure of a churn score."""
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    groups = np.array_split(np.argsort(chance, kind="stable"), 10)
    first = np.argsort(-chance, kind="stable")[: max(round(len(left) / 10), 1)]
    return {
        "auc": float(roc_auc_score(left, chance)),
        "pr": float(average_precision_score(left, chance)),
        "brier": float(brier_score_loss(left, chance)),
        "ece": float(sum(abs(chance[each].mean() - left[each].mean()) * len(each) for each in groups) / len(left)),
        "lift": float(left[first].mean() / left.mean()),
    }


def held_out_scores(report: RetentionReport) -> dict[str, float]:
    """Return every measure of the churn score on customers whose outcome the model had not seen."""
    held = report.held_out
    return scores(held["left"].to_numpy(dtype=float), held["probability"].to_numpy(dtype=float))


def contract_rows(name: str, customers: pd.DataFrame) -> Iterable[Row]:
    """Churn among contracts, out of fold, from the report's held-out scores."""
    report = RetentionAnalyzer().analyze_customer_retention(customers, None)
    ours = held_out_scores(report)
    fields = customers.drop(columns=["Churn", *(each for each in ("customerID", "customer_id") if each in customers)])
    left = customers["Churn"].isin(["Yes", True]).to_numpy(dtype=float)
    theirs = {"splines": scores(left, peers.spline_logistic(fields, left)), "XGBoost": scores(left, peers.boosted_trees(fields, left))}
    for key, (must, stretch) in CONTRACT_TARGETS[name].items():
        label, better = MEASURES[key]
        pick = max if better == "higher" else min
        best = pick(theirs, key=lambda who: theirs[who][key])
        yield judged(f"{name}: {label}", "5-fold out of fold", ours[key], must, stretch, better=better, peer=(theirs[best][key], best))
    if name == "telco":
        from tests.accuracy.retention_survival import survival_rows

        yield from survival_rows(name, customers)
        yield judged("telco: no leak (AUC)", "5-fold out of fold", ours["auc"], LEAK, better="lower")


def analysed(shop: Shop) -> RetentionReport:
    """Return the report as of the shop's past day."""
    return RetentionAnalyzer().analyze_customer_retention(shop.customers, shop.raw, as_of=shop.as_of, horizon_days=shop.horizon_days)


def churn_rows(shop: Shop, report: RetentionReport) -> Iterable[Row]:
    """Who stayed away for the whole horizon, against recency and the closed form of BG/NBD alone."""
    targets = SHOP_TARGETS[shop.name]
    customers = report.customers
    left = (shop.purchase_days.reindex(customers["customer_id"], fill_value=0) == 0).to_numpy(dtype=float)
    ours = scores(left, customers["churn_probability"].to_numpy(dtype=float))
    ledger, _, _ = read_transactions(shop.raw, as_of=shop.as_of)
    model = fit_purchases(*histories_of(ledger))
    closed = scores(left, model.probability_silent(*histories_of(ledger), float(shop.horizon_days)))
    recency = scores(left, customers["recency_days"].to_numpy(dtype=float) / 1e4)
    baselines = {"recency": recency["auc"], "BG/NBD": closed["auc"]}
    best = max(baselines, key=lambda who: baselines[who])
    unit = f"{shop.horizon_days} days"
    yield judged(f"{shop.name}: AUC of later silence", unit, ours["auc"], *targets["auc"], peer=(baselines[best], best))
    yield judged(f"{shop.name}: AUC ahead of recency and BG/NBD", unit, ours["auc"] - baselines[best], None, 0.0)
    yield judged(f"{shop.name}: calibration error", unit, ours["ece"], *targets["ece"], better="lower", peer=(closed["ece"], "BG/NBD"))


def value_rows(shop: Shop, report: RetentionReport, *, beside_peers: bool = True) -> Iterable[Row]:
    """Order and interval of the value of each customer."""
    customers = report.customers
    actual = shop.revenue.reindex(customers["customer_id"], fill_value=0.0).to_numpy()
    unit = f"{shop.horizon_days} days"
    if shop.name in SHOP_TARGETS:
        theirs = peers.lifetimes_forecast(shop) if beside_peers else None
        peer = None
        if theirs is not None:
            peer = (gini(theirs["value"].reindex(customers["customer_id"]).fillna(0.0).to_numpy(), actual), "lifetimes")
        ours = gini(customers["lifetime_value"].to_numpy(), actual)
        yield judged(f"{shop.name}: normalised Gini of value", unit, ours, *SHOP_TARGETS[shop.name]["gini"], peer=peer)
    lo, hi = customers["lifetime_value_lo"].to_numpy(), customers["lifetime_value_hi"].to_numpy()
    inside = (actual >= lo - 0.005) & (actual <= hi + 0.005)
    yield judged(f"{shop.name}: 80% interval per customer holds", "share", inside.mean(), (0.78, 0.93), (0.78, 0.88))


def gini(predicted: np.ndarray, actual: np.ndarray) -> float:
    """Return the normalised Gini: 1 where the prediction orders customers as the actual value does."""

    def area(order: np.ndarray) -> float:
        return float((np.cumsum(actual[order]) / actual.sum()).mean() - 0.5)

    return area(np.argsort(-predicted, kind="stable")) / area(np.argsort(-actual, kind="stable"))


def revenue_rows(shop: Shop, report: RetentionReport) -> Iterable[Row]:
    """Net and gross revenue retention and kept customers of the newest month, against sums worked out in plain pandas."""
    if not len(report.revenue_retention):
        return
    newest = report.revenue_retention.iloc[-1]
    month, window = pd.Timestamp(newest["month"]).to_period("M"), int(newest["window_months"])
    months = shop.rows["ordered_at"].dt.to_period("M")

    def sums(first: pd.Period, last: pd.Period) -> pd.Series:
        return shop.rows[(months >= first) & (months <= last)].groupby("customer_id")["amount"].sum().round(6)

    before = sums(month - 2 * window + 1, month - window)
    before = before[before > 0]
    now = sums(month - window + 1, month).reindex(before.index, fill_value=0.0).clip(lower=0.0)
    plain = {
        "nrr": now.sum() / before.sum(),
        "grr": np.minimum(now, before).sum() / before.sum(),
        "logo_retention": (now > 0).mean(),
    }
    for name, value in plain.items():
        away = abs(float(newest[name]) - float(value))
        yield judged(f"{shop.name}: {name} of the newest month, distance to plain pandas", "share", away, 1e-6, 1e-9, better="lower")


def totals_hold(shop: Shop, report: RetentionReport) -> dict[str, bool]:
    """Return whether the interval of each total held what came, for the customers of the report."""
    ids = report.customers["customer_id"]
    actual = {"revenue": float(shop.revenue.reindex(ids).sum()), "purchases": float(shop.purchase_days.reindex(ids).sum())}
    found = report.totals.set_index("what") if len(report.totals) else report.totals
    return {
        what: bool(found.loc[what, "lo"] <= value <= found.loc[what, "hi"])
        for what, value in actual.items()
        if what in found.index and abs(float(found.loc[what, "level"]) - 0.9) < 1e-9
    }


def sample_rows(shop: Shop, report: RetentionReport) -> Iterable[Row]:
    """The published sample: parameters, likelihood, and 39 weeks foreseen, beside `lifetimes` and the naive pace."""
    ledger, _, _ = read_transactions(shop.raw, as_of=shop.as_of)
    x, t_x, age = histories_of(ledger)
    model = fit_purchases(x, t_x / 7, age / 7)
    theirs, likelihood = peers.lifetimes_parameters(x, t_x / 7, age / 7)
    for name, published in (("r", 0.2426), ("alpha", 4.4136), ("a", 0.7929), ("b", 2.4259)):
        row = f"BG/NBD {name}: distance to the published {published}"
        yield judged(
            row, "weeks", abs(getattr(model, name) - published), 0.001, better="lower", peer=(abs(theirs[name] - published), "lifetimes")
        )
    errors = list(model.standard_errors.values())
    is_known = float(np.mean(np.isfinite(errors) & (np.array(errors) > 0))) if errors else 0.0
    yield judged("BG/NBD: parameters with a standard error reported", "share of 4", is_known if len(errors) == 4 else 0.0, 1.0)
    # The published figure has two decimals.
    yield judged("BG/NBD log-likelihood", "weeks", round(model.log_likelihood, 2), -9582.43, peer=(likelihood, "lifetimes"))
    is_repeat = np.ones(len(ledger.day), dtype=bool)
    is_repeat[ledger.first_row] = False
    mean = np.bincount(ledger.buyer[is_repeat], weights=ledger.amount[is_repeat], minlength=ledger.size) / np.maximum(x, 1)
    spend = fit_spend(x, mean)
    for name, published in (("p", 6.25), ("q", 3.744), ("v", 15.444)):
        row = f"Gamma-Gamma {name}: distance to the published {published}"
        yield judged(row, "repeat purchases", abs(getattr(spend, name) - published), 0.002, better="lower")
    ids = report.customers["customer_id"]
    actual = shop.purchase_days.reindex(ids, fill_value=0).to_numpy(dtype=float)
    naive = np.divide(x, age, out=np.zeros_like(x), where=age > 0) * shop.horizon_days
    other = peers.lifetimes_forecast(shop)
    others = {"naive pace": naive}
    if other is not None:
        others["lifetimes"] = other["expected_purchases"].reindex(ids).to_numpy()
    expected = report.customers["expected_purchases"].to_numpy()
    for who, guess in others.items():
        peer_total, peer_mae = abs(guess.sum() / actual.sum() - 1), float(np.abs(guess - actual).mean())
        total, mae = abs(expected.sum() / actual.sum() - 1), float(np.abs(expected - actual).mean())
        yield judged(
            f"cdnow_sample: total of 39 weeks, error beside {who}", "share", total, 0.125, 0.115, better="lower", peer=(peer_total, who)
        )
        yield judged(f"cdnow_sample: MAE of 39 weeks beside {who}", "purchases", mae, 0.79, 0.755, better="lower", peer=(peer_mae, who))


def edge_rows() -> Iterable[Row]:
    """How many kinds of ugly but legal purchases raise an exception."""
    once = pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in range(100)],
            "ordered_at": [f"2024-{1 + number % 9:02d}-15" for number in range(100)],
            "amount": 10.0,
        }
    )
    refunds = once.assign(amount=-25.0, ordered_at="2024-11-01")
    cases = {
        "one customer": once.head(1),
        "all one-time buyers": once,
        "zero spend": once.assign(amount=0.0),
        "refunds larger than sales": pd.concat([once, refunds]),
        "no amounts": once.drop(columns="amount"),
        "identical customers": pd.concat([once.assign(ordered_at=day) for day in ("2024-01-15", "2024-03-01", "2024-06-09")]),
    }
    failed = 0
    for rows in cases.values():
        try:
            report = RetentionAnalyzer().analyze_customer_retention(None, rows)
            failed += not report.customers["churn_probability"].between(0, 1).all()
        except Exception:
            failed += 1
    yield judged(f"edge cases: exceptions in {len(cases)} kinds of ugly purchases", "kinds", failed, 0, better="lower")


def run(folder: Path, names: Iterable[str], say: Callable[[str], None]) -> list[Row]:
    """Measure the named sets that lie in the folder.

    Args:
        folder: Laid out like the public customer data.
        names: Sets to measure.
        say: Told each row as it is known, and what is left out.
    """
    rows: list[Row] = []

    def keep(found: Iterable[Row]) -> None:
        for row in found:
            rows.append(row)
            say(line(row))

    held: dict[str, list[bool]] = {"revenue": [], "purchases": []}
    for name in names:
        try:
            loaded = CONTRACTS[name](folder) if name in CONTRACTS else SHOPS[name](folder)
        except FileNotFoundError as missing:
            say(f"{name} is left out: {missing.filename} is not there")
            continue
        if name in CONTRACTS:
            keep(contract_rows(name, loaded))
            continue
        report = analysed(loaded)
        if name in SHOP_TARGETS:
            keep(churn_rows(loaded, report))
        keep(value_rows(loaded, report))
        keep(revenue_rows(loaded, report))
        for what, is_held in totals_hold(loaded, report).items():
            held[what].append(is_held)
        if name == "cdnow_sample":
            keep(sample_rows(loaded, report))
    keep(edge_rows())
    for what, each in held.items():
        if each:
            least, pleasing = ceil(0.6 * len(each)), ceil(0.8 * len(each))
            keep([judged(f"90% interval of total {what} holds", f"sets of {len(each)}", sum(each), least, pleasing)])
    return rows


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder laid out like the public customer data")
    parser.add_argument("--sets", nargs="*", choices=[*CONTRACTS, *SHOPS], help="sets to measure; all of them where absent")
    parser.add_argument("--json", type=Path, help="write the rows here")
    chosen = parser.parse_args()
    rows = run(chosen.data, chosen.sets or [*CONTRACTS, *SHOPS], lambda text: print(text, flush=True))
    missed = [row.what for row in rows if row.ok is False]
    print(f"{len(rows)} rows, {len(missed)} below what is asked" + (f": {', '.join(missed)}" if missed else ""))
    if chosen.json:
        write(rows, chosen.json)


if __name__ == "__main__":
    main()
