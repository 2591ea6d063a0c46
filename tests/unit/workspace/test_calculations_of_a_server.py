"""A server works out forecasts and reports in other processes, whichever verb is asked, and gives the numbers of a notebook."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NoReturn

import pandas as pd
import pytest

from cyberpunk_ai import Workspace
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.customer_analytics.retention_analyzer import RetentionAnalyzer
from cyberpunk_ai.forecasting import anomalies, side_by_side
from tests.unit.customer_analytics.builders import shop
from tests.unit.forecasting.test_covariates import promoted
from tests.unit.forecasting.test_engine import monthly
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cyberpunk_ai.core.results import Result

MODELS = ("theta",)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace of a server."""
    with Workspace.open(Settings.load(home=tmp_path_factory.mktemp("home")), is_server=True) as opened:
        yield opened


def refuse_to_learn_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever learns in this process fail."""

    def learn(*_asked: Any, **_more: Any) -> NoReturn:
        raise AssertionError("worked out in the server's own process")

    monkeypatch.setattr(side_by_side, "run_member", learn)
    monkeypatch.setattr(anomalies, "read_demand", learn)


def growing(ws: Workspace) -> Result:
    async def last() -> Result:
        return [step async for step in ws.forecast_stream(data=monthly(), horizon=3, models=MODELS, budget_s=None)][-1].result

    return asyncio.run(last())


def planned(ws: Workspace) -> Result:
    demand, future, _ = promoted()
    return ws.forecast_scenario(demand, future=future, changed=future.assign(promotion=0.0), horizon=len(future), models=MODELS)


def parts(ws: Workspace) -> Result:
    both = [
        pd.DataFrame({"ds": monthly().index, "y": monthly().to_numpy() * share, "region": name}) for name, share in (("n", 1), ("s", 2))
    ]
    return ws.forecast_hierarchy(data=pd.concat(both), by=["region"], horizon=3, models=MODELS)


VERBS: dict[str, Callable[[Workspace], Result]] = {
    "forecast": lambda ws: ws.forecast(data=monthly(), horizon=3, models=MODELS),
    "forecast within a budget": lambda ws: ws.forecast(data=monthly(), horizon=3, models=MODELS, budget_s=3_600.0),
    "forecast_stream": growing,
    "forecast_reasons": lambda ws: ws.forecast_reasons(data=monthly(), horizon=3),
    "forecast_scenario": planned,
    "anomalies": lambda ws: ws.anomalies(data=monthly(), level=95.0),
    "cross_validation": lambda ws: ws.cross_validation(data=monthly(), horizon=3, windows=2, models=MODELS),
    "forecast_hierarchy": parts,
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_servers_numbers_are_those_of_a_notebook(verb: str, server: Workspace, tmp_path: Path) -> None:
    with Workspace.open(Settings.load(home=tmp_path)) as notebook:
        here = VERBS[verb](notebook).to_frame()
    with pytest.MonkeyPatch.context() as patch:
        refuse_to_learn_here(patch)
        there = VERBS[verb](server).to_frame()
    pd.testing.assert_frame_equal(there, here, check_exact=True)


def test_a_job_of_a_server_is_worked_out_elsewhere_too(server: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_to_learn_here(monkeypatch)
    data = pd.DataFrame({"unique_id": "a", "ds": monthly().index, "y": monthly().to_numpy()})
    job = server.submit_forecasts(data, horizon=3, models=MODELS)
    until(lambda: server.forecast_job(job.job_id).state in ("done", "failed"), "the job is over")
    found = server.forecast_job_frame(job.job_id)
    pd.testing.assert_series_equal(found["mean"], VERBS["forecast"](server).to_frame()["mean"], check_exact=True)


def test_a_report_of_a_server_is_worked_out_elsewhere_and_is_that_of_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, lines = Settings.load(home=tmp_path), shop(customers=120)
    with Workspace.open(settings) as notebook:
        sold = {"line_id": "1", "product": "Lamp", "region": "EMEA", "quantity": 1.0, "is_refund": False, "source": "test"}
        known = {"order_id": [f"o{row}" for row in range(len(lines))], "unit_price": lines["amount"], "updated_at": lines["ordered_at"]}
        notebook._stores.warehouse.append("orders", lines.assign(**sold, **known))
        here = notebook.retention()

    def learn(*_asked: Any, **_more: Any) -> NoReturn:
        raise AssertionError("worked out in the server's own process")

    monkeypatch.setattr(RetentionAnalyzer, "analyze_ledger", learn)
    with Workspace.open(settings, is_server=True) as server:
        there = server.retention()
    pd.testing.assert_frame_equal(there.to_frame(), here.to_frame(), check_exact=True)
