"""SQL over purchases in the terms of the customer engine: lines become orders, orders become days, losses become refunds, once and for all.

Recency, frequency and money, monthly cohorts and the aggregates behind features are one statement each, so that customers can be counted
where they are. Every statement sees only lines up to a moment. Fragments are our own; whatever a caller says is bound. Who runs the
statements is `customer_purchases.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from cyberpunk_ai.data_fabric.semantic import builder, expressions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberpunk_ai.data_fabric.semantic.builder import Scope

SCORES = 5
_KNOWN = "trimBoth(ifNull(t.customer_id, '')) <> ''"
_DAY = "toInt32(toDate32(toTimeZone(t.ordered_at, 'UTC')))"
# What adds up to nothing but for the last bits of its numbers is nothing, in whichever order it was added.
_NET = "if(abs(lines_net) <= 1e-9 * lines_sold, 0, lines_net)"
_BOUGHT = "net > 0 OR (net = 0 AND lines_sold = 0)"
_MONTH = "toRelativeMonthNum(toDate32(day)) - toRelativeMonthNum(toDate('1970-01-01'))"
_AVERAGE_RANK = "(rank() OVER (ORDER BY {0}) + (count() OVER (PARTITION BY {0}) - 1) / 2) / (count() OVER ())"


def select_moment(scope: Scope, limit: exp.Expression) -> exp.Select:
    """Select the last usable moment up to a limit, as microseconds, with the lines behind it, after it, and of nobody."""
    query = builder.joined(exp.select(), scope).where(*builder.matching(scope))
    by_then = exp.LTE(this=_sql("t.ordered_at"), expression=limit)
    usable, later = exp.and_(_sql(_KNOWN), by_then), exp.and_(_sql(_KNOWN), exp.Not(this=exp.paren(by_then.copy())))
    return query.select(
        exp.alias_(builder.call("toUnixTimestamp64Micro", builder.call("maxIf", _sql("t.ordered_at"), usable)), "last_moment"),
        exp.alias_(builder.call("countIf", usable.copy()), "usable"),
        exp.alias_(builder.call("countIf", later), "later"),
        exp.alias_(builder.call("countIf", exp.Not(this=exp.paren(_sql(_KNOWN)))), "anonymous"),
        _sql(f"uniqIf(t.customer_id, {_KNOWN}) AS customers"),
    )


def select_orders(scope: Scope, as_of: exp.Expression, share: tuple[int, int] | None = None) -> exp.Select:
    """Select who, which, day, net and bought: what is left of each order on each day, and whether that is a purchase.

    Args:
        scope: Over order lines, with its conditions.
        as_of: Last moment that counts.
        share: Number of a share of the customers and the number of shares; everybody when None.
    """
    lines = exp.select("t.customer_id AS who", "t.order_id AS which", _sql(f"{_DAY} AS day"))
    lines = lines.select(_sql("sum(t.amount) AS lines_net"), _sql("sum(greatest(t.amount, 0)) AS lines_sold"))
    lines = builder.joined(lines, scope).where(_sql(_KNOWN), exp.LTE(this=_sql("t.ordered_at"), expression=as_of))
    if share is not None:
        bucket = exp.Mod(this=expressions.hashed(_sql("t.customer_id")), expression=scope.bind(share[1], "UInt32"))
        lines = lines.where(exp.EQ(this=bucket, expression=scope.bind(share[0], "UInt64")))
    lines = lines.where(*builder.matching(scope)).group_by("who", "which", "day")
    return exp.select("who", "which", "day", _sql(f"{_NET} AS net"), _sql(f"{_BOUGHT} AS bought")).from_(lines.subquery("l"))


def select_rfm(scope: Scope, as_of: exp.Expression) -> exp.Select:
    """Select every customer's last day, frequency and money, each with its fifth; equal values have equal fifths."""
    each = exp.select("who", _sql("maxIf(day, bought) AS last_day"), _sql("uniqExactIf(day, bought) AS frequency"))
    each = each.select(_sql("round(sum(net), 6) AS monetary")).from_(select_orders(scope, as_of).subquery("o"))
    each = each.group_by("who").having(_sql("countIf(bought) > 0"))
    query = exp.select("who", "last_day", "frequency", "monetary")
    for name, value in {"r": "last_day", "f": "frequency", "m": "monetary"}.items():
        fifth = f"ceil({_AVERAGE_RANK.format(value)} * {SCORES} - 1e-9)"
        query = query.select(_sql(f"toInt32(least(greatest({fifth}, 1), {SCORES})) AS {name}"))
    return query.from_(each.subquery("c"))


def select_rfm_cells(scope: Scope, as_of: exp.Expression) -> exp.Select:
    """Count the customers of each combination of fifths, with their money and the sum of their last days: at most 125 rows."""
    query = exp.select("r", "f", "m", _sql("count() AS customers"), _sql("sum(monetary) AS revenue"))
    query = query.select(_sql("sum(toInt64(last_day)) AS last_days")).from_(select_rfm(scope, as_of).subquery("s"))
    return query.group_by("r", "f", "m").order_by("r", "f", "m")


