"""From the rows that a statement returned to a result: matching the comparison, filling, ordering, cutting, totals."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cyberpunk_ai.core.errors import InvalidArgument, StoreFailed
from cyberpunk_ai.core.numbers import to_numbers
from cyberpunk_ai.data_fabric.semantic.builder import MAX_ROWS
from cyberpunk_ai.data_fabric.semantic.calendar import add_months, buckets
from cyberpunk_ai.data_fabric.semantic.results import MetricCatalogue, QueryResult
from cyberpunk_ai.data_fabric.semantic.rounding import settled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberpunk_ai.data_fabric.semantic.model import Metric, Model
    from cyberpunk_ai.data_fabric.semantic.periods import Period
    from cyberpunk_ai.data_fabric.semantic.question import Question


def result(question: Question, answers: Sequence[pd.DataFrame], sql: str, parameters: dict[str, object]) -> QueryResult:
    """Put the answers of all statements of a question into one result."""
    tables = [_typed(answer, question) for answer in answers]
    rows = _rows(question, tables)
    totals = _totals(question, tables)
    rows = _cut(question, _ordered(question, rows), tables)
    first = question.metrics[0]
    notes = [*question.notes(), *_surplus(question)]
    return QueryResult(
        metric=first.id, metrics=tuple(item.id for item in question.metrics), label=first.label,
        labels={item.id: item.label for item in question.metrics}, unit=first.unit, units={item.id: item.unit for item in question.metrics},
        format=first.format, formats={item.id: item.format for item in question.metrics}, good_direction=first.good_direction,
        by=question.by, grain=question.grain, where=question.where, period=question.period, comparison=question.comparison,
        frame=rows, totals=totals, total=totals[first.id], rows=len(rows), sql=sql, parameters=parameters, notes=tuple(notes),
    )  # fmt: skip


def days(answer: pd.DataFrame) -> tuple[date, date] | None:
    """Read the answer of `builder.select_days`."""
    if not int(answer["row_count"].iloc[0]):
        return None
    return date.fromisoformat(str(answer["first_day"].iloc[0])), date.fromisoformat(str(answer["end_day"].iloc[0]))


def end_of_last(starts: pd.DataFrame, newest_end: date) -> date:
    """Day after the period of the newest row, from the answer of `builder.select_last_starts`; a single period counts as one day."""
    if len(starts) < 2:
        return newest_end
    last, before = (date.fromisoformat(str(day)) for day in starts["start_day"].iloc[:2])
    months = (last.year - before.year) * 12 + last.month - before.month
    return add_months(last, months) if last.day == before.day == 1 and months else last + (last - before)


def read_order(order: str | None, metrics: list[str], by: Sequence[str], grain: str | None) -> list[tuple[str, bool]]:
    """Read `order` as columns with whether each ascends.

    Raises:
        InvalidArgument: No such column.
    """
    slices = [(name, True) for name in by]
    if order is None:
        return [("period", True), *slices] if grain else [(metrics[0], False), *slices]
    if order in {"asc", "desc"}:
        return [(metrics[0], order == "asc"), *([("period", True)] if grain else []), *slices]
    columns = [*(["period"] if grain else []), *by, *metrics, *(f"{name}_{kind}" for name in metrics for kind in ("previous", "change"))]
    name = str(order).removeprefix("-")
    if name not in columns:
        raise InvalidArgument(
            f"rows cannot be ordered by {name[:60]!r}", hint=f"asc, desc, or one of: {', '.join(columns)}", allowed=columns
        )
    rest = [item for item in [*([("period", True)] if grain else []), *slices] if item[0] != name]
    return [(name, not str(order).startswith("-")), *rest]


def catalogue(model: Model) -> MetricCatalogue:
    """Everything that can be asked, as two frames."""
    metrics = [
        {
            "metric": item.id, "label": item.label, "description": item.description, "synonyms": ", ".join(item.synonyms),
            "unit": item.unit, "format": item.format, "additive": item.additive, "good_direction": item.good_direction, "table": item.table,
            "dimensions": ", ".join(model.dimensions_of(item)),
        }
        for item in model.metrics.values()
    ]  # fmt: skip
    dimensions = [
        {
            "dimension": item.id, "label": item.label, "description": item.description, "synonyms": ", ".join(item.synonyms),
            "values": ", ".join(item.values),
            "metrics": ", ".join(metric.id for metric in model.metrics.values() if item.id in model.dimensions_of(metric)),
        }
        for item in model.dimensions.values()
    ]  # fmt: skip
    return MetricCatalogue(pd.DataFrame(metrics), pd.DataFrame(dimensions))


def _typed(answer: pd.DataFrame, question: Question) -> pd.DataFrame:
    """Plain numpy types and the names that callers know."""
    if len(answer) and answer["part"].value_counts().max() > MAX_ROWS:
        raise InvalidArgument(f"the answer has more than {MAX_ROWS:,} rows", hint="split by less, choose a coarser grain, or filter")
    columns: dict[str, Any] = {"part": answer["part"].astype(str).to_numpy(object)}
    for name in question.by:
        columns[name] = answer[f"by_{name}"].astype(str).to_numpy(object)
    if question.grain:
        columns["period"] = pd.to_datetime(answer["period_start"]).astype("datetime64[us]").to_numpy()
    for column in answer.columns:
        if column.startswith("value_"):
            numbers = to_numbers(answer[column]).astype("Float64").to_numpy(dtype="float64", na_value=np.nan)
            _refuse_overflow(question, column.removeprefix("value_"), numbers)
            columns[column.removeprefix("value_")] = settled(np.where(np.isfinite(numbers), numbers, np.nan))
    return pd.DataFrame(columns)


def _refuse_overflow(question: Question, name: str, numbers: np.ndarray | float) -> None:
    """Refuse a sum that left the range of numbers. A quotient may be infinite, as what is divided by nothing, and is then missing."""
    metric = question.model.metrics[name]
    if (metric.additive or metric.zero_when_empty) and np.isinf(numbers).any():
        raise StoreFailed(
            f"{metric.label}: the sum is beyond the largest number, {np.finfo(np.float64).max:.1e}",
            hint=f"{metric.table} holds values that are no measurements; find them by size, correct their source and sync it again",
            metric=metric.id,
        )


def _keys(question: Question) -> list[str]:
    return [*(["period"] if question.grain else []), *question.by]


def _rows(question: Question, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    keys = _keys(question)
    now = _side(question, tables, "rows")
    columns = list(keys)
    if question.comparison is not None:
        before = _side(question, tables, "rows_previous")
        if question.grain:
            before = _moved(before, question.comparison, question.period, question.grain)
        ids = [item.id for item in question.metrics]
        before = before.rename(columns={name: f"{name}_previous" for name in ids})
        now = now.merge(before, on=keys, how="outer") if keys else pd.concat([now, before], axis=1)
    for item in question.metrics:
        sides = [item.id] if question.comparison is None else [item.id, f"{item.id}_previous"]
        if item.zero_when_empty:
            now[sides] = now[sides].fillna(0.0)
        columns += sides
        if question.comparison is not None:
            now[f"{item.id}_change"] = _change(now[item.id], now[f"{item.id}_previous"])
            columns.append(f"{item.id}_change")
    return now[columns]


def _side(question: Question, tables: Sequence[pd.DataFrame], part: str) -> pd.DataFrame:
    keys = _keys(question)
    sides = [table[table["part"] == part].drop(columns="part").reset_index(drop=True) for table in tables]
    whole = sides[0]
    for side in sides[1:]:
        whole = whole.merge(side, on=keys, how="outer") if keys else pd.concat([whole, side], axis=1)
    return whole


def _moved(rows: pd.DataFrame, source: Period, target: Period, grain: str) -> pd.DataFrame:
    """Rename each unit of the comparison to the unit at the same position in the period; units without a partner are left out."""
    pairs = zip(buckets(grain, source.start, source.end), buckets(grain, target.start, target.end), strict=False)
    partner = {pd.Timestamp(theirs): pd.Timestamp(ours) for theirs, ours in pairs}
    moved = rows.assign(period=rows["period"].map(partner).astype("datetime64[us]"))
    return moved[moved["period"].notna()]


def _surplus(question: Question) -> list[str]:
    if question.comparison is None or not question.grain:
        return []
    theirs = len(buckets(question.grain, question.comparison.start, question.comparison.end))
    ours = len(buckets(question.grain, question.period.start, question.period.end))
    if theirs <= ours:
        return []
    return [f"The comparison has {theirs - ours} more {question.grain}(s) than the period; they count in its total and have no row."]


def _change(now: pd.Series, before: pd.Series) -> pd.Series:
    return (now - before) / before.abs().where(before != 0)


def _totals(question: Question, tables: Sequence[pd.DataFrame]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for item in question.metrics:
        table = next(table for table in tables if item.id in table.columns)
        now = _one(table, "", item)
        _refuse_overflow(question, item.id, np.nan if now is None else now)
        found[item.id] = now
        if question.comparison is not None:
            before = _one(table, "_previous", item)
            _refuse_overflow(question, item.id, np.nan if before is None else before)
            found[f"{item.id}_previous"] = before
            found[f"{item.id}_change"] = None if now is None or not before else (now - before) / abs(before)
    return found


def _one(table: pd.DataFrame, side: str, metric: Metric) -> float | None:
    """Total of one side: as measured where rows do not add up, else their sum."""
    measured = table.loc[table["part"] == f"total{side}", metric.id]
    values = measured if len(measured) else table.loc[table["part"] == f"rows{side}", metric.id]
    if values.notna().any():
        with np.errstate(over="ignore"):
            return float(values.sum())
    return 0.0 if metric.zero_when_empty else None


def _ordered(question: Question, rows: pd.DataFrame) -> pd.DataFrame:
    wanted = [(name, rises) for name, rises in question.order if name in rows.columns]
    ordered = rows.sort_values([name for name, _ in wanted], ascending=[rises for _, rises in wanted], na_position="last", kind="stable")
    return ordered.reset_index(drop=True)


def _cut(question: Question, rows: pd.DataFrame, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    if question.limit is None:
        return rows
    if not (question.grain and question.by):
        return rows.head(question.limit)
    first = question.metrics[0].id
    ranked = next(table for table in tables if first in table.columns)
    ranked = ranked[ranked["part"] == "slices"]
    rises = next((up for name, up in question.order if name == first), False)
    by = list(question.by)
    kept = ranked.sort_values([first, *by], ascending=[rises, *[True] * len(by)], na_position="last", kind="stable").head(question.limit)
    return rows.merge(kept[by], on=by, how="inner")
