"""Measurements: what the doors count comes out in the Prometheus format, also on a port of its own."""

from __future__ import annotations

import socket
import urllib.request
from typing import TYPE_CHECKING

from cyberpunk_ai.health import metrics, probes
from cyberpunk_ai.health.probes import Component
from cyberpunk_ai.health.report import health_report
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    import pytest


def test_everything_that_is_counted_is_exposed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "PROBE_SECONDS", PATIENCE_S)  # however busy the machine is
    metrics.observe_request("GET", "/api/v1/customer/{customer_id}", 200, 0.02)
    metrics.observe_verb("retention", "ok", 1.5)
    metrics.observe_sync("counted-here-alone", 10, quarantined=2)
    metrics.observe_event_lag("orders", "warehouse", 7)
    health_report({"cache": lambda: Component("unhealthy"), "worker": lambda: Component("not_configured")})
    content, content_type = metrics.exposition()
    text = content.decode()
    assert content_type.startswith("text/plain")
    assert 'cyberpunk_requests_total{method="GET",route="/api/v1/customer/{customer_id}",status="200"}' in text
    assert 'cyberpunk_verb_seconds_count{verb="retention"}' in text
    assert 'cyberpunk_sync_rows_total{fate="quarantined",source="counted-here-alone"} 2.0' in text
    assert 'cyberpunk_event_lag{group="warehouse",topic="orders"} 7.0' in text
    assert "cyberpunk_health_score 90.0" in text
    assert 'cyberpunk_component_up{component="cache"} 0.0' in text
    assert 'component="worker"' not in text


def test_measurements_are_served_on_their_own_port() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = metrics.serve("127.0.0.1", port)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as answer:
            assert b"cyberpunk_health_score" in answer.read()
    finally:
        server.shutdown()
        server.server_close()
