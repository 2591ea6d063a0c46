"""How answers are printed: tables for people, JSON for programs, errors with what to do next."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from cyberpunk_ai.core.errors import CyberpunkError
    from cyberpunk_ai.core.results import Result
    from cyberpunk_ai.workspace import Workspace

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
MAX_ROWS = 40


@contextmanager
def workspace() -> Iterator[Workspace]:
    """Open the workspace of the environment, and close it at the end."""
    from cyberpunk_ai.core import logs
    from cyberpunk_ai.core.settings import Settings
    from cyberpunk_ai.workspace import Workspace

    settings = Settings.load()
    logs.configure("WARNING" if settings.log_level == "INFO" else settings.log_level)
    with Workspace.open(settings) as opened:
        yield opened


def print_json(value: Any) -> None:
    """Print a result or a plain value as indented JSON."""
    from cyberpunk_ai.core.results import to_jsonable

    sys.stdout.write(json.dumps(to_jsonable(value), indent=2, ensure_ascii=False) + "\n")


def print_result(result: Result, *, as_json: bool, title: str = "", notes: tuple[str, ...] = ()) -> None:
    """Print a result: its dict as JSON, or its main table with notes below."""
    if as_json:
        print_json(result)
        return
    print_table(result.to_frame(), title=title)
    print_notes(notes)


def print_notes(notes: tuple[str, ...] | list[str]) -> None:
    """Print each note on its line."""
    for note in notes:
        typer.echo(f"  {note}")


def print_table(frame: pd.DataFrame, *, title: str = "") -> None:
    """Print a frame as a table, at most forty rows."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title) if title else None, box=box.SIMPLE_HEAD, title_style="bold cyan", header_style="cyan")
    for name in frame.columns:
        table.add_column(Text(str(name)), justify="right" if frame[name].dtype.kind in "iuf" else "left")
    for row in frame.head(MAX_ROWS).itertuples(index=False):
        # As text: brackets in somebody's data are no markup of ours.
        table.add_row(*(Text(_cell(value)) for value in row))
    console = Console()
    console.print(table)
    if len(frame) > MAX_ROWS:
        console.print(f"  ... {len(frame) - MAX_ROWS:,} more rows; --json prints all of them", style="dim")


def _cell(value: Any) -> str:
    import pandas as pd

    if isinstance(value, dict) and "message" in value:  # the error of a run or sync; --json has the rest
        return str(value["message"])
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return ""
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1 else f"{value:,.2f}"
    if hasattr(value, "strftime"):
        is_day = (getattr(value, "hour", 0), getattr(value, "minute", 0)) == (0, 0)
        return str(value.strftime("%Y-%m-%d" if is_day else "%Y-%m-%d %H:%M"))
    if isinstance(value, (list, tuple)):
        return "; ".join(map(str, value))
    return str(value)


def print_error(error: CyberpunkError, *, as_json: bool) -> None:
    """Print an error to standard error: what is wrong, and what to do."""
    if as_json:
        sys.stderr.write(json.dumps({"error": error.to_dict()}, ensure_ascii=False, default=str) + "\n")
        return
    typer.secho(f"error: {error.message}", fg=typer.colors.RED, err=True)
    if error.hint:
        typer.secho(f"  hint: {error.hint}", err=True)


@contextmanager
def progress(*, as_json: bool) -> Iterator[Callable[..., None] | None]:
    """Yield a callback `(label, done, total)` that draws a bar on a terminal; None where nobody looks."""
    if as_json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def report(label: str, done: int, total: int | None = None) -> None:
            if label not in tasks:
                tasks[label] = bars.add_task(label, total=total)
            bars.update(tasks[label], completed=done, total=total)

        yield report


def by_stream(report: Callable[..., None] | None) -> Callable[[dict[str, Any]], None] | None:
    """Turn a sync's news about its streams into calls of a progress bar."""
    return None if report is None else lambda news: report(f"{news['source']}:{news.get('stream', '')}", news["rows"])


def pairs(values: list[str] | None, *, separator: str = "=") -> dict[str, Any]:
    """Read `name=value` options; values of a repeated name join to a list.

    Raises:
        InvalidArgument: One has no separator.
    """
    from cyberpunk_ai.core.errors import InvalidArgument

    found: dict[str, Any] = {}
    for text in values or []:
        name, mark, value = text.partition(separator)
        if not mark:
            raise InvalidArgument(f"{text!r} is no name{separator}value", hint=f"for example region{separator}EMEA")
        if name in found:
            found[name] = [*(found[name] if isinstance(found[name], list) else [found[name]]), value]
        else:
            found[name] = value
    return found
