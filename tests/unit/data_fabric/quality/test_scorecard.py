from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from cyberpunk_ai.core.errors import InvalidArgument, NotFound
from cyberpunk_ai.data_fabric.quality.scorecard import QualityScorecard

if TYPE_CHECKING:
    from pathlib import Path

    from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector

TODAY = date(2024, 6, 1)


def orders(days: int = 90, per_day: int = 20) -> pd.DataFrame:
    """Faultless orders up to the day before TODAY."""
    count = days * per_day
    number = np.arange(count)
    return pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in number],
            "line_id": "1",
            "ordered_at": pd.Timestamp(TODAY) - pd.to_timedelta(days - number // per_day, unit="D") + pd.Timedelta(hours=23),
            "customer_id": [f"c{n % 40}" for n in number],
            "product": "Lamp",
            "country": "DE",
            "quantity": 1.0,
            "unit_price": 9.5,
            "amount": 9.5,
            "is_refund": False,
            "source": "test",
            "updated_at": pd.Timestamp("2024-06-01"),
        }
    )


def customers() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": [f"c{n}" for n in range(40)],
            "name": "Ada",
            "email": [f"a{n}@example.org" for n in range(40)],
            "country": "DE",
            "signed_up_at": pd.Timestamp("2023-01-01"),
            "source": "test",
            "updated_at": pd.Timestamp("2024-06-01"),
        }
    )


def card(fabric: UnifiedDataConnector, rows: pd.DataFrame) -> QualityScorecard:
    fabric.warehouse.append("orders", rows)
    fabric.warehouse.append("customers", customers())
    return QualityScorecard(fabric.warehouse, fabric.operational, today=TODAY)


def line(scorecard: QualityScorecard, check: str) -> pd.Series:
    return scorecard.run("orders").checks.set_index("check").loc[check]


def test_faultless_data_scores_a_hundred(fabric: UnifiedDataConnector) -> None:
    report = card(fabric, orders()).run()
    assert report.score == 100.0
    assert set(report.datasets["dataset"]) == {"customers", "orders"}
    assert report.checks["deduction"].sum() == 0
    assert report.to_dict()["datasets"][0]["score"] == 100.0


@pytest.mark.parametrize(
    ("column", "value", "check", "failing"),
    [
        ("customer_id", None, "customer_id is filled", 300),
        ("customer_id", "ghost", "customer_id exists in customers.customer_id", 300),
        ("unit_price", -1.0, "validity: unit_price is below zero", 300),
        ("is_refund", True, "validity: a refund adds to revenue", 300),
        ("product", "  ", "product is filled", 300),
    ],
)
def test_a_planted_fault_is_found_counted_and_listed(
    fabric: UnifiedDataConnector, column: str, value: object, check: str, failing: int
) -> None:
    rows = orders()
    rows.loc[: failing - 1, column] = value
    scorecard = card(fabric, rows)
    found = line(scorecard, check)
    assert not found["passed"]
    assert found["failing_rows"] == failing
    assert found["deduction"] > 0
    assert len(scorecard.failing_rows("orders", check, limit=1000)) == failing
    report = scorecard.run("orders")
    assert report.datasets["score"].iloc[0] == pytest.approx(100 - report.checks["deduction"].sum())


def test_a_doubled_key_is_critical_and_caps_the_score(fabric: UnifiedDataConnector) -> None:
    rows = pd.concat([orders(), orders().head(1)])
    scorecard = card(fabric, rows)
    report = scorecard.run("orders")
    assert report.datasets["score"].iloc[0] == 50.0
    assert bool(report.datasets["critical"].iloc[0])
    assert len(scorecard.failing_rows("orders", "order_id, line_id is unique")) == 2


def test_a_source_that_fell_silent_is_stale(fabric: UnifiedDataConnector) -> None:
    scorecard = card(fabric, orders())
    scorecard.today = date(2024, 6, 10)
    assert "days ago; 2 are allowed" in line(scorecard, "freshness of ordered_at")["message"]


def test_a_day_with_hardly_any_rows_is_told(fabric: UnifiedDataConnector) -> None:
    rows = orders(per_day=200)
    quiet = rows["ordered_at"].dt.date == date(2024, 5, 30)
    scorecard = card(fabric, rows[~quiet | (np.arange(len(rows)) % 20 == 0)])
    found = line(scorecard, "rows per day")
    assert not found["passed"]
    assert "2024-05-30" in found["message"]


def test_scores_are_kept_and_watching_does_not_fill_the_store(fabric: UnifiedDataConnector) -> None:
    scorecard = card(fabric, orders())
    scorecard.run("orders")
    scorecard.run("orders")
    assert scorecard.history("orders")["score"].tolist() == [100.0]
    fabric.warehouse.append("orders", orders().head(1))
    scorecard.run("orders")
    assert scorecard.history("orders")["score"].tolist() == [100.0, 50.0]


def test_a_dataset_without_rows_says_so(fabric: UnifiedDataConnector) -> None:
    scorecard = QualityScorecard(fabric.warehouse)
    assert scorecard.run().datasets.empty
    assert scorecard.run("telemetry").checks["message"].tolist() == ["there are no rows"]


def test_unknown_names_are_refused(fabric: UnifiedDataConnector) -> None:
    scorecard = QualityScorecard(fabric.warehouse)
    with pytest.raises(NotFound, match="no dataset"):
        scorecard.run("invoices")
    with pytest.raises(NotFound, match="no rows to show"):
        scorecard.failing_rows("orders", "rows per day")


def test_a_wrong_check_in_the_file_is_named(fabric: UnifiedDataConnector, tmp_path: Path) -> None:
    path = tmp_path / "checks.yml"
    path.write_text("datasets: {orders: {checks: [{kind: freshness, column: ordered_at}]}}")
    fabric.warehouse.append("orders", orders())
    with pytest.raises(InvalidArgument, match="max_days"):
        QualityScorecard(fabric.warehouse, checks=path).run("orders")


TWIN, STRANGER = "email is unique", "customer_id exists in customers.customer_id"
WHOLE = {("customers", TWIN)}
# The last rows of every table name customers that are not among them.
TAIL = {("customers", TWIN), ("orders", STRANGER), ("web_sessions", STRANGER)}


@pytest.mark.parametrize(
    ("rows", "faults"), [pytest.param(2000, TAIL, id="tail"), pytest.param(None, WHOLE, id="all", marks=pytest.mark.full)]
)
def test_every_packaged_check_can_be_measured_and_listed(
    fabric: UnifiedDataConnector, rows: int | None, faults: set[tuple[str, str]]
) -> None:
    from cyberpunk_ai.demo.company import DemoCompany

    company = DemoCompany("small", 7, TODAY)
    for table in ("customers", "orders", "demand", "marketing_ads", "web_sessions", "assets", "telemetry"):
        frame = company.frame(table)
        fabric.warehouse.append(table, frame if rows is None else frame.tail(rows))
    scorecard = QualityScorecard(fabric.warehouse, today=TODAY)
    report = scorecard.run()
    assert set(report.datasets["dataset"]) == set(scorecard.datasets())
    checks = report.checks[["dataset", "check", "failing_rows"]]
    assert {(dataset, check) for dataset, check, failing in checks.itertuples(index=False) if failing} == faults
    for dataset, check in faults:
        assert len(scorecard.failing_rows(dataset, check, limit=5)) == 5
