"""Commands of forecasts: forecast, forecast-many, cross-validate and anomalies."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cyberpunk_ai.cli.ask import Where  # noqa: TC001 - typer reads the annotations at run time
from cyberpunk_ai.cli.output import AsJson, pairs, print_json, print_notes, print_result, print_table, progress, workspace
from cyberpunk_ai.core.csv_text import write_csv
from cyberpunk_ai.core.storage_errors import writing

if TYPE_CHECKING:
    import pandas as pd

    from cyberpunk_ai.core.results import Result

_REMOTE = re.compile(r"""<(?:link|script)\b[^>]*(?:href|src)=["']https?://[^>]*>(?:\s*</script>)?""")
Csv = Annotated[Path | None, typer.Option(help="Own data instead of a metric: ds, y, unique_id, covariates.", dir_okay=False)]
Horizon = Annotated[int, typer.Option(help="Periods ahead.", min=1, max=1000)]
Grain = Annotated[str, typer.Option(help="day, week, month, quarter or year; own data have their own.")]
By = Annotated[str | None, typer.Option(help="One dimension; one series per value.")]
Model = Annotated[list[str] | None, typer.Option(help="Forecaster to use; repeat for several; all when left out.")]
Holidays = Annotated[str | None, typer.Option(help="Country whose holidays move demand, such as DE or DE-BY.")]
Resample = Annotated[str | None, typer.Option(help="Put rows with irregular or repeated dates together: sum, mean or last.")]
Output = Annotated[Path | None, typer.Option(help="Also write the table (.csv, .parquet) or the picture (.html).", dir_okay=False)]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (forecast, forecast_many, cross_validate, anomalies):
        app.command(command.__name__.replace("_", "-"))(command)


