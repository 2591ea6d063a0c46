"""Running a pipeline: claim, check, execute with papermill, keep notebook and page, and finish the record whatever the end."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from cyberpunk_ai.core import logs
from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.errors import Conflict, CyberpunkError
from cyberpunk_ai.core.heartbeats import repeated
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.core.storage_errors import writing
from pipelines.pages import write_html
from pipelines.parameters import check_parameters
from pipelines.pipeline import Pipeline, load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

    from cyberpunk_ai import Workspace

HEARTBEAT_S = 15.0
log = logs.get_logger("pipelines")


@dataclass(frozen=True)
class RunOutcome(Result):
    """How a run ended.

    Attributes:
        run_id: Id in the record of runs.
        pipeline: Name in the catalogue.
        status: `succeeded` or `failed`.
        seconds: From claim to end.
        notebook_path: Executed notebook with outputs.
        html_path: The same as one page; empty when it failed.
        error: name, message, cell and source of the cell that failed; empty when none did.
    """

    chart_name: ClassVar[str] = ""
    run_id: str
    pipeline: str
    status: str
    seconds: float
    notebook_path: str
    html_path: str
    error: dict[str, Any] = field(default_factory=dict)

    def to_frame(self) -> pd.DataFrame:
        """Return one row."""
        import pandas as pd

        return pd.DataFrame([self.to_dict()])


def run_pipeline(
    ws: Workspace,
    name: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    scheduled_for: datetime | None = None,
    tell: Callable[[str], object] | None = None,
) -> RunOutcome:
    """Run a pipeline now.

    Args:
        ws: Workspace that keeps the record. The notebook opens its own from the same environment.
        name: Name in the catalogue.
        parameters: Win over the catalogue's.
        scheduled_for: Aware moment that the run stands for; now when None.
        tell: Called with a line at each step.

    Raises:
        NotFound: No such pipeline.
        InvalidArgument: A parameter is unknown or does not fit.
        Conflict: Another process runs or has run it for this moment.
    """
    pipeline = load(name)
    checked = check_parameters(pipeline.notebook_path, {**pipeline.parameters, **(parameters or {})})
    run_id = ws.start_run(name, scheduled_for=scheduled_for or utc_now(), parameters=checked)
    if run_id is None:
        raise Conflict(f"{name} is claimed for this moment already", hint="`cyberpunk runs` shows by whom")
    say = tell or (lambda _line: None)
    say(f"run {run_id}: {pipeline.notebook} with {checked}")
    with logs.bind(run_id=run_id):
        return _carry(ws, pipeline, run_id, checked, say)


def _carry(ws: Workspace, pipeline: Pipeline, run_id: str, parameters: Mapping[str, Any], say: Callable[[str], object]) -> RunOutcome:
    folder = ws.settings.home / "runs" / run_id
    with writing("the folder of the run", folder):
        folder.mkdir(parents=True, exist_ok=True)  # a run that was taken over goes on in the folder of the process that died
    notebook, page, started = folder / f"{pipeline.notebook}.ipynb", folder / f"{pipeline.notebook}.html", time.monotonic()
    error: dict[str, Any] = {}
    with _heartbeat(ws, run_id):
        try:
            for attempt in range(pipeline.retries + 1):
                error = _execute(pipeline, notebook, parameters)
                if not error:
                    break
                say(f"attempt {attempt + 1} failed in cell {error.get('cell')}: {error['name']}: {error['message']}")
            if not error:
                write_html(notebook, page, facts={"run": run_id[:8], **parameters})
        except Exception as surprise:
            # Whatever it is, the record must not say `running` for ever.
            log.exception("run failed outside its cells", pipeline=pipeline.name)
            error = _outside(surprise)
        except BaseException:
            ws.finish_run(run_id, "cancelled")  # Ctrl-C, or the process is being ended
            raise
    status: Literal["failed", "succeeded"] = "failed" if error else "succeeded"
    kept, shown = (str(path) if path.exists() else "" for path in (notebook, page))
    ws.finish_run(run_id, status, notebook_path=kept, html_path=shown, error=error or None)
    log.info("run ended", pipeline=pipeline.name, status=status)
    return RunOutcome(run_id, pipeline.name, status, round(time.monotonic() - started, 2), kept, shown, error)


def _execute(pipeline: Pipeline, output: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Execute into `output`; return what failed, or an empty dict."""
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    try:
        papermill.execute_notebook(
            str(pipeline.notebook_path), str(output), parameters=dict(parameters), kernel_name="python3", progress_bar=False,
            log_output=False, execution_timeout=pipeline.timeout_seconds, cwd=str(pipeline.notebook_path.parent),
        )  # fmt: skip
    except papermill.PapermillExecutionError as error:
        return _failure(pipeline.notebook_path, error)
    except (CellTimeoutError, DeadKernelError, CyberpunkError) as error:
        return _outside(error)
    return {}


def _outside(error: Exception) -> dict[str, Any]:
    """Describe a failure that belongs to no cell."""
    return {"name": type(error).__name__, "message": logs.mask_text(str(error))[:2000], "cell": None, "source": ""}


def _failure(notebook: Path, error: Any) -> dict[str, Any]:
    """Name the cell as it stands in the original notebook; papermill has put a cell of parameters in front of it."""
    import nbformat

    cells = nbformat.read(str(notebook), as_version=4).cells
    original = next((number for number, cell in enumerate(cells) if cell.source == error.source), None)
    message = logs.mask_text(str(error.evalue))[:2000]
    return {"name": str(error.ename), "message": message, "cell": original, "source": logs.mask_text(str(error.source))[:2000]}


def _heartbeat(ws: Workspace, run_id: str) -> AbstractContextManager[None]:
    """Keep the claim while a block runs."""

    def beat() -> bool:
        try:
            ws.heartbeat_run(run_id)
        except Conflict as error:
            # finish_run will refuse the result; there is nothing to save by stopping the kernel half-way.
            log.warning("lease lost", problem=error.message)
            return False
        except Exception as error:  # noqa: BLE001 - a store that does not answer for a moment must not cost the claim
            log.warning("heartbeat failed, trying again", problem=logs.mask_text(str(error)))
        return True

    return repeated(beat, every_s=HEARTBEAT_S, name=f"heartbeat-{run_id}")