def select_cohorts(scope: Scope, as_of: exp.Expression) -> exp.Select:
    """Select per month of the first purchase and month since: who bought, and the net revenue. Months are counted from 1970-01."""
    own = exp.select("who", _sql(f"{_MONTH} AS month"), _sql("max(bought) AS visited"), _sql("sum(net) AS revenue"))
    own = own.from_(select_orders(scope, as_of).subquery("o")).group_by("who", "month")
    cells = exp.select("who", _sql("minIf(month, visited) AS cohort"), _sql("groupArray(tuple(month, visited, revenue)) AS cells"))
    cells = cells.from_(own.subquery("w")).group_by("who").having(_sql("max(visited)"))
    flat = exp.select("cohort", _sql("arrayJoin(cells) AS cell")).from_(cells.subquery("c"))
    query = exp.select("cohort", _sql("tupleElement(cell, 1) - cohort AS period"), _sql("sum(tupleElement(cell, 2)) AS active"))
    query = query.select(_sql("sum(tupleElement(cell, 3)) AS revenue")).from_(flat.subquery("f"))
    return query.group_by("cohort", "period").having(_sql("period >= 0")).order_by("cohort", "period")


def select_features(scope: Scope, as_of: exp.Expression, windows: Sequence[tuple[int, int]], share: tuple[int, int] | None) -> exp.Select:
    """Select one row per customer with the aggregates that features rest on.

    Args:
        scope: Over order lines.
        as_of: Last moment that counts.
        windows: Pairs of days (after, until], counted from 1970-01-01.
        share: As in `select_orders`.
    """
    days = exp.select("who", "day", _sql("max(bought) AS visited"), _sql("sumIf(net, bought) AS gross"), _sql("sum(net) AS revenue"))
    days = days.from_(select_orders(scope, as_of, share).subquery("o")).group_by("who", "day")
    each = exp.select("who", _sql("countIf(visited) AS purchases"), _sql("minIf(day, visited) AS first_day"))
    each = each.select(_sql("maxIf(day, visited) AS last_day"), _sql("sum(gross) AS gross"), _sql("sum(revenue) AS revenue"))
    each = each.select(_sql("arrayDifference(arraySort(groupArrayIf(toInt64(day), visited))) AS gaps"))
    for number, (after, until) in enumerate(windows):
        inside = exp.and_(
            exp.GT(this=exp.column("day"), expression=scope.bind(after, "Int64")),
            exp.LTE(this=exp.column("day"), expression=scope.bind(until, "Int64")),
        )
        bought = builder.call("countIf", exp.and_(exp.column("visited"), inside))
        booked = builder.call("sumIf", exp.column("revenue", table="d"), inside.copy())
        each = each.select(exp.alias_(bought, f"purchases_{number}"), exp.alias_(booked, f"revenue_{number}"))
    each = each.from_(days.subquery("d")).group_by("who").having(_sql("countIf(visited) > 0"))
    names = ["who", "purchases", "first_day", "last_day", "gross", "revenue"]
    query = exp.select(*names, _sql("arrayElement(gaps, -1) AS last_gap"), _sql("arraySum(g -> g * g, gaps) AS gap_squares"))
    query = query.select(*(f"{name}_{number}" for number in range(len(windows)) for name in ("purchases", "revenue")))
    return query.from_(each.subquery("e")).order_by("who")


def select_days(scope: Scope, as_of: exp.Expression, share: tuple[int, int] | None) -> exp.Select:
    """Select day and amount of every purchase day, by customer and day; `who` is empty but in the first row of a customer."""
    days = exp.select("who", "day", _sql("sum(net) AS amount")).from_(select_orders(scope, as_of, share).subquery("o"))
    days = days.where(exp.column("bought")).group_by("who", "day")
    lists = exp.select("who", _sql("arraySort(groupArray(tuple(day, amount))) AS entries")).from_(days.subquery("d"))
    lists = lists.group_by("who").order_by("who")
    numbered = exp.select("who", _sql("arrayJoin(arrayZip(arrayEnumerate(entries), entries)) AS entry")).from_(lists.subquery("g"))
    first = "tupleElement(entry, 1) = 1"
    query = exp.select(_sql(f"if({first}, who, '') AS who"), _sql("tupleElement(tupleElement(entry, 2), 1) AS day"))
    return query.select(_sql("tupleElement(tupleElement(entry, 2), 2) AS amount")).from_(numbered.subquery("n"))


def select_refunds(scope: Scope, as_of: exp.Expression, share: tuple[int, int] | None) -> exp.Select:
    """Select every loss with the first day on which its order was a purchase, -1 where it never was."""
    orders = exp.select("who", _sql("minIf(day, bought) AS bought_on"), _sql("countIf(bought) AS times"))
    orders = orders.select(_sql("groupArrayIf(tuple(day, net), NOT bought) AS losses"))
    orders = orders.from_(select_orders(scope, as_of, share).subquery("o")).group_by("who", "which").having(_sql("countIf(NOT bought) > 0"))
    flat = exp.select("who", _sql("if(times > 0, bought_on, -1) AS target"), _sql("arrayJoin(losses) AS loss")).from_(orders.subquery("w"))
    query = exp.select("who", _sql("tupleElement(loss, 1) AS day"), _sql("tupleElement(loss, 2) AS amount"), "target")
    return query.from_(flat.subquery("r")).order_by("who", "day", "amount", "target")


def _sql(text: str) -> exp.Expression:
    """A fragment of our own; nothing that a caller wrote ever gets here."""
    return expressions.parse(text)
