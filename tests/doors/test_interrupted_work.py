"""A run and a sync whose process was killed are `interrupted` at every door, in the same words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.main import create_app
from apps.admin import pieces
from cyberpunk_ai import Workspace
from cyberpunk_ai.charts.theme import load_theme
from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.processes import this_process
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.stores.records import pipeline_runs, sync_runs
from tests.doors.commands import cyberpunk


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose one run and one sync were killed."""
    host, pid, started = this_process().split(":")
    killed = f"{host}:{pid}:{int(started) - 1}"
    home = tmp_path / "home"
    with Workspace.open(Settings.load(home=home)) as ws:
        ws.start_run("nightly", scheduled_for=utc_now(), parameters={})
        ws._connector.syncs.start("inbox")
        with ws._stores.operational.begin() as connection:
            connection.execute(pipeline_runs.update().values(owner=killed))
            connection.execute(sync_runs.update().values(owner=killed))
    return home


def test_every_door_shows_what_was_interrupted_and_what_to_do(home: Path) -> None:
    settings = Settings.load(home=home, mounts="")
    with Workspace.open(settings) as ws:
        runs, syncs, sources = ws.runs().to_frame(), ws.recent_syncs().to_frame(), ws.sources().to_frame()
        assert (runs["status"][0], syncs["status"][0], sources["status"][0]) == ("interrupted",) * 3
        run, sync = runs["error"][0]["message"], syncs["error"][0]["message"]
        assert run.endswith("Run it again: cyberpunk run nightly")
        assert "cyberpunk sync inbox" in sync
        page = pieces.runs_of(runs, load_theme()), pieces.syncs_of(syncs, load_theme()), pieces.sources_of(sources, load_theme())
        assert [shown["status"][0] for shown in page] == ["\u25bc interrupted"] * 3
        assert [shown["error"][0] for shown in page] == [run, sync, sync]
    listed = json.loads(cyberpunk(home, "runs", "--json").stdout)["runs"][0]
    assert (listed["status"], listed["error"]["message"]) == ("interrupted", run)
    table = cyberpunk(home, "runs", COLUMNS="100").stdout
    assert "interrupted" in table
    assert run.split()[-1] in table
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        sent = client.get("/api/v1/runs").json()["runs"][0], client.get("/api/v1/data/sources").json()["sources"][0]
    assert [(each["status"], each["error"]["message"]) for each in sent] == [("interrupted", run), ("interrupted", sync)]
