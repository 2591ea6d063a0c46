"""What Prometheus reads of this process: counters, gauges and histograms in one registry of our own, and the functions that feed them.

Doors and the facade call the functions; nobody else touches a collector. Labels are drawn from closed sets (route templates,
verbs, sources, topics), never from what a client sent, so that their number stays bounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest, start_http_server

from cyberpunk_ai.core.security.request_origin import RequestOrigin

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.simple_server import WSGIServer

    from cyberpunk_ai.health.report import HealthReport

REGISTRY = CollectorRegistry()
REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
VERB_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

_requests = Counter("cyberpunk_requests", "Requests answered.", ("method", "route", "status"), registry=REGISTRY)
_request_seconds = Histogram(
    "cyberpunk_request_seconds", "Seconds from request to answer.", ("method", "route"), registry=REGISTRY, buckets=REQUEST_BUCKETS
)
_verbs = Counter("cyberpunk_verbs", "Workspace verbs by how they ended.", ("verb", "outcome"), registry=REGISTRY)
_verb_seconds = Histogram("cyberpunk_verb_seconds", "Seconds a workspace verb took.", ("verb",), registry=REGISTRY, buckets=VERB_BUCKETS)
_sync_rows = Counter("cyberpunk_sync_rows", "Rows taken in, by source and fate.", ("source", "fate"), registry=REGISTRY)
_audit_failures = Counter("cyberpunk_audit_failures", "Audit lines that could not be written.", ("verb",), registry=REGISTRY)
_event_lag = Gauge("cyberpunk_event_lag", "Events that a consumer group has yet to read.", ("topic", "group"), registry=REGISTRY)
_health_score = Gauge("cyberpunk_health_score", "Score of the last health report, 0 to 100.", registry=REGISTRY)
_component_up = Gauge(
    "cyberpunk_component_up", "1 when the component was well in the last report, else 0.", ("component",), registry=REGISTRY
)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request.

    Args:
        method: HTTP method.
        route: Template such as `/api/v1/customer/{customer_id}`, never the path that came in.
        status: HTTP status of the answer.
        seconds: From first byte in to last byte out.
    """
    _requests.labels(method, route, str(status)).inc()
    _request_seconds.labels(method, route).observe(seconds)


def observe_verb(verb: str, outcome: str, seconds: float) -> None:
    """Count one workspace verb; `outcome` is `ok` or the error's stable code."""
    _verbs.labels(verb, outcome).inc()
    _verb_seconds.labels(verb).observe(seconds)


def observe_audit_failure(verb: str) -> None:
    """Count an audit line that could not be written."""
    _audit_failures.labels(verb).inc()


def observe_sync(source: str, rows: int, quarantined: int = 0) -> None:
    """Count the rows that one sync of a source published and set aside."""
    _sync_rows.labels(source, "published").inc(rows)
    _sync_rows.labels(source, "quarantined").inc(quarantined)


def observe_event_lag(topic: str, group: str, lag: int) -> None:
    """Set how many events of a topic a consumer group has yet to read."""
    _event_lag.labels(topic, group).set(lag)


def observe_health(report: HealthReport) -> None:
    """Publish the score of a health report, and which components are up. What isn't configured has no line."""
    _health_score.set(report.health_score)
    _component_up.clear()  # what is no longer configured must not keep its last line
    for name, component in report.components.items():
        if component["status"] != "not_configured":
            _component_up.labels(name).set(component["status"] == "healthy")


def exposition() -> tuple[bytes, str]:
    """Return all measurements in the Prometheus text format, and its content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST


def serve(host: str, port: int, *, names: Iterable[str] = ()) -> WSGIServer:
    """Serve the measurements on a port of their own, from a thread; `shutdown()` of the returned server ends it.

    Args:
        host: Address to listen on.
        port: Port to listen on.
        names: Names, beside addresses and `localhost`, that it is reached by.
    """
    rule = RequestOrigin.of(host, names)
    server, _thread = start_http_server(port, addr=host, registry=REGISTRY)
    measurements = server.get_app()

    def checked(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        headers = {name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name.startswith("HTTP_")}
        refusal = rule.refusal(environ["REQUEST_METHOD"], headers)
        if refusal is None:
            return measurements(environ, start_response)  # type: ignore[misc]
        start_response(f"{refusal.status} Refused", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{refusal.message}. {refusal.hint}.\n".encode()]

    server.set_app(checked)
    return server
