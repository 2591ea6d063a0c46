"""Commands that ask: query, metrics, quality. Those of customers and of forecasts are in files of their own."""

from __future__ import annotations

from typing import Annotated

import typer

from cyberpunk_ai.cli.output import AsJson, pairs, print_result, print_table, workspace

Where = Annotated[list[str] | None, typer.Option("--where", help="dimension=value; repeat for several.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (query, metrics, quality):
        app.command(command.__name__)(command)


def query(
    metric: Annotated[str, typer.Argument(help="Id of a metric, or several with commas; `cyberpunk metrics` lists them.")],
    by: Annotated[list[str] | None, typer.Option(help="Dimension to split by; repeat for several.")] = None,
    where: Where = None,
    period: Annotated[str | None, typer.Option(help="For example 'last 12 months', 'Q3 2024', '2024-01-01..2024-03-31'.")] = None,
    grain: Annotated[str | None, typer.Option(help="day, week, month, quarter or year.")] = None,
    compare: Annotated[str | None, typer.Option(help="previous_period or previous_year.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most this many rows.", min=1)] = None,
    order: Annotated[str | None, typer.Option(help="asc or desc by the metric.")] = None,
    sql: Annotated[bool, typer.Option("--sql", help="Also print the SQL that ran.")] = False,
    as_json: AsJson = False,
) -> None:
    """Answer a metric."""
    with workspace() as ws:
        result = ws.query(
            metric.split(","), by=by or (), where=pairs(where), period=period, grain=grain, compare=compare, limit=limit, order=order
        )
    print_result(result, as_json=as_json, title=f"{result.label} ({result.period.label})", notes=(result.sql,) if sql else ())


def metrics(as_json: AsJson = False) -> None:
    """List every metric and dimension."""
    with workspace() as ws:
        print_result(ws.metrics(), as_json=as_json, title="Metrics")


def quality(dataset: Annotated[str | None, typer.Argument(help="One dataset; all when left out.")] = None, as_json: AsJson = False) -> None:
    """Score the data, with each failed check."""
    with workspace() as ws:
        report = ws.quality(dataset)
    print_result(report, as_json=as_json, title=f"Data quality {report.score:.0f} of 100")
    if not as_json:
        failed = report.checks[~report.checks["passed"].astype(bool)]
        if len(failed):
            print_table(failed, title="Failed checks")
