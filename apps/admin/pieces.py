"""HTML and tables of the admin page from plain values. No widget, no state; every text is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from apps.kit.cards import empty_state, kpi_card, kpi_row
from apps.kit.words import ago
from cyberpunk_ai.core.numbers import to_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.admin.store import SettingLine
    from cyberpunk_ai.charts.theme import Theme
    from cyberpunk_ai.core.registry import Plugin

FINE = {"ok", "success", "succeeded", "done", "up_to_date", "healthy", "published"}
WAITS = {"running", "partial", "degraded", "claimed", "not_configured", "disabled", ""}


def meaning_of(status: str) -> str:
    """Say what a status means."""
    known = status.lower()
    return "good" if known in FINE else "warning" if known in WAITS else "failing"


def headline(report: Any) -> str:
    """Write how the whole is, and what takes points off."""
    worst = ", ".join(one.component for one in report.deductions) or "nothing is amiss"
    is_well = sum(found["status"] == "healthy" for found in report.components.values())
    return kpi_row(
        [
            kpi_card("Health", f"{report.health_score:.0f}", note=f"of 100, {report.status}", meaning=meaning_of(report.status)),
            kpi_card("Parts that are well", f"{is_well} of {len(report.components)}", note=f"asked {ago(report.timestamp)}"),
            kpi_card("Points off", f"{100 - report.health_score:.0f}", note=worst, meaning="warning" if report.deductions else "good"),
            kpi_card("Version", report.version, note="of Cyberpunk AI"),
        ]
    )


def components(report: Any, theme: Theme) -> str:
    """Write one line per part: its state, how fast it answered, what it says."""
    rows = []
    for name, found in report.components.items():
        meaning = meaning_of(found["status"])
        latency = found["latency_ms"]
        took = "\u2013" if latency is None else f"{latency:.0f} ms"
        rows.append(
            f'<tr><td><span class="tone-{meaning}">{theme.signs[meaning]}</span> {escape(name.replace("_", " "))}</td>'
            f'<td>{escape(found["status"].replace("_", " "))}</td><td class="num">{took}</td>'
            f'<td class="wrap">{escape(found.get("message", ""))}</td></tr>'
        )
    head = '<tr><th>Part</th><th>State</th><th class="num">Answered in</th><th>It says</th></tr>'
    return f'<table class="plain"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'


def settings(lines: Sequence[SettingLine]) -> str:
    """Write every setting with what is in force; what is set stands out."""
    rows = "".join(
        f'<tr title="{escape(line.note)}"><td><code>{escape(line.variable)}</code></td>'
        f'<td class="wrap{" set" if line.is_set else " muted"}">{escape(line.value)}</td></tr>'
        for line in lines
    )
    return f'<table class="plain"><thead><tr><th>Setting</th><th>In force</th></tr></thead><tbody>{rows}</tbody></table>'


def connectors(plugins: Sequence[Plugin], theme: Theme) -> str:
    """Write which kinds of sources there are, and why some cannot be used here."""
    lines = [("good" if each.available else "warning", each.name, each.summary if each.available else each.reason) for each in plugins]
    rows = "".join(
        f'<tr><td><span class="tone-{meaning}">{theme.signs[meaning]}</span> {escape(name)}</td><td class="wrap">{escape(words)}</td></tr>'
        for meaning, name, words in lines
    )
    return f'<table class="plain"><thead><tr><th>Connector</th><th></th></tr></thead><tbody>{rows}</tbody></table>'


def runs_of(frame: pd.DataFrame, theme: Theme) -> pd.DataFrame:
    """Return scheduled runs for reading."""
    return pd.DataFrame(
        {
            "status": [f"{theme.signs[meaning_of(str(each))]} {each}" for each in frame["status"]],
            "pipeline": frame["pipeline"],
            "scheduled": _when(frame["scheduled_for"]),
            "started": _when(frame["started_at"]),
            "finished": _when(frame["finished_at"]),
            "error": frame["error"].map(_error),
        }
    )


def syncs_of(frame: pd.DataFrame, theme: Theme) -> pd.DataFrame:
    """Return synchronisations for reading."""
    return pd.DataFrame(
        {
            "status": [f"{theme.signs[meaning_of(str(each))]} {each}" for each in frame["status"]],
            "source": frame["source"],
            "rows": _count(frame["rows"]),
            "quarantined": _count(frame["quarantined"]),
            "seconds": frame["seconds"].astype(float).round(1),
            "finished": _when(frame["finished_at"]),
            "error": frame["error"].map(_error),
        }
    )


def sources_of(frame: pd.DataFrame, theme: Theme) -> pd.DataFrame:
    """Return sources for reading."""
    status = frame["status"].fillna("never synced").astype(str)
    return pd.DataFrame(
        {
            "status": [f"{theme.signs['warning' if each == 'never synced' else meaning_of(each)]} {each}" for each in status],
            "name": frame["name"],
            "connector": frame["connector"],
            "rows": _count(frame["rows"]),
            "quarantined": _count(frame["quarantined"]),
            "finished": _when(frame["finished_at"]),
            "error": frame["error"].map(_error),
        }
    )


def no_sources() -> str:
    """Write that nothing is connected yet."""
    return empty_state("No source is connected", "Run `cyberpunk demo` for a demo company, or `cyberpunk import FILE` for your own.")


def no_runs() -> str:
    """Write that nothing was run yet."""
    return empty_state("No scheduled run yet", "Run one with `cyberpunk run nightly`; see `cyberpunk run --help`.")


def synced(report: Any) -> str:
    """Write what a synchronisation brought."""
    rows = sum(one.rows for one in report.sources)
    held = sum(one.quarantined for one in report.sources)
    bad = [one.name for one in report.sources if one.error]
    said = f"{len(report.sources)} sources, {rows:,} rows, {held:,} held back."
    failed = f" Failed: {', '.join(bad)}; the reason is in the table." if bad else ""
    return f'<p class="muted small" role="status">{escape(said + failed)}</p>'


def _when(column: pd.Series) -> pd.Series:
    return pd.to_datetime(column).dt.strftime("%Y-%m-%d %H:%M").fillna("\u2013")


def _count(column: pd.Series) -> pd.Series:
    return to_numbers(column).map(lambda each: "\u2013" if each != each else f"{each:,.0f}")  # noqa: PLR0124 - NaN


def _error(value: Any) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN is what differs from itself
        return ""
    return str(value.get("message", value)) if isinstance(value, dict) else str(value)
