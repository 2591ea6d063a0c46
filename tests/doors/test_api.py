"""The REST door over a real server and the demo company."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from tests.doors.conftest import serving


def test_status_touches_no_store(demo_api: httpx.Client) -> None:
    body = demo_api.get("/api/v1/status").json()
    assert body["status"] == "running"
    assert body["websocket_clients"] == 0


def test_health_names_every_part_and_no_address(demo_api: httpx.Client) -> None:
    answer = demo_api.get("/api/v1/health")
    body = answer.json()
    assert answer.status_code == 200
    assert {"timestamp", "status", "health_score", "version", "components"} <= body.keys()
    assert {"database", "cache", "kafka", "ai_models", "disk"} <= body["components"].keys()
    assert "://" not in answer.text


def test_the_documented_forecast_request_works_as_written(demo_api: httpx.Client) -> None:
    answer = demo_api.post("/api/v1/forecast", json={"horizon": 12, "include_confidence": True, "customer_data_source": "crm"})
    body = answer.json()
    assert answer.status_code == 200, body
    assert body["metric"] == "revenue"
    points = body["combined"]
    assert len(points) == 12
    assert all(point["lo-95"] <= point["lo-80"] <= point["mean"] <= point["hi-80"] <= point["hi-95"] for point in points)
    assert body["reason"]


def test_intervals_can_be_left_out(demo_api: httpx.Client) -> None:
    asked = {"horizon": 3, "grain": "month", "models": ["theta", "ets"], "include_confidence": False}
    points = demo_api.post("/api/v1/forecast", json=asked).json()["forecast"]
    assert len(points) == 3
    assert not any(name.startswith(("lo-", "hi-")) for name in points[0])


def test_a_client_can_send_its_own_series(demo_api: httpx.Client) -> None:
    data = [{"ds": f"{2020 + month // 12}-{month % 12 + 1:02d}-01", "y": 100 + month + 10 * (month % 12 == 11)} for month in range(48)]
    body = demo_api.post("/api/v1/forecast", json={"data": data, "horizon": 6, "models": ["theta", "ets"]}).json()
    assert body["metric"] == "own data"
    assert len(body["forecast"]) == 6
    assert 130 < body["forecast"][0]["mean"] < 170


def test_retention_ranks_customers_by_churn_probability(demo_api: httpx.Client) -> None:
    body = demo_api.post("/api/v1/retention", json={"where": {"segment": "SMB"}, "limit": 5}).json()
    probabilities = [row["churn_probability"] for row in body["customers"]]
    assert len(probabilities) == 5
    assert probabilities == sorted(probabilities, reverse=True)
    assert body["customers_total"] > 5
    one = body["customers"][0]["customer_id"]
    view = demo_api.get(f"/api/v1/customer/{one}").json()
    assert view["customer_id"] == one
    assert view["profile"]["segment"] == "SMB"
    assert view["summary"]["orders"] == len(view["orders"]) > 0


def test_retention_sends_only_the_parts_that_were_asked_for(demo_api: httpx.Client) -> None:
    body = demo_api.post("/api/v1/retention", json={"parts": ["segments", "held_out"], "limit": 3}).json()
    assert body["summary"]["customers"] == body["customers_total"] == sum(row["customers"] for row in body["segments"])
    assert len(body["held_out"]) <= 3
    assert body["headline"]
    assert not {"customers", "cohorts", "survival"} & body.keys()


def test_whether_to_trust_the_report_is_said_with_lift_and_calibration(demo_api: httpx.Client) -> None:
    body = demo_api.post("/api/v1/retention/validation").json()
    assert body["validation"]["sentence"]
    assert 0.5 < body["lift"]["auc"] <= 1
    assert body["calibration"]["customers"] == body["lift"]["customers"] == body["validation"]["customers"]


def test_one_customer_is_explained_and_thought_of_otherwise(demo_api: httpx.Client) -> None:
    one = demo_api.post("/api/v1/retention", json={"limit": 1}).json()["customers"][0]
    view = demo_api.get(f"/api/v1/customer/{one['customer_id']}").json()
    assert one["customer_id"] in view["explanation"]["sentence"]
    assert {"feature", "contribution", "words"} <= view["explanation"]["contributions"][0].keys()
    path = f"/api/v1/customer/{one['customer_id']}/what-if"
    answer = demo_api.post(path, json={"changes": {"purchases_today": 1}}).json()
    assert answer["probability_before"] == pytest.approx(one["churn_probability"])
    assert answer["probability_after"] < answer["probability_before"]
    assert "random" in answer["caveat"]
    refused = demo_api.post(path, json={"changes": {"colour": "red"}})
    assert refused.status_code == 422
    assert "purchases_today" in refused.json()["error"]["hint"]


def test_a_metric_is_answered_by_dimension_with_its_sql(demo_api: httpx.Client) -> None:
    asked = {"by": "region", "period": "last 12 months", "compare": "previous_year", "where": "segment:SMB"}
    body = demo_api.get("/api/v1/metrics/revenue", params=asked).json()
    assert {row["region"] for row in body["frame"]} == {"North America", "EMEA", "APAC", "LATAM"}
    assert all("revenue_previous" in row for row in body["frame"])
    assert "SELECT" in body["sql"]
    assert "SMB" not in body["sql"], "values are bound, not written into SQL"


def test_the_catalogue_lists_metrics_and_dimensions(demo_api: httpx.Client) -> None:
    body = demo_api.get("/api/v1/metrics").json()
    assert {"revenue", "churn_rate", "downtime_hours"} <= {row["metric"] if "metric" in row else row["id"] for row in body["metrics"]}


def test_quality_scores_every_dataset(demo_api: httpx.Client) -> None:
    body = demo_api.get("/api/v1/data/quality").json()
    assert {"customers", "orders", "telemetry", "marketing_ads", "web_sessions"} <= {row["dataset"] for row in body["datasets"]}
    assert all(0 <= row["score"] <= 100 for row in body["datasets"])


def test_broken_rows_are_in_quarantine_with_their_reason(demo_api: httpx.Client) -> None:
    rows = next(iter(demo_api.get("/api/v1/data/quarantine").json().values()))
    assert rows
    assert all(row["reason"] for row in rows)


@pytest.mark.parametrize(("method", "path"), [("POST", "/chat"), ("POST", "/maintenance"), ("GET", "/insights"), ("GET", "/alerts")])
def test_what_is_not_built_says_so(demo_api: httpx.Client, method: str, path: str) -> None:
    answer = demo_api.request(method, f"/api/v1{path}", json={} if method == "POST" else None)
    assert answer.status_code == 501
    assert "not built yet" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/v1/metrics/revenu", None, 404, "not_found"),
        ("GET", "/api/v1/metrics/revenue?by=colour", None, 404, "not_found"),
        ("GET", "/api/v1/metrics/revenue?where=region", None, 422, "invalid_argument"),
        ("GET", "/api/v1/metrics/revenue?period=soon", None, 422, "invalid_argument"),
        ("GET", "/api/v1/metrics/revenue?where=region:x'%20OR%201=1", None, 422, "invalid_argument"),
        ("GET", "/api/v1/customer/nobody", None, 404, "not_found"),
        ("POST", "/api/v1/customer/nobody/what-if", {"changes": {"purchases_today": 1}}, 404, "not_found"),
        ("POST", "/api/v1/customer/nobody/what-if", {"changes": {}}, 422, "invalid_request"),
        ("POST", "/api/v1/retention", {"parts": ["everything"]}, 422, "invalid_request"),
        ("POST", "/api/v1/retention", {"as_of": "1901-01-01"}, 422, "too_little_data"),
        ("POST", "/api/v1/retention", {"where": {"colour": "red"}}, 404, "not_found"),
        ("POST", "/api/v1/retention/validation", {"limit": 3}, 422, "invalid_request"),
        ("POST", "/api/v1/forecast", {"horizon": 10**9}, 422, "invalid_request"),
        ("POST", "/api/v1/forecast", {"colour": 1}, 422, "invalid_request"),
        ("POST", "/api/v1/forecast", {"customer_data_source": "nowhere"}, 404, "not_found"),
        ("POST", "/api/v1/data/sync", {"sources": ["nowhere"]}, 404, "not_found"),
        ("GET", "/api/v1/nothing", None, 404, "no_such_route"),
        ("DELETE", "/api/v1/status", None, 405, "method_not_allowed"),
    ],
)
def test_bad_input_gets_a_typed_error_with_advice(
    demo_api: httpx.Client, method: str, path: str, body: dict[str, object] | None, status: int, code: str
) -> None:
    answer = demo_api.request(method, path, json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert error["hint"]
    assert error["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("body", ['{"horizon_days": NaN}', '{"horizon_days": 1000000000}', '{"limit": NaN}', '{"clusters": 1e400}'])
def test_what_is_no_number_is_refused(demo_api: httpx.Client, body: str) -> None:
    answer = demo_api.post("/api/v1/retention", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


PATHS = ["..%2f..%2f..%2fetc%2fpasswd", "%2e%2e", "%2e%2e%2f%2e%2e", "..%5c..", "%252e%252e%252f", "%00", "%2fetc%2fpasswd"]


@pytest.mark.parametrize("name", [*PATHS, "x'%20OR%201=1%20--"])
def test_no_id_is_a_path_or_a_query(demo_api: httpx.Client, name: str) -> None:
    for route in ("forecast/batch/{}", "forecast/batch/{}/result", "customer/{}", "metrics/{}", "data/quality?dataset={}"):
        answer = demo_api.get(f"/api/v1/{route.format(name)}")
        assert (answer.status_code, answer.json()["error"]["code"] in ("not_found", "no_such_route")) == (404, True), (route, answer.text)
    assert demo_api.delete(f"/api/v1/forecast/batch/{name}").status_code == 404
    assert demo_api.get(f"/api/v1/data/quarantine?source={name}").json()["rows"] == []
    assert demo_api.get(f"/api/v1/runs?pipeline={name}").json()["runs"] == []


def test_a_huge_body_is_refused(demo_api: httpx.Client) -> None:
    assert demo_api.post("/api/v1/forecast", content=b" " * (11 * 1024 * 1024)).status_code == 413


def test_a_name_that_somebody_pointed_at_this_machine_is_refused(demo_api: httpx.Client) -> None:
    assert demo_api.get("/api/v1/status", headers={"host": "rebound.example"}).status_code == 400


def test_a_request_id_is_kept_only_when_it_is_harmless(demo_api: httpx.Client) -> None:
    assert demo_api.get("/api/v1/status", headers={"x-request-id": "abc-1"}).headers["x-request-id"] == "abc-1"
    assert demo_api.get("/api/v1/status", headers={"x-request-id": "a b{"}).headers["x-request-id"] != "a b{"


def test_measurements_carry_templates_and_never_ids(demo_api: httpx.Client) -> None:
    demo_api.get("/api/v1/customer/very-private-id")
    text = demo_api.get("/metrics").text
    assert 'route="/api/v1/customer/{customer_id}"' in text
    assert "very-private-id" not in text


def test_every_route_is_described_with_examples(demo_api: httpx.Client) -> None:
    schema = demo_api.get("/openapi.json").json()
    assert all(operation["summary"] for methods in schema["paths"].values() for operation in methods.values())
    assert "customer_data_source" in json.dumps(schema["components"]["schemas"]["ForecastRequest"]["examples"])


def test_the_documentation_page_asks_nobody_else(demo_api: httpx.Client) -> None:
    page = demo_api.get("/docs").text
    assert "http://" not in page.replace(str(demo_api.base_url), "")
    assert "https://" not in page


def test_without_pages_the_front_door_leads_to_the_routes(demo_api: httpx.Client) -> None:
    assert demo_api.get("/").headers["location"] == "/docs"


def test_wrong_settings_are_all_named_at_the_start(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(AssertionError, match=r"CYBERPUNK_COLOUR.*DATABASE_URL|DATABASE_URL.*CYBERPUNK_COLOUR"):
        with serving(tmp_path / "home", log, CYBERPUNK_COLOUR="1", DATABASE_URL="ftp://x"):
            pass


def test_what_if_of_nobody_or_of_an_impossible_value_is_refused(demo_api: httpx.Client) -> None:
    nobody = demo_api.post("/api/v1/customer/nobody-at-all/what-if", json={"changes": {"purchases_today": 1}})
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (404, "not_found")
    one = demo_api.post("/api/v1/retention", json={"limit": 1}).json()["customers"][0]["customer_id"]
    impossible = demo_api.post(f"/api/v1/customer/{one}/what-if", json={"changes": {"purchases_today": -3}})
    assert impossible.status_code == 422
    assert impossible.json()["error"]["hint"]
    for value in ("NaN", "Infinity", "1e400"):
        body = f'{{"changes": {{"purchases_today": {value}}}}}'
        answer = demo_api.post(f"/api/v1/customer/{one}/what-if", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 422, answer.text
