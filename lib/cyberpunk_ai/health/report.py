"""From probes to one score: what each fault takes off, in a ledger that adds up, and the report that every door shows."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from weakref import WeakKeyDictionary

from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.results import Result
from cyberpunk_ai.health import metrics
from cyberpunk_ai.health.probes import Component, Prober, disk_probe, engines_probe, notebooks_probe, ping_probe, worker_probe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    import pandas as pd

    from cyberpunk_ai.core.settings import Settings
    from cyberpunk_ai.data_fabric.stores.bundle import Stores

# Points that a part takes off while it is unhealthy; half of them while it is degraded.
WEIGHTS = {
    "database": 60.0,
    "warehouse": 50.0,
    "disk": 50.0,
    "kafka": 20.0,
    "ai_models": 20.0,
    "cache": 10.0,
    "worker": 10.0,
    "notebooks": 5.0,
}
OTHER_WEIGHT = 10.0
VITAL = frozenset({"database", "warehouse", "disk"})
KEPT_SECONDS = 2.0
# An embedded store starts inside the probe, once per process; a server has only to answer.
EMBEDDED_START_SECONDS = 20.0


@dataclass(frozen=True)
class Deduction:
    """Points that one component takes off, and why."""

    component: str
    points: float
    reason: str


@dataclass(frozen=True, eq=False)
class HealthReport(Result):
    """How well every part is, at one moment.

    Attributes:
        timestamp: When the probes were asked, UTC.
        status: `healthy`; `degraded` when points are missing; `unhealthy` when the database, the warehouse or the disk fails.
        health_score: 0 to 100; exactly 100 less the points of the deductions.
        version: Version of the product.
        components: Name to status, latency_ms, message where something is to say, and facts.
        deductions: The ledger.
    """

    chart_name: ClassVar[str] = ""

    timestamp: datetime
    status: Literal["healthy", "degraded", "unhealthy"]
    health_score: float
    version: str
    components: dict[str, dict[str, Any]]
    deductions: tuple[Deduction, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return component, status, latency_ms, points (taken off) and message."""
        import pandas as pd

        points = {one.component: one.points for one in self.deductions}
        rows = [
            {
                "component": name,
                "status": found["status"],
                "latency_ms": found["latency_ms"],
                "points": points.get(name, 0.0),
                "message": found.get("message", ""),
            }
            for name, found in self.components.items()
        ]
        return pd.DataFrame(rows, columns=["component", "status", "latency_ms", "points", "message"])


def health_report(
    probes: Mapping[str, Callable[[], Component]], *, prober: Prober | None = None, patience_s: Mapping[str, float] | None = None
) -> HealthReport:
    """Ask all probes and score what they found.

    Args:
        probes: Component name to probe.
        prober: Remembers probes that still hang from an earlier report; a new one when None.
        patience_s: Seconds to wait for single probes where they differ from half a second.
    """
    from cyberpunk_ai.core.version import __version__

    timestamp = utc_now()
    found = (prober or Prober()).ask(probes, patience_s=patience_s)
    deductions = ledger_of(found)
    score = round(100.0 - sum(one.points for one in deductions), 2)
    is_down = any(component.status == "unhealthy" for name, component in found.items() if name in VITAL)
    status: Literal["healthy", "degraded", "unhealthy"] = "unhealthy" if is_down or score < 50 else "degraded" if deductions else "healthy"
    report = HealthReport(timestamp, status, score, __version__, {name: one.to_dict() for name, one in found.items()}, deductions)
    metrics.observe_health(report)
    return report


def ledger_of(found: Mapping[str, Component]) -> tuple[Deduction, ...]:
    """Return what each fault takes off. The points never exceed 100 in all: the last ones are cut to what is left."""
    left, deductions = 100.0, []
    for name, component in found.items():
        share = {"unhealthy": 1.0, "degraded": 0.5}.get(component.status, 0.0)
        points = min(left, share * WEIGHTS.get(name, OTHER_WEIGHT))
        if share:
            left -= points
            deductions.append(Deduction(name, points, component.message or component.status))
    return tuple(deductions)


_KEPT: WeakKeyDictionary[Stores, tuple[float, Prober, HealthReport | None]] = WeakKeyDictionary()
_LOCK = threading.Lock()


def workspace_health(stores: Stores, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> HealthReport:
    """Return the health of a workspace's parts; an answer younger than two seconds is given again.

    Args:
        stores: Stores of the workspace, opened by the probes where they aren't yet.
        settings: Say what is configured.
        clock: Monotonic seconds.
    """
    with _LOCK:
        at, prober, report = _KEPT.get(stores) or (0.0, Prober(), None)
        if report is not None and clock() - at < KEPT_SECONDS:
            return report
        probes = {
            "database": ping_probe(lambda: stores.operational, _kind(settings.database_url, "sqlite")),
            "warehouse": ping_probe(lambda: stores.warehouse, "clickhouse" if settings.clickhouse_url else "delta+chdb"),
            "cache": ping_probe(lambda: stores.cache, "redis" if settings.redis_url else "in-process"),
            "kafka": ping_probe(lambda: stores.events, "kafka" if settings.kafka_bootstrap_servers else "local log"),
            "ai_models": engines_probe(),
            "disk": disk_probe(settings.home),
            "worker": worker_probe,
            "notebooks": notebooks_probe(settings.host, settings.jupyter_port),
        }
        embedded = {
            "database": settings.database_url is None or settings.database_url.startswith("sqlite"),
            "warehouse": settings.clickhouse_url is None,
            "kafka": settings.kafka_bootstrap_servers is None,
        }
        patience = {name: EMBEDDED_START_SECONDS for name, is_ours in embedded.items() if is_ours and name not in prober.answered}
        report = health_report(probes, prober=prober, patience_s=patience)
        _KEPT[stores] = (clock(), prober, report)
        return report


def _kind(url: str | None, default: str) -> str:
    return default if url is None else url.split(":", 1)[0].split("+", 1)[0]
