"""The rules by which held-out figures are judged. Each figure gets its verdict from its own scatter, not from a fixed mark alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cyberpunk_ai.customer_analytics.evidence.calibration import FELT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from cyberpunk_ai.customer_analytics.evidence.calibration import Calibration
    from cyberpunk_ai.customer_analytics.evidence.held_out import HeldOut
    from cyberpunk_ai.customer_analytics.evidence.lift import LiftCurve

Mark = Literal["good", "care", "bad", "unknown"]
FEW, ENOUGH = 30, 100  # of the rarer outcome
TOO_GOOD = 0.98
LEVEL_CARE, LEVEL_BAD = FELT, 0.06  # beyond what chance alone makes
WIDE = 1.0  # width of the interval of a total, in units of the total
BASELINES = {"auc_recency_only": "days since the last purchase alone", "auc_bg_nbd": "the purchase model alone"}
LEAK_WORDS = ("knows the outcome", "know the outcome", "leak", "ranks almost perfectly")
DRIFT_WORDS, PROXY_WORDS = ("drift", "moves with time"), ("in disguise",)


@dataclass(frozen=True)
class Finding:
    """One figure with its verdict.

    Attributes:
        subject: `test`, `ranking`, `level`, `data` or `totals`.
        figure: Its name.
        value: The figure.
        against: What it is held against, or NaN.
        verdict: `good`, `care`, `bad` or `unknown`.
        meaning: In words, to stand within a sentence.
    """

    subject: str
    figure: str
    value: float
    against: float
    verdict: Mark
    meaning: str


def judge_figures(held_out: HeldOut, lift: LiftCurve, level: Calibration, validation: Mapping[str, Any]) -> list[Finding]:
    """Judge size of the test, ranking and level.

    Args:
        held_out: Predictions with outcomes.
        lift: Their lift.
        level: Their calibration.
        validation: Figures of the report, for the baselines on the same customers.
    """
    return [_size(held_out), *_ranking(held_out, lift, validation), *_level(level)]


def judge_warnings(warnings: Iterable[str]) -> list[Finding]:
    """Judge what the report warned of: fields that know the outcome, and drift."""
    findings = []
    for warning in warnings:
        # A suspect that was left out did no harm; the figures were made without it.
        told, is_gone = warning.lower(), "not used" in warning or "left out" in warning
        if any(word in told for word in LEAK_WORDS):
            findings.append(Finding("data", "leak suspect", np.nan, np.nan, "good" if is_gone else "care", warning.rstrip(".")))
        elif any(word in told for word in PROXY_WORDS):
            # It tells how long a customer stayed, which a score of who leaves may know; curves of how long they stay may not.
            findings.append(Finding("data", "tenure in disguise", np.nan, np.nan, "good", warning.rstrip(".")))
        elif any(word in told for word in DRIFT_WORDS):
            findings.append(Finding("data", "drift", np.nan, np.nan, "care", warning.rstrip(".")))
    return findings


def judge_totals(totals: pd.DataFrame) -> list[Finding]:
    """Judge the totals: whether past totals were told, and how wide the intervals are that follow from them."""
    return [_total(row) for row in totals.to_dict("records")]


def _total(row: Mapping[Any, Any]) -> Finding:
    expected, lo, hi = (float(row[name]) for name in ("expected", "lo", "hi"))
    note = str(row["note"]) if row.get("note") else f"{row['what']} are {row['status']}"
    if row["status"] != "validated":
        return Finding("totals", f"expected {row['what']}", expected, np.nan, "care", f"{row['what']} not validated, {note}")
    if hi - lo > WIDE * abs(expected):
        note = f"{row['what']} may lie anywhere from {lo:,.0f} to {hi:,.0f}, as {note}"
        return Finding("totals", f"expected {row['what']}", expected, np.nan, "care", note)
    return Finding("totals", f"expected {row['what']}", expected, np.nan, "good", note)


def auc_error(auc: float, left: int, stayed: int) -> float:
    """Return the standard error of an area under the curve.

    Source:
        Hanley & McNeil (1982), The Meaning and Use of the Area under a Receiver Operating Characteristic Curve.
    """
    first, second = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (left - 1) * (first - auc**2) + (stayed - 1) * (second - auc**2)
    return float(np.sqrt(max(spread, 0.0) / (left * stayed)))


def _size(held_out: HeldOut) -> Finding:
    rarer = min(held_out.leavers, held_out.size - held_out.leavers)
    told = f"tested on {held_out.size:,} customers, {held_out.leavers:,} of whom left"
    verdict: Mark = "good" if rarer >= ENOUGH else "care" if rarer >= FEW else "unknown"
    few = f", and fewer than {ENOUGH if verdict == 'care' else FEW} of either kind is {'little' if verdict == 'care' else 'too little'}"
    return Finding("test", "held-out customers", float(held_out.size), np.nan, verdict, told if verdict == "good" else told + few)


def _ranking(held_out: HeldOut, lift: LiftCurve, validation: Mapping[str, Any]) -> list[Finding]:
    error = auc_error(lift.auc, held_out.leavers, held_out.size - held_out.leavers)
    told = f"one who leaves scores above one who stays in {lift.auc:.0%} of pairs"
    verdict: Mark = "good" if lift.auc - 2 * error > 0.6 else "care" if lift.auc - 2 * error > 0.5 else "bad"
    if verdict != "good":
        told += ", hardly better than a coin" if verdict == "care" else ", no better than a coin"
    if lift.auc > TOO_GOOD:
        verdict, told = "care", f"{told}, which is too good: look for a column that knows the outcome"
    findings = [Finding("ranking", "AUC", lift.auc, 0.5, verdict, told)]
    for name, words in BASELINES.items():
        base = validation.get(name)
        if base is None or not np.isfinite(base):
            continue
        # Both rank the same customers, so their errors move together: half the error of one is a cautious error of the difference.
        ahead: Mark = "good" if lift.auc >= base - error / 2 else "care"
        ranks = "above" if lift.auc > base else "as well as" if ahead == "good" else "below"
        meaning = f"it ranks {ranks} {words} (AUC {lift.auc:.2f}, {base:.2f})"
        findings.append(Finding("ranking", f"AUC against {words}", lift.auc, float(base), ahead, meaning))
    lifted: Mark = "good" if lift.lift_at_top > 1.1 else "care"
    reached = f"the top tenth holds {lift.reached_at_top:.0%} of those who left"
    # With more than one in ten leaving, a perfect score cannot lift a tenth above 1 / rate.
    if lift.churn_rate > 0.5:
        lifted = "good"
    findings.append(Finding("ranking", "lift of the top tenth", lift.lift_at_top, min(10.0, 1 / lift.churn_rate), lifted, reached))
    return findings


def _level(level: Calibration) -> list[Finding]:
    beyond = level.ece - level.ece_by_chance
    verdict: Mark = "good" if beyond <= LEVEL_CARE else "care" if beyond <= LEVEL_BAD else "bad"
    told = f"said and seen differ by {level.ece * 100:.1f} points"
    apart = abs(level.predicted_rate - level.churn_rate)
    scatter = float(np.sqrt(level.churn_rate * (1 - level.churn_rate) / level.customers))
    total: Mark = "good" if apart <= LEVEL_CARE + 2 * scatter else "care" if apart <= LEVEL_BAD + 2 * scatter else "bad"
    rates = f"{level.predicted_rate:.1%} were expected to leave and {level.churn_rate:.1%} did"
    skill: Mark = "good" if level.brier < level.brier_constant else "care"
    shaped: Mark = "unknown" if not np.isfinite(level.slope) else "good" if 0.8 <= level.slope <= 1.25 else "care"
    slope = {"good": "chances are spread as they should be", "unknown": "all chances are alike"}.get(
        shaped, "chances are too extreme" if level.slope < 1 else "chances are too timid"
    )
    return [
        Finding("level", "expected to leave", level.predicted_rate, level.churn_rate, total, rates),
        Finding("level", "calibration error", level.ece, level.ece_by_chance, verdict, told),
        Finding("level", "slope of the log odds", level.slope, 1.0, "care" if shaped == "unknown" else shaped, slope),
        Finding(
            "level",
            "Brier score",
            level.brier,
            level.brier_constant,
            skill,
            "chances are nearer the outcomes than the common share is" if skill == "good" else "the common share is as near the outcomes",
        ),
    ]
