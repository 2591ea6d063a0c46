"""HTML and tables of the explore page from a query's answer. No widget, no state; every text is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from apps.kit.cards import kpi_card, kpi_row
from apps.kit.words import number

if TYPE_CHECKING:
    from collections.abc import Mapping


def about(description: str) -> str:
    """Write what a metric means."""
    return f'<p class="muted small">{escape(description)}</p>'


def headline(answer: Any) -> str:
    """Write the total, what it is compared with, and the largest slice."""
    period = answer.period
    compared = "" if answer.comparison is None else "than before"
    cards = [
        kpi_card(
            answer.label, number(answer.total, answer.unit), delta=answer.change, good=answer.good_direction, note=compared or str(period)
        )
    ]
    if answer.previous is not None:
        cards.append(kpi_card("Before", number(answer.previous, answer.unit), note=str(answer.comparison)))
    if answer.by and not answer.grain and len(answer.frame):
        top = answer.frame.sort_values(answer.metric, ascending=False).iloc[0]
        name = " · ".join(str(top[each]) for each in answer.by)
        cards.append(kpi_card(f"Largest of {answer.rows:,}", number(float(top[answer.metric]), answer.unit), note=name))
    return kpi_row(cards)


def titles(answer: Any, labels: Mapping[str, str]) -> dict[str, str]:
    """Name the columns of the table for people."""
    named: dict[str, str] = {"period": "Period"} if answer.grain else {}
    named |= {each: labels.get(each, each) for each in answer.by}
    for metric in answer.metrics:
        label = answer.labels.get(metric, metric)
        named |= {metric: label, f"{metric}_previous": f"{label} before", f"{metric}_change": "Change"}
    return {name: title for name, title in named.items() if name in answer.frame.columns}


def written(frame: pd.DataFrame, answer: Any) -> pd.DataFrame:
    """Write values for people; the download keeps the full numbers."""
    shown = frame.copy()
    if "period" in shown.columns:
        shown["period"] = pd.to_datetime(shown["period"]).dt.strftime("%Y-%m-%d")
    for metric in answer.metrics:
        for name in (metric, f"{metric}_previous"):
            if name in shown.columns:
                shown[name] = shown[name].astype(float)
        if f"{metric}_change" in shown.columns:
            shown[f"{metric}_change"] = shown[f"{metric}_change"].astype(float)
    return shown


def formats(answer: Any) -> dict[str, Any]:
    """Say how the columns of numbers are written, so that they still sort as numbers."""
    from bokeh.models.widgets.tables import NumberFormatter

    named: dict[str, Any] = {}
    for metric in answer.metrics:
        is_part = answer.units.get(metric, answer.unit) in ("percent", "ratio", "share", "rate")
        whole = NumberFormatter(format="0.0 %" if is_part else "0,0" if abs(answer.total or 0) >= 100 else "0,0.00")
        named |= {metric: whole, f"{metric}_previous": whole, f"{metric}_change": NumberFormatter(format="+0.0 %")}
    return named


def table_hint(answer: Any, *, can_drill: bool, most: int) -> str:
    """Say what a click does and what is not shown."""
    said = "Click a row to look inside it; the label above takes it back. " if can_drill else ""
    cut = f"The first {most:,} of {answer.rows:,} rows; the download has the same." if answer.rows > most else ""
    notes = " ".join(escape(each) for each in answer.notes)
    return f'<p class="muted small">{said}{cut} {notes}</p>'


def sql(answer: Any) -> str:
    """Write the statement that answered, with its parameters."""
    values = "".join(f"<dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd>" for name, value in answer.parameters.items())
    return (
        f'<details class="sql"><summary>SQL that answered</summary><pre tabindex="0">{escape(answer.sql)}</pre>'
        f'<dl class="facts left">{values}</dl></details>'
    )
