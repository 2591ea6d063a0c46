"""What a request is measured as: the template of its route, in which nothing of the client's stands."""

from __future__ import annotations

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from api.requests import RequestContext


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/api/v1/customer/c-17", "/api/v1/customer/{customer_id}"),
        ("/api/v1/customer/a%20b", "/api/v1/customer/{customer_id}"),
        ("/api/v1/runs/7/steps", "/api/v1/runs/{number}/steps"),
        ("/files/of/a/visitor/s/own.js", "/files/{path}"),
        ("/nowhere/of/a/visitor/s/own", "unmatched"),
    ],
)
def test_a_request_is_measured_by_its_template(path: str, route: str) -> None:
    api, app, seen = APIRouter(prefix="/api/v1"), FastAPI(), []

    @api.get("/customer/{customer_id}")
    @api.get("/runs/{number:int}/steps")
    @app.get("/files/{path:path}")
    def answer() -> str:
        return "yes"

    app.include_router(api)
    app.add_middleware(RequestContext, observe=lambda method, template, status, _seconds: seen.append((method, template, status)))
    TestClient(app).get(path)
    ((method, template, status),) = seen
    assert (method, template.replace(":int", "").replace(":path", "")) == ("GET", route)
    assert status == (404 if route == "unmatched" else 200)