def forecast(
    metric: Annotated[str, typer.Argument(help="Additive metric.")] = "revenue",
    horizon: Horizon = 12,
    grain: Grain = "week",
    where: Where = None,
    by: By = None,
    model: Model = None,
    csv: Csv = None,
    future: Annotated[Path | None, typer.Option(help="Covariates of --csv over the horizon, as CSV.", dir_okay=False)] = None,
    holidays: Holidays = None,
    clean: Annotated[bool, typer.Option("--clean", help="Replace single values far from their neighbours, and list them.")] = False,
    resample: Resample = None,
    budget: Annotated[float | None, typer.Option(help="Seconds after which members that have not landed are left out.", min=0)] = None,
    why: Annotated[bool, typer.Option("--why", help="Also say from what the forecast comes.")] = False,
    with_retention: Annotated[bool, typer.Option("--with-retention", help="Let expected churn move the forecast.")] = False,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Forecast a metric or a CSV file with intervals."""
    with workspace() as ws:
        if with_retention:
            joined = ws.forecast_with_retention(metric=metric, horizon=horizon, grain=grain, where=pairs(where))
            _write(joined, output)
            print_result(joined, as_json=as_json, title=f"{metric} with retention", notes=joined.notes)
            return
        asked: dict[str, Any] = {"horizon": horizon, "grain": grain, "where": pairs(where), "by": by, "data": _read(csv)}
        later = _read(future, required=())
        with progress(as_json=as_json) as report:
            result = ws.forecast(
                metric, **asked, models=model, future=later, holidays=holidays, outliers="clean" if clean else "keep",
                resample=resample, budget_s=budget,  # type: ignore[arg-type]
                on_member=None if report is None else lambda _, done, total: report("members", done, total),
            )  # fmt: skip
        told = ws.forecast_reasons(metric, **asked, future=later, holidays=holidays) if why else None
    _write(result, output)
    if as_json:
        print_json(result if told is None else result.to_dict() | {"reasons": told.to_dict()})
        return
    print_table(result.forecast, title=f"{metric if csv is None else csv.name}, {horizon} periods ahead")
    board = result.leaderboard
    print_table(board.drop(columns=["note", "seconds"]), title="Backtest")
    if len(result.outliers):
        print_table(result.outliers, title="Outliers that were replaced")
    if told is not None:
        print_table(told.totals, title="From the last value to the forecast, mean over the horizon")
    said = [f"{name}: {note}" for name, note in zip(board["model"], board["note"], strict=True) if note]
    print_notes([*said, *result.notes, *(told.sentences if told is not None else ())])


def forecast_many(
    csv: Annotated[Path, typer.Argument(help="Series as CSV or parquet: columns unique_id, ds, y.", dir_okay=False, exists=True)],
    output: Annotated[Path, typer.Option(help="Where the forecasts go: .csv or .parquet.", dir_okay=False)],
    horizon: Horizon = 12,
    tier: Annotated[str, typer.Option(help="full, or fast for the quick members alone.")] = "full",
    resume: Annotated[Path | None, typer.Option(help="Folder of finished chunks, to be taken up again.", file_okay=False)] = None,
    executor: Annotated[str | None, typer.Option(help="here, processes, or a Dask address; CYBERPUNK_DASK_ADDRESS when set.")] = None,
    holidays: Holidays = None,
    as_json: AsJson = False,
) -> None:
    """Forecast thousands of series in chunks, on all cores or a Dask cluster."""
    data = _read(csv)
    assert data is not None  # noqa: S101 - the argument is required
    with workspace() as ws, progress(as_json=as_json) as report:
        found = ws.forecast_many(
            data, horizon=horizon, tier=tier, resume_dir=resume, executor=executor, holidays=holidays,
            on_progress=None if report is None else lambda done, total: report("series", done, total),
        )  # fmt: skip
    _write(found, output)
    if len(found.quarantine):
        aside = output.with_name(f"{output.stem}.quarantine.csv")
        write_csv(found.quarantine, aside)
    if as_json:
        print_json({"series": found.series, "seconds": found.seconds, "quarantined": len(found.quarantine), "output": str(output)})
        return
    print_table(found.leaderboard, title=f"{found.series:,} series in {found.seconds:,.0f} s")
    print_notes([f"{len(found.forecast):,} forecast rows are in {output}", *found.notes[:20]])
    if len(found.quarantine):
        print_notes([f"{len(found.quarantine):,} series could not be forecast: {aside} says why"])


def cross_validate(
    metric: Annotated[str, typer.Argument(help="Additive metric.")] = "revenue",
    horizon: Horizon = 12,
    windows: Annotated[int, typer.Option(help="Past points in time.", min=1, max=20)] = 3,
    step: Annotated[int | None, typer.Option(help="Periods from one to the next; the horizon when left out.", min=1)] = None,
    grain: Grain = "week",
    where: Where = None,
    by: By = None,
    model: Model = None,
    csv: Csv = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Forecast again at past points in time, and score every model."""
    with workspace() as ws, progress(as_json=as_json) as report:
        found = ws.cross_validation(
            metric, horizon=horizon, windows=windows, step=step, grain=grain, where=pairs(where), by=by, models=model, data=_read(csv),
            on_member=None if report is None else lambda _, done, total: report("members", done, total),
        )  # fmt: skip
    _write(found, output)
    if as_json:
        print_json(found)
        return
    print_table(found.by_model, title=f"{windows} past points in time, {horizon} periods each")
    by_step = found.by_step.pivot(index="step", columns="model", values="mae").reset_index()
    print_table(by_step, title="Mean error relative to mean demand, by periods ahead")
    print_notes(found.notes)


def anomalies(
    metric: Annotated[str, typer.Argument(help="Additive metric.")] = "revenue",
    grain: Grain = "day",
    where: Where = None,
    by: By = None,
    level: Annotated[float, typer.Option(help="So many percent of ordinary values are no anomaly.", min=50, max=99.99)] = 99.0,
    csv: Csv = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Show past values that were not to be expected."""
    with workspace() as ws:
        found = ws.anomalies(metric, grain=grain, where=pairs(where), by=by, level=level, data=_read(csv))
    _write(found, output)
    title = f"{int(found.frame['is_anomaly'].sum())} of {len(found.frame):,} values were not to be expected"
    print_result(found, as_json=as_json, title=title, notes=found.notes)


def _read(file: Path | None, *, required: tuple[str, ...] = ("ds", "y")) -> pd.DataFrame | None:
    """Read own data.

    Raises:
        InvalidArgument: The file is not there or is no table.
        ContractBroken: It lacks a column.
    """
    if file is None:
        return None
    import pandas as pd

    from cyberpunk_ai.core.errors import ContractBroken, InvalidArgument

    try:
        frame = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)
    except FileNotFoundError as error:
        raise InvalidArgument(f"{file} is not there", hint="check the path") from error
    except (ValueError, OSError) as error:
        raise InvalidArgument(f"{file} cannot be read as a table: {error}", hint="save it as CSV with a header, or as parquet") from error
    absent = [name for name in required if name not in frame.columns]
    if absent:
        seen = ", ".join(map(str, frame.columns))
        raise ContractBroken(f"{file}: column {', '.join(absent)} is missing", hint=f"columns seen: {seen}; rename to unique_id, ds, y")
    return frame


def _write(result: Result, file: Path | None) -> None:
    """Write the main table, or the picture where the file is a page.

    Raises:
        InvalidArgument: The file is of another kind.
        StoreFailed: The disk is full, or may not be written.
    """
    if file is None:
        return
    from cyberpunk_ai.core.errors import InvalidArgument

    if file.suffix == ".csv":
        write_csv(result.to_frame(), file)
    elif file.suffix == ".parquet":
        with writing("the export to", file):
            result.to_frame().to_parquet(file, index=False)
    elif file.suffix == ".html":
        import holoviews
        from bokeh.embed import file_html
        from bokeh.resources import INLINE

        # `holoviews.save` would link icons and scripts of other servers.
        figure = holoviews.render(result.chart(), backend="bokeh")
        page = file_html(figure, INLINE, title=result.headline.splitlines()[0])
        # Extensions that this process has loaded for other pages add links of theirs, which the figure does not need.
        with writing("the export to", file):
            file.write_text(_REMOTE.sub("", page), encoding="utf-8")
    else:
        raise InvalidArgument(
            f"{file.suffix or 'a name without ending'} is no kind of file that is written", hint="end it in .csv, .parquet or .html"
        )
