"""Commands of customers: retention and customer."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from cyberpunk_ai.cli.ask import Where  # noqa: TC001 - typer reads the annotations at run time
from cyberpunk_ai.cli.output import AsJson, pairs, print_json, print_notes, print_result, print_table, workspace
from cyberpunk_ai.core.csv_text import write_csv

if TYPE_CHECKING:
    from cyberpunk_ai.workspace import RetentionReport

COLUMNS = ("customer_id", "segment", "churn_probability", "monetary", "lifetime_value", "reasons")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (retention, customer):
        app.command(command.__name__)(command)


def retention(
    as_of: Annotated[str | None, typer.Option(help="Moment to look from; the last transaction when left out.")] = None,
    horizon_days: Annotated[int | None, typer.Option(help="How far to look ahead; learnt when left out.", min=1)] = None,
    where: Where = None,
    regime: Annotated[str | None, typer.Option(help="contractual or non_contractual; found in the data when left out.")] = None,
    segment: Annotated[str | None, typer.Option(help="Print only customers of this RFM segment.")] = None,
    clusters: Annotated[bool, typer.Option("--clusters", help="Also group customers by recency, frequency and money.")] = False,
    limit: Annotated[int, typer.Option(help="Customers to print.", min=1)] = 20,
    validate: Annotated[bool, typer.Option("--validate", help="Print held-out figures, and whether to trust them.")] = False,
    explain: Annotated[str | None, typer.Option(help="Id of one customer whose chance to explain.")] = None,
    save: Annotated[str | None, typer.Option(help="Save the churn model under this name.")] = None,
    saved: Annotated[str | None, typer.Option("--with", help="Only score, by the model saved under this name.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Also write every customer to this file.", dir_okay=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Show customers at risk, segments and lifetime value."""
    if saved is not None:
        _score(saved, as_of, where, limit, csv, as_json=as_json)
        return
    with workspace() as ws:
        if save is not None:
            card = ws.save_retention_model(save, as_of=as_of, horizon_days=horizon_days, where=pairs(where))
            print_json(card) if as_json else typer.echo(f"{card.name} version {card.version} is saved")
            return
        report = ws.retention(as_of=as_of, horizon_days=horizon_days, where=pairs(where), regime=regime, clusters=clusters)  # type: ignore[arg-type]
    if csv is not None:
        write_csv(report.customers, csv)
    if explain is not None:
        told = report.explain(explain)
        columns = ["direction", "words", "contribution"]
        print_result(told, as_json=True) if as_json else print_table(told.contributions[columns].head(12), title=told.sentence)
    elif validate:
        found = report.validate(None)
        print_result(found, as_json=True) if as_json else typer.echo(found.text)
    elif as_json:
        print_json(report)
    else:
        _print_report(report, segment, limit)
    if csv is not None and not as_json:
        print_notes([f"{len(report.customers):,} customers are in {csv}"])


def _score(name: str, as_of: str | None, where: list[str] | None, limit: int, csv: Path | None, *, as_json: bool) -> None:
    with workspace() as ws:
        scores = ws.score_customers(name, as_of=as_of, where=pairs(where))
    if csv is not None:
        write_csv(scores, csv)
    ranked = scores.sort_values(["churn_probability", "customer_id"], ascending=[False, True])
    print_json(ranked) if as_json else print_table(ranked.head(limit), title=f"{len(ranked):,} customers, scored by {name}")


def _print_report(report: RetentionReport, segment: str | None, limit: int) -> None:
    print_table(report.segments, title="Segments")
    chosen, title = report.at_risk(limit), "Still active, at high risk, those who brought most first"
    if segment is not None:
        rows = report.customers
        known = rows[rows["segment"].astype(str).str.lower() == segment.lower()]
        chosen, title = known.sort_values(["churn_probability", "customer_id"], ascending=[False, True]).head(limit), f"Segment {segment}"
    print_table(chosen[[name for name in COLUMNS if name in chosen.columns]], title=title)
    if len(report.clusters):
        print_table(report.clusters, title="Clusters")
    if len(report.totals):
        print_table(report.totals, title=f"Totals of {report.horizon_days} days")
    print_notes([report.headline, *(f"{name}: {value}" for name, value in report.summary.items())])
    print_notes(report.warnings)


def customer(customer_id: Annotated[str, typer.Argument(help="Id of the customer.")], as_json: AsJson = False) -> None:
    """Show one customer from all sides."""
    with workspace() as ws:
        view = ws.customer(customer_id)
    facts = tuple(f"{name}: {value}" for part in (view.profile, view.summary, view.retention or {}) for name, value in part.items())
    told = (view.explanation["sentence"],) if view.explanation else ()
    print_result(view, as_json=as_json, title=f"Orders of {customer_id}", notes=(*facts, *told))
