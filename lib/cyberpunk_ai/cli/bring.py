"""Commands that bring data in: demo, stream, import, sync, replay, repair, sources."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import Annotated

import typer

from cyberpunk_ai.cli.output import AsJson, by_stream, pairs, print_json, print_result, print_table, progress, workspace


class Size(StrEnum):
    """Size of the demo company."""

    tiny = "tiny"
    small = "small"
    medium = "medium"
    large = "large"


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("demo")(demo)
    streaming = typer.Typer(help="Live events.", no_args_is_help=True)
    streaming.command("demo")(stream_demo)
    app.add_typer(streaming, name="stream")
    app.command("import")(import_file)
    app.command("sync")(sync)
    app.command("replay")(replay)
    app.command("repair")(repair)
    app.command("sources")(sources)


def demo(
    size: Annotated[Size, typer.Option(help="8 thousand, 50 thousand, 1 million or 10 million orders.")] = Size.small,
    seed: Annotated[int, typer.Option(help="The same seed makes the same company.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Load the demo company: customers, orders, campaigns, sessions and machines of three years."""
    with workspace() as ws, progress(as_json=as_json) as report:
        result = ws.load_demo(size.value, seed=seed, on_progress=report)
    print_result(result, as_json=as_json, title=f"Demo company, {size.value}")


def stream_demo(
    rate: Annotated[float, typer.Option(help="Events a second.", min=0.1, max=100_000)] = 200.0,
    seconds: Annotated[float | None, typer.Option(help="Stop after this long; until Ctrl-C when left out.", min=0)] = None,
    ingest: Annotated[bool, typer.Option(help="Also carry the events into the warehouse.")] = True,
    as_json: AsJson = False,
) -> None:
    """Send live events of the demo company into the event log."""
    import signal
    import threading
    from concurrent.futures import ThreadPoolExecutor

    stop = threading.Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: stop.set())
    with workspace() as ws, progress(as_json=as_json) as report, ThreadPoolExecutor(1, thread_name_prefix="ingest") as pool:
        carrier = pool.submit(ws.ingest_events, stop=stop) if ingest else None
        if carrier is not None:
            carrier.add_done_callback(lambda _: stop.set())  # it only ends by itself when it fails, and then sending on is of no use
        try:
            told = None if report is None else lambda sent: report("events", sent)
            sent = ws.stream_demo(rate_per_s=rate, seconds=seconds, stop=stop, on_progress=told)
        finally:
            stop.set()
        if carrier is not None:
            carrier.result()
    print_json({"sent": sent}) if as_json else typer.echo(f"{sent:,} events sent")


def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, Excel or Parquet file.")],
    table: Annotated[str | None, typer.Option(help="customers, orders or demand, where the guess is wrong.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="canonical=column, e.g. --set amount=Total; repeat for several.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the new source; from the file name when left out.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the plan.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Guess what a file holds, show it, and take it in."""
    with workspace() as ws:
        plan = ws.plan_import(file)
        corrections = pairs(set_)
        if table is not None or corrections:
            plan = plan.correct(table=table, **corrections)
        if not as_json or dry_run:
            print_result(plan, as_json=as_json, title=f"{file.name} looks like {plan.table}")
        if dry_run or not (yes or as_json or typer.confirm("Take it in like this?", default=True)):
            return
        with progress(as_json=as_json) as report:
            done = ws.import_file(plan, name=name, on_progress=by_stream(report))
    print_result(done, as_json=as_json, title="Imported")
    if not done.ok:
        raise typer.Exit(1)


def sync(
    source: Annotated[list[str] | None, typer.Argument(help="Names of sources; all of them when left out.")] = None, as_json: AsJson = False
) -> None:
    """Bring sources up to date. Exit code 1 when one of them failed."""
    with workspace() as ws, progress(as_json=as_json) as report:
        done = ws.sync(source or None, on_progress=by_stream(report))
    print_result(done, as_json=as_json, title="Synced")
    if not done.ok:
        raise typer.Exit(1)


def repair(
    table: Annotated[str, typer.Argument(help="The table that has lost files, as the error names it.")], as_json: AsJson = False
) -> None:
    """Make a table readable that has lost data files or commits, and read its sources again. Exit code 1 when not all could be."""
    with workspace() as ws:
        done = ws.repair(table)
    print_result(done, as_json=as_json, title=f"Repaired {table}: {done.files_removed} files removed")
    if not done.ok:
        raise typer.Exit(1)


def replay(
    source: Annotated[str | None, typer.Argument(help="Name of a source; all of them when left out.")] = None, as_json: AsJson = False
) -> None:
    """Try quarantined rows again, after a mapping was corrected."""
    with workspace() as ws:
        done = ws.replay(source)
    print_result(done, as_json=as_json, title="Replayed")


def sources(as_json: AsJson = False) -> None:
    """List the configured sources, and the kinds of sources that there are."""
    import pandas as pd

    with workspace() as ws:
        configured, kinds = ws.sources(), ws.connectors()
    if as_json:
        print_json({"sources": configured.to_frame(), "connectors": kinds})
        return
    print_table(configured.to_frame(), title="Sources")
    print_table(pd.DataFrame(kinds), title="Connectors")
