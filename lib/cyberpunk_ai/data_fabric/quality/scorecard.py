"""The scorecard: runs every dataset's checks in one pass each, takes points off, keeps history, lists failing rows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as midnight
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.errors import InvalidArgument, NotFound, StoreFailed
from cyberpunk_ai.core.logs import get_logger
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.core.storage_errors import UNWRITABLE
from cyberpunk_ai.data_fabric.quality.base import CHECKS, Check, Circumstances
from cyberpunk_ai.data_fabric.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import pandas as pd

    from cyberpunk_ai.data_fabric.stores.operational import Operational
    from cyberpunk_ai.data_fabric.stores.warehouse import Warehouse

_log = get_logger(__name__)
PACKAGED = Path(__file__).with_name("checks.yml")
CRITICAL_CAP = 50.0
KEEP_EVERY = timedelta(hours=1)
DATASET_COLUMNS = ["dataset", "label", "owner", "score", "rows", "freshest", "failed", "critical"]
CHECK_COLUMNS = ["dataset", "check", "family", "column", "passed", "failing_rows", "deduction", "critical", "message"]


@dataclass(frozen=True)
class QualityReport(Result):
    """How far the data can be trusted.

    Attributes:
        score: From 0 to 100, the mean over the datasets.
        datasets: Columns dataset, label, owner, score, rows, freshest, failed, critical; datasets without rows are left out.
        checks: The ledger: dataset, check, family, column, passed, failing_rows, deduction, critical, message.
        at: When it was computed, naive UTC.
        seconds: How long that took.
    """

    chart_name: ClassVar[str] = "quality"
    score: float
    datasets: pd.DataFrame
    checks: pd.DataFrame
    at: datetime
    seconds: float

    def to_frame(self) -> pd.DataFrame:
        """Return one row per dataset."""
        return self.datasets


class QualityScorecard:
    """Checks datasets.

    Args:
        warehouse: Holds the data and computes the checks.
        operational: Keeps the history of scores; no history when None.
        checks: YAML file of checks; the packaged one by default.
        today: The calendar day that freshness is measured against; today by default.
    """

    def __init__(
        self, warehouse: Warehouse, operational: Operational | None = None, *, checks: Path = PACKAGED, today: date | None = None
    ) -> None:
        self.warehouse, self.operational, self.today = warehouse, operational, today
        self._described = _read(checks)

    def datasets(self) -> list[str]:
        """Return the names of the datasets that have checks."""
        return list(self._described)

    def run(self, dataset: str | None = None) -> QualityReport:
        """Check one dataset, or all that have rows.

        Raises:
            NotFound: No such dataset.
        """
        import pandas as pd

        started = time.perf_counter()
        names = self.datasets() if dataset is None else [self._known(dataset)]
        rows, ledger = [], []
        for name in names:
            if dataset is None and self.warehouse.row_count(name) == 0:
                continue
            row, lines = self._check(name)
            rows.append(row)
            ledger += lines
            try:
                self._remember(row, lines)
            except StoreFailed as failure:
                if failure.details.get("reason") not in UNWRITABLE:
                    raise
                _log.warning("score was not kept", dataset=row["dataset"], reason=failure.message)
        frame = pd.DataFrame(rows, columns=DATASET_COLUMNS)
        score = round(float(frame["score"].mean()), 1) if len(frame) else 0.0
        now = utc_now().replace(tzinfo=None)
        return QualityReport(score, frame, pd.DataFrame(ledger, columns=CHECK_COLUMNS), now, time.perf_counter() - started)

    def failing_rows(self, dataset: str, check: str, *, limit: int = 100) -> pd.DataFrame:
        """Return rows that fail a check.

        Args:
            dataset: Name of the dataset.
            check: Name of the check, as in the ledger.
            limit: How many rows at most.

        Raises:
            NotFound: No such dataset or check, or the check is about the dataset as a whole.
        """
        found = [item for item in self._checks(self._known(dataset)) if item.name == check]
        condition = found[0].failing() if found else None
        if condition is None:
            shown = [item.name for item in self._checks(dataset) if item.failing() is not None]
            raise NotFound(f"{dataset} has no rows to show for {check!r}", hint=f"checks with rows: {'; '.join(shown)}")
        return self.warehouse.query(f"SELECT * FROM {dataset} WHERE {condition} LIMIT {int(limit)}")

    def history(self, dataset: str, *, limit: int = 100) -> pd.DataFrame:
        """Return past scores of a dataset, oldest first: at, score."""
        import pandas as pd
        from sqlalchemy import select

        from cyberpunk_ai.data_fabric.stores.records import quality_history

        if self.operational is None:
            return pd.DataFrame(columns=["at", "score"])
        c = quality_history.c
        query = select(c.at, c.score).where(c.dataset == self._known(dataset)).order_by(c.at.desc()).limit(limit)
        with self.operational.read() as connection:
            return pd.DataFrame(connection.execute(query).all(), columns=["at", "score"]).iloc[::-1].reset_index(drop=True)

    def _check(self, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        checks = self._checks(name)
        time_column = table(name).time_column
        measures = {"rows": "count()", "freshest": f"max({time_column})" if time_column else "NULL"}
        for position, check in enumerate(checks):
            measures |= {f"c{position}_{key}": sql for key, sql in check.measures().items()}
        text = f"SELECT {', '.join(f'{sql} AS {key}' for key, sql in measures.items())} FROM {name}"
        measured = {str(key): value for key, value in self.warehouse.query(text).iloc[0].items()}
        given = Circumstances(int(measured["rows"]), self._now(), self.warehouse)
        ledger = (
            [_judged(name, position, check, measured, given) for position, check in enumerate(checks)] if given.rows else [_empty(name)]
        )
        score = max(0.0, 100.0 - sum(line["deduction"] for line in ledger))
        is_critical = any(line["critical"] and not line["passed"] for line in ledger)
        described = self._described[name]
        row = {
            "dataset": name, "label": described.get("label", name), "owner": described.get("owner", ""),
            "score": round(min(score, CRITICAL_CAP) if is_critical else score, 1), "rows": given.rows,
            "freshest": measured["freshest"] if given.rows else None, "failed": sum(not line["passed"] for line in ledger),
            "critical": is_critical,
        }  # fmt: skip
        return row, ledger

    def _checks(self, name: str) -> list[Check]:
        from pydantic import ValidationError

        built = []
        for described in self._described[name]["checks"]:
            kind = CHECKS.get(str(described.get("kind")))
            try:
                built.append(kind(table(name), kind.Config.model_validate(described)))
            except ValidationError as error:
                problems = "; ".join(f"{'.'.join(map(str, item['loc']))} {item['msg']}" for item in error.errors())
                raise InvalidArgument(
                    f"check of {name}: {problems}", hint=f"settings of {kind.kind}: {', '.join(kind.Config.model_fields)}"
                ) from error
        return built

    def _known(self, dataset: str) -> str:
        if dataset not in self._described:
            raise NotFound(f"no dataset is called {dataset!r}", hint=f"datasets: {', '.join(self._described)}")
        return dataset

    def _now(self) -> datetime:
        """The present moment; the end of the day when the calendar is frozen."""
        if self.today is None or self.today == utc_now().date():
            return utc_now().replace(tzinfo=None)
        return datetime.combine(self.today, midnight.max)

    def _remember(self, row: Mapping[str, Any], ledger: list[dict[str, Any]]) -> None:
        """Keep a score when it changed, or an hour after the last: whoever looks often must not fill the store."""
        from sqlalchemy import select

        from cyberpunk_ai.data_fabric.stores.records import quality_history

        if self.operational is None:
            return
        c, now = quality_history.c, utc_now().replace(tzinfo=None)
        newest = select(c.at, c.score).where(c.dataset == row["dataset"]).order_by(c.at.desc()).limit(1)
        with self.operational.read() as connection:
            last = connection.execute(newest).one_or_none()
        if last is not None and last.score == row["score"] and now - last.at < KEEP_EVERY:
            return
        detail = {"rows": row["rows"], "failed": [line for line in ledger if not line["passed"]]}
        with self.operational.begin() as connection:
            connection.execute(quality_history.insert().values(dataset=row["dataset"], at=now, score=row["score"], detail=detail))


def _judged(name: str, position: int, check: Check, measured: Mapping[str, Any], given: Circumstances) -> dict[str, Any]:
    own = {key: measured[f"c{position}_{key}"] for key in check.measures()}
    outcome = check.judge(own, given)
    return {
        "dataset": name, "check": check.name, "family": check.kind, "column": check.column, "passed": outcome.passed,
        "failing_rows": outcome.failing_rows, "deduction": round(check.config.weight * outcome.severity, 2),
        "critical": check.config.critical, "message": outcome.message,
    }  # fmt: skip


def _empty(name: str) -> dict[str, Any]:
    return {
        "dataset": name, "check": "has rows", "family": "volume", "column": "", "passed": False, "failing_rows": 0, "deduction": 100.0,
        "critical": True, "message": "there are no rows",
    }  # fmt: skip


def _read(path: Path) -> dict[str, dict[str, Any]]:
    import yaml

    described = yaml.safe_load(path.read_text(encoding="utf-8"))
    datasets = described.get("datasets") if isinstance(described, dict) else None
    if not isinstance(datasets, dict) or not all(isinstance(item, dict) and item.get("checks") for item in datasets.values()):
        raise InvalidArgument(
            f"{path.name} describes no checks", hint="datasets: {orders: {checks: [{kind: freshness, …}]}}", path=str(path)
        )
    for name in datasets:
        table(name)
    return datasets
