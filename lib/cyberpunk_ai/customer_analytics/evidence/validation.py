"""Whether to trust a report: its held-out figures on the user's own data, each judged, and the verdict in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import TooLittleData
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.customer_analytics.evidence.calibration import calibration
from cyberpunk_ai.customer_analytics.evidence.held_out import held_out_of
from cyberpunk_ai.customer_analytics.evidence.lift import lift_curve
from cyberpunk_ai.customer_analytics.evidence.verdicts import Finding, judge_figures, judge_totals, judge_warnings

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberpunk_ai.customer_analytics.results import RetentionReport

Verdict = Literal["trust", "take the level with care", "take with care", "do not trust", "not tested"]
COLUMNS = ["subject", "figure", "value", "against", "verdict", "meaning"]


@dataclass(frozen=True, eq=False)
class Validation(Result):
    """The held-out figures of a report on the user's own data, and whether to trust it.

    Attributes:
        figures: subject (`test`, `ranking`, `level`, `data`, `totals`), figure, value, against (what it is held against, or missing),
            verdict (`good`, `care`, `bad`, `unknown`), meaning in words.
        verdict: `trust`, `take the level with care`, `take with care`, `do not trust`, `not tested`.
        sentence: Whether to trust it, and why.
        customers: Held-out predictions behind it.
        leavers: How many of them left.
    """

    chart_name: ClassVar[str] = "validation"

    figures: pd.DataFrame
    verdict: Verdict
    sentence: str
    customers: int
    leavers: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per figure."""
        return self.figures

    @property
    def text(self) -> str:
        """The figures as a table of plain text, and the sentence below it."""
        signs = {"good": "+", "care": "!", "bad": "-", "unknown": "?"}
        rows = [
            (signs[row["verdict"]], row["figure"], _short(row["value"]), _short(row["against"]), row["meaning"])
            for row in self.figures.to_dict("records")
        ]
        lines = [("", "held-out figure", "value", "against", "what it means"), *rows]
        wide = [max(len(line[place]) for line in lines) for place in range(4)]
        told = [
            f"{line[0]:<{wide[0]}} {line[1]:<{wide[1]}}  {line[2]:>{wide[2]}}  {line[3]:>{wide[3]}}  {line[4]}".rstrip() for line in lines
        ]
        return "\n".join([*told, "", self.sentence])

    def __str__(self) -> str:
        """Return the table and the sentence."""
        return self.text


def validate(report: RetentionReport, printer: Callable[[str], object] | None = None) -> Validation:
    """Say whether to trust a report, from what it said of customers whose outcome it had not seen.

    Args:
        report: The report.
        printer: Called with the text, such as `print`; nothing is printed when None.
    """
    findings: list[Finding] = []
    customers = leavers = 0
    try:
        held_out = held_out_of(report.held_out)
    except TooLittleData as error:
        findings.append(Finding("test", "held-out customers", 0.0, np.nan, "unknown", error.message))
    else:
        customers, leavers = held_out.size, held_out.leavers
        findings += judge_figures(held_out, lift_curve(report.held_out), calibration(report.held_out), report.validation)
    findings += [*judge_warnings(report.warnings), *judge_totals(report.totals)]
    verdict, sentence = _verdict(findings)
    rows = [[each.subject, each.figure, each.value, each.against, each.verdict, each.meaning] for each in findings]
    found = Validation(pd.DataFrame(rows, columns=COLUMNS), verdict, sentence, customers, leavers)
    if printer is not None:
        printer(found.text)
    return found


def _verdict(findings: list[Finding]) -> tuple[Verdict, str]:
    """The worst of each subject decides; a test too small to tell comes before all else."""
    worst = {subject: _worst([each for each in findings if each.subject == subject]) for subject in ("test", "ranking", "level", "data")}
    totals = _worst([each for each in findings if each.subject == "totals"])
    told = {subject: each.meaning for subject, each in worst.items() if each is not None}
    test, ranking, level, data = (worst[subject] for subject in ("test", "ranking", "level", "data"))
    tail = f" Totals: {totals.meaning}." if totals is not None and totals.verdict != "good" else ""
    if test is None or test.verdict == "unknown":
        reason = told.get("test", "nothing was held out")
        return "not tested", f"Not tested, so take every figure as a guess: {reason}.{tail}"
    if data is not None and data.verdict == "bad":
        return "do not trust", f"Do not trust the score: {data.meaning}.{tail}"
    if ranking is not None and ranking.verdict == "bad":
        return "do not trust", f"Do not trust the score: {ranking.meaning}.{tail}"
    doubts = [each.meaning for each in (test, data, ranking) if each is not None and each.verdict == "care"]
    ranked, levelled = told.get("ranking", ""), told.get("level", "")
    if doubts:
        return "take with care", f"Take the score with care: {'; '.join(doubts)}. Level: {levelled}.{tail}"
    if level is not None and level.verdict != "good":
        return "take the level with care", f"Trust the ranking: {ranked}; take the level with care: {levelled}.{tail}"
    return "trust", f"Trust it: {ranked}, and {levelled}.{tail}"


def _worst(findings: list[Finding]) -> Finding | None:
    order = ["unknown", "bad", "care", "good"]
    return min(findings, key=lambda each: order.index(each.verdict), default=None)


def _short(value: float | None) -> str:
    if value is None or not np.isfinite(value):
        return ""
    return f"{value:,.0f}" if value == int(value) and abs(value) >= 2 else f"{value:.3f}"
