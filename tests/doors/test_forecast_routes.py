"""The routes around a forecast, over a real server."""

from __future__ import annotations

import io

import httpx
import numpy as np
import pandas as pd
import pytest

from tests.unit.forecasting.test_covariates import promoted
from tests.waiting import until


def points(frame: pd.DataFrame) -> list[dict]:
    return [
        {"ds": f"{row.ds:%Y-%m-%d}", "covariates": {"promotion": row.promotion}} | ({"y": row.y} if hasattr(row, "y") else {})
        for row in frame.itertuples(index=False)
    ]


def test_components_add_up(demo_api: httpx.Client) -> None:
    body = demo_api.post("/api/v1/forecast/components", json={"horizon": 3, "grain": "month"}).json()
    row = body["frame"][-1]
    assert row["part"] == "forecast"
    assert sum(row[name] for name in body["names"]) == pytest.approx(row["y"])


def test_reasons_add_up(demo_api: httpx.Client) -> None:
    body = demo_api.post("/api/v1/forecast/reasons", json={"horizon": 3, "grain": "month"}).json()
    assert "from the last value in its season" in body["sentences"][0]
    first = [row for row in body["frame"] if row["ds"] == body["frame"][0]["ds"]]
    mean = demo_api.post("/api/v1/forecast", json={"horizon": 3, "grain": "month"}).json()["forecast"][0]["mean"]
    assert sum(row["contribution"] for row in first) == pytest.approx(mean, rel=0.05)


def test_a_plan_and_another_plan(demo_api: httpx.Client) -> None:
    demand, future, _ = promoted()
    asked = {"data": points(demand), "future": points(future), "horizon": 6}
    plain = demo_api.post("/api/v1/forecast", json=asked | {"backtest_windows": 1})
    assert plain.status_code == 200
    assert {row["covariate"] for row in plain.json()["effects"]} == {"promotion"}
    changed = demo_api.post("/api/v1/forecast/scenario", json=asked | {"changed": points(future.assign(promotion=0.0))}).json()
    assert changed["totals"][0]["difference"] < -50
    short = demo_api.post("/api/v1/forecast", json=asked | {"future": points(future.iloc[:2])})
    assert short.status_code == 422
    assert "4 of 6 periods" in short.json()["error"]["message"]
    assert short.json()["error"]["hint"]


def test_past_points_in_time(demo_api: httpx.Client) -> None:
    asked = {"horizon": 3, "grain": "month", "windows": 2, "models": ["theta", "ets"]}
    body = demo_api.post("/api/v1/forecast/cross-validation", json=asked).json()
    assert {row["model"] for row in body["by_model"]} == {"theta", "ets", "ensemble", "seasonal_naive"}
    assert {row["step"] for row in body["by_step"]} == {1, 2, 3}


def test_parts_add_up_to_the_total(demo_api: httpx.Client) -> None:
    body = demo_api.post("/api/v1/forecast/hierarchy", json={"by": ["region"], "horizon": 3}).json()
    frame = pd.DataFrame(body["forecast"]).pivot(index="ds", columns="unique_id", values="mean")
    assert np.allclose(frame["total"], frame.drop(columns="total").sum(axis=1))
    assert demo_api.post("/api/v1/forecast/hierarchy", json={"by": ["colour"]}).status_code == 404


def test_unusual_days(demo_api: httpx.Client) -> None:
    data = [{"ds": f"{day:%Y-%m-%d}", "y": 100.0 + day.dayofyear % 7} for day in pd.date_range("2024-01-01", periods=120)]
    data[60]["y"] = 400.0
    body = demo_api.post("/api/v1/anomalies", json={"data": data}).json()
    assert body["frame"][0]["ds"].startswith("2024-03-01")
    assert body["frame"][0]["direction"] == "above"
    assert len(demo_api.post("/api/v1/anomalies", json={"data": data, "only_anomalies": False}).json()["frame"]) == 120


def ended(api: httpx.Client, job_id: str) -> dict:
    def found() -> dict | None:
        job = api.get(f"/api/v1/forecast/batch/{job_id}").json()
        return None if job["state"] in ("queued", "running") else job

    return until(found, f"job {job_id} is over")


def test_a_batch_is_accepted_watched_and_fetched(demo_api: httpx.Client) -> None:
    data = [
        {"unique_id": f"s{place}", "ds": f"{month:%Y-%m-%d}", "y": 100.0 + place + month.month}
        for place in range(5)
        for month in pd.date_range("2021-01-01", periods=36, freq="MS")
    ]
    data += [{"unique_id": "bad", "ds": "2021-01-01", "y": 1.0}, {"unique_id": "bad", "ds": "2021-01-01", "y": 2.0}]
    accepted = demo_api.post("/api/v1/forecast/batch", json={"data": data, "horizon": 4, "tier": "fast"})
    assert accepted.status_code == 202
    job_id = accepted.json()["job_id"]
    job = ended(demo_api, job_id)
    assert (job["state"], job["series_done"], job["quarantined"]) == ("done", 5, 1), job
    rows = demo_api.get(f"/api/v1/forecast/batch/{job_id}/result").json()
    assert len(rows) == 20
    table = pd.read_csv(io.StringIO(demo_api.get(f"/api/v1/forecast/batch/{job_id}/result?format=csv").text))
    assert list(table.columns) == ["unique_id", "ds", "mean", "lo-80", "hi-80", "lo-95", "hi-95"]
    aside = demo_api.get(f"/api/v1/forecast/batch/{job_id}/result?part=quarantine").json()
    assert aside[0]["unique_id"] == "bad"
    assert "twice" in aside[0]["reason"]
    # One that is over stays as it is.
    assert demo_api.delete(f"/api/v1/forecast/batch/{job_id}").json()["state"] == "done"


