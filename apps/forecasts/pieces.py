"""HTML of the forecast page from plain values: members, headline, notes. No widget, no state; every text is escaped."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from apps.kit.cards import kpi_card, kpi_row
from apps.kit.words import change, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BASELINE = "seasonal_naive"
NAMES = {
    BASELINE: "season before", "arima": "ARIMA", "ces": "CES", "ets": "ETS", "lstm": "LSTM", "theta": "Theta", "xgboost": "XGBoost",
}  # fmt: skip
# As they usually land.
MEMBERS = (BASELINE, "theta", "ets", "ces", "lstm", "xgboost", "arima")


def members(landed: Sequence[str], waiting: Sequence[str], *, is_last: bool, elapsed_s: float) -> str:
    """Write who has landed, who is at work and who was left out."""
    kind, sign, words = ("out", "&#9660;", "was left out") if is_last else ("working", "&#9711;", "is at work")
    chips = [_chip(name, "landed", "&#9679;", "has landed") for name in landed] + [_chip(name, kind, sign, words) for name in waiting]
    said = f"{len(landed)} of {len(landed) + len(waiting)} after {elapsed_s:.1f} s"
    return f'<div class="members"><ul>{"".join(chips)}</ul><small>{said}</small></div>'


def headline(result: Any, unit: str, unique_id: str | None) -> str:
    """Write the numbers that a person wants first: the sum ahead, the sum just before, and how far past forecasts were off.

    Args:
        result: A forecast.
        unit: Of the metric.
        unique_id: The series of which sums are told, and named; None where there is one only.
    """
    ahead, before = (_of(frame, unique_id) for frame in (result.forecast, result.history))
    total = float(ahead["mean"].sum())
    previous = float(before["y"].tail(len(ahead)).sum())
    season = before["y"].iloc[-result.season_length :].iloc[: len(ahead)] if result.season_length >= len(ahead) else None
    year = float(season.sum()) if season is not None and len(season) == len(ahead) and result.season_length > 1 else None
    board = result.leaderboard.set_index("model")
    own = float(board["smape"].get("ensemble", float("nan")))
    plain = float(board["smape"].get(BASELINE, float("nan")))
    level = max(result.levels)
    low, high = float(ahead[f"lo-{level}"].iloc[0]), float(ahead[f"hi-{level}"].iloc[0])
    first = number(float(ahead["mean"].iloc[0]), unit)
    whose = "" if unique_id is None else f"{unique_id}: "
    cards = [
        kpi_card(
            f"{whose}Next {len(ahead)} periods", number(total, unit), delta=change(total, previous), note=f"than the last {len(ahead)}",
            series=[*before["y"].tail(3 * len(ahead)), *ahead["mean"]], meaning="predicted",
        ),
        kpi_card(f"{whose}The next one", first, note=f"{level} % sure: {number(low, unit)} to {number(high, unit)}"),
        kpi_card(
            "Off on past windows", f"{own:.1f} %" if math.isfinite(own) else "not measured",
            note=f"season before: {plain:.1f} %" if math.isfinite(plain) else "",
        ),
    ]  # fmt: skip
    if year is not None:
        cards.insert(1, kpi_card(f"{whose}A season ago", number(year, unit), delta=change(total, year), note="change since then"))
    return kpi_row(cards)


def board(leaderboard: Any) -> str:
    """Write who forecast the past best, for pages that draw no charts; 1 is as good as the season before."""
    rows = "".join(
        f'<tr><td>{_name(str(each.model))}</td><td class="num">{_measured(each.mase)}</td>'
        f'<td class="num">{_measured(each.smape, 1, " %")}</td><td class="wrap">{escape(str(each.note or ""))}</td></tr>'
        for each in leaderboard.itertuples()
    )
    head = '<tr><th>Model</th><th class="num">Scaled error</th><th class="num">sMAPE</th><th></th></tr>'
    return f'<table class="plain"><thead>{head}</thead><tbody>{rows}</tbody></table>'


def notes(lines: Iterable[str]) -> str:
    """Write what was done to the data and why somebody was dropped."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<ul class="notes">{items}</ul>' if items else '<p class="muted">Nothing had to be done to the data.</p>'


def _chip(member: str, kind: str, sign: str, words: str) -> str:
    return f'<li class="{kind}"><i aria-hidden="true">{sign}</i>{_name(member)}<span class="unseen"> {words}</span></li>'


def _name(member: str) -> str:
    return escape(NAMES.get(member, member))


def _measured(value: float, digits: int = 2, unit: str = "") -> str:
    """Write an error; who was left out has none."""
    return f"{value:.{digits}f}{unit}" if math.isfinite(value) else "\u2013"


def _of(frame: Any, unique_id: str | None) -> Any:
    return frame if unique_id is None else frame[frame["unique_id"] == unique_id]


def terrain_legend(level: int) -> str:
    """Write what the landscape shows."""
    signs = (("measured", "\u25a0", "measured"), ("predicted", "\u25c7", f"forecast, a net between the ends of {level} % of cases"))
    items = "".join(f'<span><i class="tone-{tone}">{sign}</i>{words}</span>' for tone, sign, words in signs)
    return f'<div class="citybar">{items}<span>a row per series, the largest at the back \u00b7 click a point</span></div>'


def scene_link(named: dict[str, Any], theme: str, *, is_terrain: bool) -> str:
    """Link to the same question with or without its landscape."""
    asked = {name: value for name, value in named.items() if value not in ("", None)} | {"theme": theme}
    if not is_terrain:
        asked["view"] = "terrain"
    words = "Flat chart only" if is_terrain else "Show it as a 3D terrain"
    return f'<p class="links"><a href="?{escape(urlencode(asked))}">{words}</a></p>'
