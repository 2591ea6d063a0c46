"""The facade's promises: permission, rows, masking, audit, remembered answers, and honest refusals."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from cyberpunk_ai import Caller, Workspace
from cyberpunk_ai.core.errors import Conflict, InvalidArgument, NotBuilt, NotFound, PermissionDenied
from cyberpunk_ai.forecasting import side_by_side
from cyberpunk_ai.forecasting.ets import EtsForecaster
from cyberpunk_ai.governance.callers import ALL_PERMISSIONS
from tests.waiting import PATIENCE_S

EMEA = Caller("anna", "Anna", ALL_PERMISSIONS, row_filter={"region": "EMEA"})
STRANGER = Caller("eve", "Eve")


def order(number: int, customer: str, region: str, day: str, amount: float) -> dict[str, object]:
    return {
        "order_id": f"o{number}", "line_id": "1", "ordered_at": pd.Timestamp(day), "customer_id": customer, "product": "Lamp",
        "region": region,
        "quantity": 1.0, "unit_price": amount, "amount": amount, "is_refund": False, "source": "test", "updated_at": pd.Timestamp(day),
    }  # fmt: skip


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with Workspace.open() as opened:
        people = pd.DataFrame(
            {
                "customer_id": ["ada", "bob"], "name": ["Ada", "Bob"], "email": ["ada@example.com", "bob@example.com"],
                "region": ["EMEA", "APAC"], "source": "test", "updated_at": pd.Timestamp("2024-01-01"),
            }
        )  # fmt: skip
        orders = [
            order(1, "ada", "EMEA", "2024-01-05", 10.0),
            order(2, "bob", "APAC", "2024-01-06", 20.0),
            order(3, "ada", "EMEA", "2024-02-07", 5.0),
        ]
        opened._stores.warehouse.append("customers", people)
        opened._stores.warehouse.append("orders", pd.DataFrame(orders))
        yield opened


def test_a_caller_without_the_permission_is_refused_and_the_refusal_is_audited(ws: Workspace) -> None:
    with pytest.raises(PermissionDenied):
        ws.query("revenue", caller=STRANGER)
    line = ws.audit(limit=1).iloc[0]
    assert (line["caller"], line["verb"], line["outcome"]) == ("eve", "query", "permission_denied")


def test_every_verb_leaves_one_audit_line(ws: Workspace) -> None:
    before = len(ws.audit())
    ws.query("revenue")
    ws.transactions()
    with pytest.raises(NotFound):
        ws.customer("nobody")
    after = ws.audit()
    assert len(after) == before + 4, "three verbs, and the first audit itself"
    assert after["outcome"].tolist()[:3] == ["not_found", "ok", "ok"]


def test_a_zero_byte_does_not_cost_the_audit_line(ws: Workspace) -> None:
    with pytest.raises(NotFound):
        ws.customer("a\x00b")
    assert ws.audit(limit=1)["resource"].tolist() == ["a\\0b"]


def test_a_callers_rows_are_the_only_ones_at_every_verb(ws: Workspace) -> None:
    assert ws.query("revenue").value == 35.0
    assert ws.query("revenue", caller=EMEA).value == 15.0
    assert set(ws.transactions(caller=EMEA)["customer_id"]) == {"ada"}
    assert ws.customer("ada", caller=EMEA).summary["orders"] == 2
    with pytest.raises(NotFound):
        ws.customer("bob", caller=EMEA)


def test_personal_columns_are_masked_for_those_who_may_not_see_them(ws: Workspace) -> None:
    assert ws.customer("ada").profile["email"] == "ada@example.com"
    assert ws.customer("ada", caller=EMEA).profile["email"] == "***"


def test_an_answer_is_remembered_until_the_data_change(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    ws.query("revenue")
    with monkeypatch.context() as patch:
        patch.setattr(ws._semantic, "query", lambda *_asked, **_more: pytest.fail("asked again"))
        assert ws.query("revenue").value == 35.0
    ws._stores.warehouse.append("orders", pd.DataFrame([order(4, "bob", "APAC", "2024-02-08", 1.0)]))
    assert ws.query("revenue").value == 36.0


def test_a_forecast_is_remembered_as_long_as_its_series_stays_the_same(ws: Workspace) -> None:
    series = pd.Series(range(1, 31), index=pd.date_range("2024-01-01", periods=30, freq="D"), dtype=float)
    asked = {"horizon": 3, "models": ["theta"], "backtest_windows": 0}
    first = ws.forecast(data=series, **asked)
    # Measured seconds are the same only where nothing was computed again.
    assert ws.forecast(data=series.copy(), **asked).leaderboard.equals(first.leaderboard)
    assert not ws.forecast(data=series + 1, **asked).forecast.equals(first.forecast)


def test_who_changes_an_answer_changes_only_their_own(ws: Workspace) -> None:
    first = ws.query("revenue", by=["region"])
    first.frame["revenue"] = 0.0
    assert ws.query("revenue", by=["region"]).frame["revenue"].sum() == 35.0


def test_verbs_work_inside_a_running_event_loop(ws: Workspace) -> None:
    import asyncio

    async def inside() -> bool:
        return ws.sync().ok

    assert asyncio.run(inside())


@pytest.mark.parametrize("verb", ["maintenance", "insights", "alerts"])
def test_what_is_not_built_says_what_there_is_instead(ws: Workspace, verb: str) -> None:
    with pytest.raises(NotBuilt) as caught:
        getattr(ws, verb)()
    assert caught.value.hint


def test_a_run_is_claimed_once_and_finished_once(ws: Workspace) -> None:
    moment = datetime(2024, 1, 1, 4, tzinfo=UTC)
    run = ws.start_run("nightly", scheduled_for=moment, parameters={"horizon": 3})
    assert run is not None
    assert ws.start_run("nightly", scheduled_for=moment, parameters={}) is None
    assert ws.start_run("nightly", scheduled_for=moment + timedelta(days=1), parameters={}) is not None
    ws.heartbeat_run(run)
    with pytest.raises(InvalidArgument):
        ws.finish_run(run, "running")
    ws.finish_run(run, "succeeded")
    with pytest.raises(Conflict):
        ws.finish_run(run, "failed")
    with pytest.raises(Conflict):
        ws.heartbeat_run(run)
    assert ws.runs("nightly").runs.set_index("run_id").loc[run, "status"] == "succeeded"


def test_a_run_whose_process_died_is_taken_over_under_its_own_id(ws: Workspace) -> None:
    from cyberpunk_ai.data_fabric.stores.records import pipeline_runs

    moment = datetime(2024, 1, 1, 4, tzinfo=UTC)
    run = ws.start_run("nightly", scheduled_for=moment, parameters={})
    with ws._stores.operational.begin() as connection:
        connection.execute(pipeline_runs.update().values(lease_until=datetime(2020, 1, 1), owner="a machine that is gone"))
    assert ws.start_run("nightly", scheduled_for=moment, parameters={}) == run


def test_a_workspace_opens_without_touching_a_store() -> None:
    with Workspace.open() as opened:
        assert not opened.settings.home.exists()


def test_a_forecast_that_a_budget_cut_short_is_no_answer_for_those_who_come_later(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    data = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=48, freq="MS"), "y": [10.0 + month % 12 for month in range(48)]})
    asked = {"data": data, "horizon": 3, "models": ("theta", "ets"), "budget_s": 0.0}
    # The baseline and one member are waited for, and then as long as this says.
    for_the_rest_s = [0.0]
    monkeypatch.setattr(side_by_side, "first_by_s", lambda _budget_s, landed: for_the_rest_s[0] if landed > 1 else 3_600.0)
    held = threading.Event()
    learn = EtsForecaster._learn
    monkeypatch.setattr(EtsForecaster, "_learn", lambda self, values: (held.wait(PATIENCE_S), learn(self, values))[1])
    short = ws.forecast(**asked)
    assert short.left_out == ("ets",)
    held.set()
    for_the_rest_s[0] = 3_600.0
    whole = ws.forecast(**asked)
    assert whole.left_out == ()
    assert ws.forecast(**asked).leaderboard["seconds"].tolist() == whole.leaderboard["seconds"].tolist()


def test_answers_differ_where_frames_differ_in_the_middle(ws: Workspace) -> None:
    days = pd.date_range("2020-01-01", periods=400, freq="D")
    one = pd.DataFrame({"ds": days, "promotion": 0.0})
    other = one.assign(promotion=[float(100 < day < 300) for day in range(400)])
    kept = [ws._remember("test", {"future": frame}, lambda frame=frame: frame["promotion"].sum()) for frame in (one, other)]
    assert kept == [0.0, 199.0]
