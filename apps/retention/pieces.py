"""HTML and tables of the retention page from a report. No widget, no state; every text is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from apps.kit.cards import kpi_card, kpi_row
from apps.kit.words import number

if TYPE_CHECKING:
    from cyberpunk_ai.charts.theme import Theme

TONE = {"high": "failing", "medium": "warning", "low": "good"}
COLUMNS = {
    "customer_id": "Customer", "risk": "Risk", "churn": "Chance to leave", "segment": "Segment", "monetary": "Revenue so far",
    "lifetime_value": "Expected value", "last": "Last purchase", "action": "What to do",
}  # fmt: skip


def headline(report: Any) -> str:
    """Write who there is, who may leave and what that is worth."""
    summary, days = report.summary, report.horizon_days
    return kpi_row(
        [
            kpi_card("Active customers", f"{summary['active_customers']:,}", note=f"of {summary['customers']:,}"),
            kpi_card("At risk and still active", f"{summary['at_risk']:,}", note="they can be kept", meaning="failing"),
            kpi_card("Value at risk", number(summary["value_at_risk"], "currency"), note=f"within {days} days", meaning="warning"),
            kpi_card(
                "Expected to leave", number(summary["expected_churn_rate"], "percent"), note="of the active ones", meaning="predicted"
            ),
            kpi_card("Expected revenue", number(summary["expected_value"], "currency"), note=f"next {days} days", meaning="predicted"),
        ]
    )


def legend(shown: int, drawn: int) -> str:
    """Write what the points mean."""
    items = "".join(
        f'<span><i class="tone-{tone}">{sign}</i>{words}</span>'
        for tone, sign, words in (("good", "\u25cf", "low risk"), ("warning", "\u25c6", "medium"), ("failing", "\u25bc", "high"))
    )
    told = f"{shown:,} of {drawn:,} shown" if shown < drawn else f"{drawn:,} customers"
    return (
        f'<div class="citybar">{items}<span>larger: more valuable \u00b7 an arm per segment '
        f"\u00b7 click a customer</span><span>{told}</span></div>"
    )


def rows_of(customers: pd.DataFrame, theme: Theme) -> pd.DataFrame:
    """Return customers for reading."""
    risk = customers["risk"].astype(str)
    return pd.DataFrame(
        {
            "customer_id": customers["customer_id"].astype(str),
            "risk": [f"{theme.signs[TONE.get(each, 'measured')]} {each}" for each in risk],
            "churn": customers["churn_probability"].astype(float),
            "segment": customers["segment"].astype(str),
            "monetary": customers["monetary"].astype(float).round(0),
            "lifetime_value": customers["lifetime_value"].astype(float).round(0),
            "last": pd.to_datetime(customers["last_purchase"]).dt.strftime("%Y-%m-%d"),
            "action": customers["suggested_action"].astype(str).str.removeprefix("Rule-based: "),
        }
    ).reset_index(drop=True)


def formats() -> dict[str, Any]:
    """Say how the columns are written, so that they still sort as numbers."""
    from bokeh.models.widgets.tables import NumberFormatter

    whole = NumberFormatter(format="$0,0")
    return {"churn": NumberFormatter(format="0 %"), "monetary": whole, "lifetime_value": whole, "action": {"type": "textarea"}}


def selection(view: Any, theme: Theme) -> str:
    """Write one customer: chance to leave and what moves it, value, and the newest orders."""
    found = view.retention
    name = view.profile.get("name") or view.customer_id
    where = " \u00b7 ".join(str(view.profile[each]) for each in ("segment", "country") if view.profile.get(each))
    if found is None:
        return f'<div class="pick"><h3>{escape(str(name))}</h3><p class="hint">{escape(view.note)}</p></div>'
    tone = TONE.get(str(found["risk"]), "measured")
    facts = {
        "Chance to leave": number(found["churn_probability"], "percent"),
        "Segment": str(found["segment"]),
        "Revenue so far": number(found["monetary"], "currency"),
        "Expected value": f"{number(found['lifetime_value'], 'currency')} ({number(found['lifetime_value_lo'], 'currency')} to "
        f"{number(found['lifetime_value_hi'], 'currency')})",
        "Purchases": f"{found['frequency']:,.0f} days, last {found['recency_days']:,.0f} days ago",
    }
    rows = "".join(f"<dt>{escape(each)}</dt><dd>{escape(text)}</dd>" for each, text in facts.items())
    said = [each for each in str(found["reasons"]).split("; ") if each]
    why = "".join(f"<li>{escape(each)}</li>" for each in said)
    action = str(found["suggested_action"]).removeprefix("Rule-based: ")
    return (
        f'<div class="pick"><h3>{escape(str(name))}</h3><div class="where">{escape(view.customer_id)} {escape(where)} '
        f'<span class="tone-{tone}">{theme.signs[tone]} {escape(str(found["risk"]))} risk</span></div><dl class="facts">{rows}</dl>'
        f'<ul class="notes">{why}</ul><p class="hint">By rule: {escape(action)}.</p>{_orders(view.orders)}</div>'
    )


def nobody(report: Any) -> str:
    """Write the report in a few sentences, for when nobody is selected."""
    warned = "".join(f"<li>{escape(each)}</li>" for each in report.warnings[:4])
    return (
        f'<div class="pick"><div class="where">as of {report.as_of:%d %b %Y}</div><p>{escape(report.headline)}</p>'
        f'<ul class="notes">{warned}</ul><p class="hint">Click a point or a row to see one customer.</p></div>'
    )


def _orders(orders: pd.DataFrame, most: int = 6) -> str:
    if not len(orders):
        return ""
    rows = "".join(
        f"<tr><td>{pd.Timestamp(each.ordered_at):%Y-%m-%d}</td><td>{escape(str(each.order_id))}</td>"
        f'<td class="num">{number(float(each.amount), "currency")}</td></tr>'
        for each in orders.head(most).itertuples()
    )
    head = '<tr><th>Date</th><th>Order</th><th class="num">Amount</th></tr>'
    return f'<table class="plain"><thead>{head}</thead><tbody>{rows}</tbody></table>'
