"""HTML of the cockpit from plain values: cards, selection, ticker, syncs, status line. No widget, no state; every text is escaped."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from apps.cockpit.store import city_values, kpi_note
from apps.kit.cards import empty_state, kpi_card, kpi_row
from apps.kit.words import ago, change, number, signed_percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from apps.cockpit.store import CityData, Kpi
    from cyberpunk_ai.charts.city_layout import Building
    from cyberpunk_ai.charts.live import Snapshot
    from cyberpunk_ai.charts.theme import Theme

WORDS = {"measured": "steady", "good": "growing", "warning": "slipping", "failing": "falling", "predicted": "expected"}
FINE = {"ok", "success", "succeeded", "done", "up_to_date"}


def cards(kpis: Sequence[Kpi]) -> str:
    """Write the row of headline numbers."""
    return kpi_row(
        [
            kpi_card(kpi.label, number(kpi.value, kpi.unit), delta=kpi.change, good=kpi.good, note=kpi_note(kpi), series=kpi.series)
            for kpi in kpis
        ]
    )


def live_card(live: Snapshot) -> str:
    """Write the card of the stream: events per second, waiting events, and the last minute as a line."""
    note = "no events yet" if live.last_event_ms is None else f"{live.lag} waiting · last {ago(_moment(live.last_event_ms))}"
    card = kpi_card(
        "Live events per second",
        f"{live.rate:.1f}" if live.rate < 100 else f"{live.rate:.0f}",
        note=note,
        series=live.history,
        meaning="good live",
    )
    return kpi_row([card])


def legend(city: CityData, theme: Theme, *, is_flat: bool = False, has_link: bool = True) -> str:
    """Write what the signs of the city mean, with how many buildings carry each."""
    counts = {status: sum(one.status == status for one in city.buildings) for status in ("good", "measured", "warning", "failing")}
    rules = {"good": "growing ≥ 5 %", "measured": "steady", "warning": "slipping ≥ 5 %", "failing": "falling ≥ 20 %"}
    items = [
        f'<span><i class="tone-{status}">{theme.signs[status] if status != "measured" else "■"}</i>{rules[status]} ({count})</span>'
        for status, count in counts.items()
    ]
    other = f'<a href="?theme={theme.name}&amp;view={"city" if is_flat else "flat"}">{"3D city" if is_flat else "Flat chart"}</a>'
    other = other if has_link else ""
    return f'<div class="citybar">{"".join(items)}<span>vs the year before · beam: live order · click a building</span>{other}</div>'


def overview(city: CityData, live: Mapping[tuple[str, ...], float]) -> str:
    """Write the tallest buildings, for when none is selected."""
    values = city_values(city, live)
    ranked = sorted(zip(values, city.buildings, strict=True), key=lambda pair: -pair[0])[:15]
    top = ranked[0][0] or 1.0
    rows = []
    for value, one in ranked:
        moved = change(value, city.previous.get(one.entity))
        tone = "even" if moved is None else "good" if moved > 0 else "failing"
        place = f" <small>{escape(one.district)}</small>" if one.district else ""
        delta = "" if moved is None else f'<span class="delta {tone}">{signed_percent(moved)}</span>'
        rows.append(
            f'<li style="--share:{max(value / top, 0) * 100:.1f}%"><span class="name">{escape(one.label)}{place}</span>'
            f"<span>{number(value, city.unit)}</span>{delta}</li>"
        )
    left = f" {city.left_out} smaller ones are not drawn." if city.left_out else ""
    note = f"{escape(city.label)}, {escape(city.period)}.{left}"
    return f'<div class="pick"><div class="where">{note}</div><ol class="rank">{"".join(rows)}</ol></div>'


def selection(one: Building, city: CityData, live: Mapping[tuple[str, ...], float], theme: Theme, *, has_links: bool = True) -> str:
    """Write the facts of one building."""
    place = [each.entity for each in city.buildings].index(one.entity)
    values = city_values(city, live)
    value, previous = values[place], city.previous.get(one.entity)
    rank = sorted(values, reverse=True).index(value) + 1
    facts = {
        city.label: number(value, city.unit),
        "Year before": number(previous, city.unit),
        "Change": signed_percent(change(value, previous)),
        "Share of all": number(value / city.total if city.total else None, "percent"),
        "Rank": f"{rank} of {len(values)}",
        "Since this page's numbers": f"+ {number(value - one.value, city.unit)}"
        if value >= one.value
        else number(value - one.value, city.unit),
    }
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts.items())
    sign = f'<span class="tone-{one.status}">{theme.signs[one.status]} {WORDS[one.status]}</span>'
    return (
        f'<div class="pick"><h3>{escape(one.label)}</h3><div class="where">{escape(one.district)} {sign}</div><dl class="facts">{rows}</dl>'
        f"{_inside(one, city) if has_links else ''}"
        f'<p class="hint">{escape(city.period)}. Click beside the city to go back to the list.</p></div>'
    )


def _inside(one: Building, city: CityData) -> str:
    """Link to what is inside a building: its products, and the customers who bought there."""
    where = json.dumps({name: [value] for name, value in zip(city.dimensions, one.entity.split("|"), strict=True)}, separators=(",", ":"))
    asked = quote(where)
    by = next(each for each in ("product", "category", "country", "segment") if each not in city.dimensions)
    return (
        f'<p class="links"><a href="explore?metric=revenue&amp;by={by}&amp;where={asked}">Look inside</a>'
        f'<a href="retention?where={asked}">Its customers</a></p>'
    )


def ticker(live: Snapshot, lines: int = 10) -> str:
    """Write the newest events, the newest on top."""
    if not live.events:
        return empty_state("No live events", "Start them with `cyberpunk stream demo`; they appear here within a second.")
    rows = "".join(_event(event) for event in reversed(live.events[-lines:]))
    return f'<ul class="ticker" aria-label="Newest events">{rows}</ul>'


def syncs(runs: pd.DataFrame, theme: Theme) -> str:
    """Write the newest synchronisations as a table."""
    rows = []
    for record in runs.to_dict("records"):
        status = str(record.get("status", ""))
        meaning = "good" if status.lower() in FINE else "warning" if status.lower() in {"running", "partial"} else "failing"
        when = record.get("finished_at") or record.get("started_at")
        moved = f"{_plain(record.get('rows')):,.0f}".replace(",", " ")
        rows.append(
            f"<tr><td>{escape(str(record.get('source', record.get('name', ''))))}</td>"
            f'<td><span class="tone-{meaning}">{theme.signs[meaning]}</span> {escape(status)}</td>'
            f'<td class="num">{moved}{_held_back(record)}</td><td class="num">{escape(ago(_time(when)))}</td></tr>'
        )
    head = '<tr><th>Source</th><th>Status</th><th class="num">Rows</th><th class="num">When</th></tr>'
    return f'<table class="plain"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'


def _event(event: Any) -> str:
    value = event.value
    when = f"{_moment(event.timestamp_ms):%H:%M:%S}"
    amount, kind = "", ""
    if event.topic == "orders":
        paid = _plain(value.get("amount"))
        what = " · ".join(str(value[name]) for name in ("product", "region") if value.get(name)) or "order"
        amount, kind = number(paid, "currency"), " refund" if paid < 0 else ""
    elif event.topic == "web_sessions":
        what = " · ".join(str(value[name]) for name in ("device", "traffic_source", "region") if value.get(name)) or "visit"
        amount = "converted" if value.get("converted") else "visit"
    elif event.topic == "telemetry":
        what = str(value.get("asset", "asset"))
        amount = f"{_plain(value.get('temperature_c')):.1f} °C" if value.get("temperature_c") is not None else "reading"
    else:
        what = str(value.get("source") or value.get("metric") or event.topic)
        amount = event.topic.replace("_", " ")
    return f'<li><time>{when}</time><span class="what">{escape(what)}</span><span class="amount{kind}">{escape(amount)}</span></li>'


def _held_back(record: Mapping[Any, Any]) -> str:
    count = _plain(record.get("quarantined"))
    return f' <span class="tone-warning" title="{count:.0f} rows held back">◆ {count:.0f}</span>' if count else ""


def _plain(value: Any) -> float:
    try:
        number_ = float(value)
    except (TypeError, ValueError):
        return 0.0
    return number_ if math.isfinite(number_) else 0.0


def _moment(timestamp_ms: int | None) -> Any:
    return None if timestamp_ms is None else datetime.fromtimestamp(timestamp_ms / 1000, UTC)


def _time(value: Any) -> datetime | None:
    if value is None or value != value:  # noqa: PLR0124 - NaT is what differs from itself
        return None
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None
