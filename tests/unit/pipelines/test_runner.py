"""The record of a run is ended whatever happens, and a run that was taken over can be carried on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cyberpunk_ai import Workspace
from pipelines import runner


def test_a_surprise_outside_the_cells_ends_the_run_as_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_asked: Any) -> dict[str, Any]:
        raise RuntimeError("no kernel for redis://:hunter2@host/0")

    monkeypatch.setattr(runner, "_execute", breaks)
    with Workspace.open() as ws:
        outcome = runner.run_pipeline(ws, "nightly")
        assert (outcome.status, outcome.error["name"]) == ("failed", "RuntimeError")
        assert "hunter2" not in outcome.error["message"]
        assert ws.runs().runs["status"].tolist() == ["failed"]


def test_a_run_that_is_broken_off_is_recorded_as_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_asked: Any) -> dict[str, Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "_execute", breaks)
    with Workspace.open() as ws:
        with pytest.raises(KeyboardInterrupt):
            runner.run_pipeline(ws, "nightly")
        assert ws.runs().runs["status"].tolist() == ["cancelled"]


def test_a_run_taken_over_goes_on_in_the_folder_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from cyberpunk_ai.data_fabric.stores.records import pipeline_runs

    monkeypatch.setattr(runner, "_execute", lambda *_asked: {"name": "X", "message": "m", "cell": 0, "source": ""})
    moment = datetime(2024, 1, 1, 4, tzinfo=UTC)
    with Workspace.open() as ws:
        died = ws.start_run("nightly", scheduled_for=moment, parameters={"horizon": 1})
        (ws.settings.home / "runs" / str(died)).mkdir(parents=True)
        with ws._stores.operational.begin() as connection:
            connection.execute(pipeline_runs.update().values(lease_until=datetime(2020, 1, 1), owner="a machine that is gone"))
        assert runner.run_pipeline(ws, "nightly", parameters={"horizon": 4}, scheduled_for=moment).run_id == died
        assert ws.runs().runs["parameters"][0]["horizon"] == 4
