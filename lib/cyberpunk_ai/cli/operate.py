"""Commands that operate: run, runs, health, doctor, version."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cyberpunk_ai.cli.output import AsJson, pairs, print_json, print_notes, print_result, print_table, workspace

# What a person looks for, in a terminal's width; --json has the rest.
RUN_COLUMNS = ["status", "pipeline", "started_at", "finished_at", "error", "run_id"]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (run, runs, health, doctor, version):
        app.command(command.__name__)(command)


def run(
    pipeline: Annotated[str, typer.Argument(help="Name in pipelines/catalogue, e.g. nightly.")],
    parameter: Annotated[list[str] | None, typer.Option("--set", help="name=value for the notebook; repeat for several.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run a pipeline now: its notebook, kept with its picture in the record of runs."""
    from importlib.metadata import entry_points

    from cyberpunk_ai.core.errors import Unavailable

    found = entry_points(group="cyberpunk_ai.runners", name="notebooks")
    if not found:
        raise Unavailable("no runner of pipelines is installed", hint="pip install 'cyberpunk-ai[notebooks]'")
    run_pipeline = next(iter(found)).load()
    with workspace() as ws:
        outcome = run_pipeline(ws, pipeline, parameters=pairs(parameter), tell=None if as_json else typer.echo)
    if as_json:
        print_json(outcome)
    else:
        print_notes([f"{name}: {value}" for name, value in outcome.to_dict().items() if value])
    if outcome.status != "succeeded":
        raise typer.Exit(1)


def runs(
    pipeline: Annotated[str | None, typer.Argument(help="One pipeline; all when left out.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    with workspace() as ws:
        history = ws.runs(pipeline, limit=limit)
    if as_json:
        print_json(history)
        return
    print_table(history.runs[RUN_COLUMNS], title="Runs")


def health(as_json: AsJson = False) -> None:
    """Probe every part. Exit code 1 when unhealthy."""
    with workspace() as ws:
        report = ws.health()
    print_result(report, as_json=as_json, title=f"{report.status}, {report.health_score:.0f} of 100")
    if report.status == "unhealthy":
        raise typer.Exit(1)


def doctor(as_json: AsJson = False) -> None:
    """Check this machine: Python, settings, plug-ins and parts, with what to do about each fault. Exit code 1 when unhealthy."""
    import platform

    import pandas as pd

    from cyberpunk_ai.core.errors import CyberpunkError
    from cyberpunk_ai.core.settings import Settings, variables

    settings = Settings.load()
    with workspace() as ws:
        report = ws.health()
        try:
            unusable = [f"{kind.name}: {kind.reason}" for kind in ws.connectors() if not kind.available]
        except CyberpunkError as error:  # the parts above say what is wrong; this must not hide them
            unusable = [f"the connectors could not be listed: {error.message}"]
    stores = {
        "operational": _database(settings.database_url),
        "warehouse": "ClickHouse" if settings.clickhouse_url else "Delta + chDB (embedded)",
        "cache": "Redis" if settings.redis_url else "in process (embedded)",
        "events": "Kafka" if settings.kafka_bootstrap_servers else "local log (embedded)",
    }
    facts = {"python": platform.python_version(), "platform": platform.platform(), "home": str(settings.home), **stores}
    if as_json:
        print_json({"facts": facts, "settings": sorted(variables()), "health": report, "unusable_connectors": unusable})
    else:
        print_table(pd.DataFrame({"what": facts.keys(), "is": facts.values()}), title="This machine")
        print_table(report.to_frame(), title=f"Parts: {report.status}, {report.health_score:.0f} of 100")
        print_notes([f"{one.component}: {one.reason}" for one in report.deductions])
        print_notes(unusable or ["every connector can be used"])
    if report.status == "unhealthy":
        raise typer.Exit(1)


def _database(url: str | None) -> str:
    if url is None:
        return "SQLite (embedded)"
    return "SQLite" if url.startswith("sqlite") else "PostgreSQL"


def version(as_json: AsJson = False) -> None:
    """Print the version."""
    from cyberpunk_ai import __version__

    print_json({"version": __version__, "python": sys.version.split()[0]}) if as_json else typer.echo(__version__)
