"""HTML and tables of the quality page from the scorecard and the quarantine. No widget, no state; every text is escaped."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from apps.kit.cards import empty_state, kpi_card, kpi_row
from apps.kit.words import ago

if TYPE_CHECKING:
    from collections.abc import Hashable

    from cyberpunk_ai.charts.theme import Theme

GOOD, FAIR = 90, 70


def meaning_of(score: float) -> str:
    """Say what a score from 0 to 100 means."""
    return "good" if score >= GOOD else "warning" if score >= FAIR else "failing"


def headline(report: Any, held_back: int | None) -> str:
    """Write the score, what failed, how much was checked and what was held back."""
    failed = report.checks[~report.checks["passed"].astype(bool)]
    critical = int(failed["critical"].astype(bool).sum())
    worst = report.datasets.sort_values("score").iloc[0]
    rows = int(report.datasets["rows"].sum())
    return kpi_row(
        [
            kpi_card("Trust in the data", f"{report.score:.1f}", note="of 100", meaning=meaning_of(report.score)),
            kpi_card(
                "Failed checks", str(len(failed)), note=f"of {len(report.checks)}, {critical} critical",
                meaning="failing" if critical else "warning" if len(failed) else "good",
            ),
            kpi_card("Weakest data set", str(worst["label"]), note=f"score {worst['score']:.0f}", meaning=meaning_of(worst["score"])),
            kpi_card("Rows checked", f"{rows:,}", note=f"{ago(report.at)}, in {report.seconds:.1f} s"),
            kpi_card(
                "Rows held back", "\u2013" if held_back is None else f"{held_back:,}", note="each with its reason",
                meaning="warning" if held_back else "good",
            ),
        ]
    )  # fmt: skip


def checks_of(report: Any, theme: Theme, dataset: str, *, only_failed: bool) -> pd.DataFrame:
    """Return the ledger for reading: what failed first, the costliest on top."""
    rows = report.checks
    if dataset:
        rows = rows[rows["dataset"] == dataset]
    if only_failed:
        rows = rows[~rows["passed"].astype(bool)]
    passed = rows["passed"].astype(bool)
    words = [
        f"{theme.signs['good']} passed" if fine else f"{theme.signs['failing' if bad else 'warning']} {'critical' if bad else 'failed'}"
        for fine, bad in zip(passed, rows["critical"].astype(bool), strict=True)
    ]
    shown = rows.assign(status=words, order=passed).sort_values(["order", "deduction"], ascending=[True, False], kind="stable")
    return shown[["status", "dataset", "check", "message", "failing_rows", "deduction"]].reset_index(drop=True)


def held_back_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the quarantine for reading: where a row came from, why it was held back, and what it said."""
    if rows.empty:
        return pd.DataFrame(columns=["source", "stream", "reason", "row", "seen"])
    seen = pd.to_datetime(rows["first_seen"]).dt.strftime("%Y-%m-%d %H:%M")
    return pd.DataFrame(
        {"source": rows["source"], "stream": rows["stream"], "reason": rows["reason"], "row": rows["payload"].map(_row), "seen": seen}
    ).reset_index(drop=True)


def freshness(report: Any, theme: Theme) -> str:
    """Write one line per data set: score, rows, and the newest value."""
    rows = [_line(each, theme) for each in report.datasets.sort_values("score").to_dict("records")]
    head = '<tr><th>Data set</th><th class="num">Score</th><th class="num">Rows</th><th class="num">Newest</th></tr>'
    return f'<table class="plain"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'


def replayed(report: Any) -> str:
    """Write what came of trying held-back rows again."""
    frame = report.to_frame()
    landed = int(frame["landed"].sum()) if "landed" in frame.columns else None
    said = f"{landed:,} rows landed now." if landed is not None else f"Tried again: {len(frame):,} sources."
    return f'<p class="muted small" role="status">{escape(said)}</p>'


def nothing_held_back() -> str:
    """Write that every row could be taken."""
    return empty_state("No row is held back", "Rows that cannot be taken appear here with the reason; nothing is lost.")


def _line(each: dict[Hashable, Any], theme: Theme) -> str:
    meaning = meaning_of(float(each["score"]))
    newest = each["freshest"]
    when = "\u2013" if pd.isna(newest) else f"{pd.Timestamp(newest):%Y-%m-%d}"
    return (
        f'<tr><td><span class="tone-{meaning}">{theme.signs[meaning]}</span> {escape(str(each["label"]))}</td>'
        f'<td class="num">{float(each["score"]):.0f}</td><td class="num">{int(each["rows"]):,}</td><td class="num">{when}</td></tr>'
    )


def _row(payload: Any) -> str:
    values = payload.get("values", payload) if isinstance(payload, dict) else payload
    return json.dumps(values, ensure_ascii=False, default=str) if isinstance(values, (dict, list)) else str(values)