def test_jobs_that_are_not_there_or_fail_say_so(demo_api: httpx.Client) -> None:
    assert demo_api.get("/api/v1/forecast/batch/0123456789abcdef").status_code == 404
    assert demo_api.get("/api/v1/forecast/batch/..%2F..").status_code == 404
    twice = [{"ds": "2021-01-01", "y": 1.0}, {"ds": "2021-01-01", "y": 2.0}]
    job = ended(demo_api, demo_api.post("/api/v1/forecast/batch", json={"data": twice}).json()["job_id"])
    assert job["state"] == "failed"
    assert "twice" in job["message"]
    refused = demo_api.get(f"/api/v1/forecast/batch/{job['job_id']}/result")
    assert refused.status_code == 422


YEARS = [{"ds": f"{1990 + year}-01-01", "y": 1.0 + year} for year in range(30)]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"data": [{"ds": "0001-01-01", "y": 1.0}]}, "1678"),
        ({"data": [{"ds": "9999-12-31", "y": 1.0}]}, "2261"),
        ({"data": YEARS, "horizon": 1000}, "1678 to 2261"),  # the forecast itself would leave the calendar
        ({"levels": [10**30]}, "levels"),
        ({"horizon": 2**70}, "horizon"),
        ({"data": [{"ds": "2024-01-01", "y": 1.0, "covariates": {"y": 5.0}}]}, "y cannot be the name of a covariate"),
        ({"data": [{"ds": "2024-01-01", "y": 1.0, "covariates": {"unique_id": "a"}}]}, "unique_id cannot be"),
    ],
)
def test_what_lies_beyond_numbers_and_dates_is_refused(demo_api: httpx.Client, asked: dict, words: str) -> None:
    answer = demo_api.post("/api/v1/forecast", json={"grain": "year", "models": ["theta"], "backtest_windows": 0} | asked)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "invalid_request"), error
    assert words in error["message"] + error["hint"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"metric": "\\ud800"}',
        b'{"data": [{"ds": "2024-01-01", "y": 1.0, "unique_id": "\\ud800"}]}',
        b'{"where": {"region": "\\ud800"}}',
        b'{"where": ' + b'{"a": ' * 3000 + b"1" + b"}" * 3001,
    ],
    ids=["metric", "series", "value", "deep"],
)
def test_what_is_no_text_is_refused(demo_api: httpx.Client, body: bytes) -> None:
    answer = demo_api.post("/api/v1/forecast", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["error"]["hint"]


ROUTES = [f"forecast{study}" for study in ("", "/components", "/reasons", "/cross-validation", "/hierarchy", "/batch")]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("horizon", ["NaN", "Infinity", "1000000000", "1e400", "-1"])
def test_no_horizon_beyond_reason_is_taken(demo_api: httpx.Client, route: str, horizon: str) -> None:
    assert "horizon" in refusal(demo_api, route, f'{{"horizon": {horizon}}}')


@pytest.mark.parametrize(
    ("route", "body", "words"),
    [
        ("forecast", '{"budget_s": NaN}', "budget_s"),
        ("forecast", '{"levels": [NaN]}', "levels"),
        ("forecast", '{"where": {"region": NaN}}', "no value 'nan'"),
        ("forecast", '{"data": [{"ds": "2024-01-01", "y": NaN}]}', "no number"),
        ("forecast", '{"data": [{"ds": "2024-01-01", "y": Infinity}]}', "infinite"),
        ("forecast/batch", '{"data": [{"ds": "2024-01-01", "y": 1}], "levels": [NaN]}', "levels"),
        ("anomalies", '{"level": NaN}', "level"),
    ],
)
def test_what_is_no_number_is_refused(demo_api: httpx.Client, route: str, body: str, words: str) -> None:
    assert words in refusal(demo_api, route, body)


def refusal(api: httpx.Client, route: str, body: str) -> str:
    answer = api.post(f"/api/v1/{route}", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["hint"]
    return str(answer.json()["error"]["message"])


def test_a_chunked_body_over_the_limit_is_refused_as_one_with_a_length(demo_api: httpx.Client) -> None:
    answer = demo_api.post("/api/v1/forecast", content=(b" " * 2**20 for _ in range(12)))
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"
