"""Probes: one small question to one part, with its answer as a component. Each is a claim about now; nothing is repaired here."""

from __future__ import annotations

import re
import shutil
import socket
import tempfile
import threading
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, Protocol

from cyberpunk_ai.core.errors import CyberpunkError
from cyberpunk_ai.core.storage_errors import writing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

Status = Literal["healthy", "degraded", "unhealthy", "not_configured"]
PROBE_SECONDS = 0.5
ADDRESS = re.compile(r"\w[\w+.-]*://\S+")
# What the engines load when they are first used. They are looked for, never imported: that would take seconds.
ENGINES: dict[str, tuple[str, ...]] = {
    "arima": ("pmdarima", "statsforecast"),
    "xgboost": ("xgboost", "sklearn"),
    "lstm": ("torch",),
    "customer_analytics": ("scipy", "sklearn", "xgboost"),
}
LOW_DISK, FULL_DISK = 0.10, 0.02


class Pingable(Protocol):
    """Anything that answers a ping: a store, a cache, an event log."""

    def ping(self) -> float:
        """Return the latency in milliseconds, or raise."""
        ...


@dataclass(frozen=True)
class Component:
    """What a probe found.

    Attributes:
        status: `healthy`, `degraded`, `unhealthy`, or `not_configured` where there is nothing to probe.
        latency_ms: How long the part took to answer; None where nothing answered or nothing was asked.
        message: What is wrong and what follows from it; never an address or a secret.
        details: Facts for people.
    """

    status: Status
    latency_ms: float | None = None
    message: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return status, latency_ms, message where there is one, and the details."""
        return (
            {"status": self.status, "latency_ms": self.latency_ms}
            | ({"message": self.message} if self.message else {})
            | dict(self.details)
        )


def ping_probe(open_store: Callable[[], Pingable], kind: str) -> Callable[[], Component]:
    """Return a probe that opens a store, if need be, and pings it."""

    def probe() -> Component:
        store = open_store()
        latency = round(store.ping(), 3)
        failure: CyberpunkError | None = getattr(store, "write_failure", None)
        if failure is not None:  # it can be read, and nothing can be kept in it
            raise failure
        return Component("healthy", latency, details={"kind": kind})

    return probe


def disk_probe(folder: Path) -> Callable[[], Component]:
    """Return a probe of the disk of the embedded stores: degraded under 10% free, unhealthy under 2% or where it can't be written."""

    def probe() -> Component:
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        started = time.perf_counter()
        usage = shutil.disk_usage(existing)
        share = usage.free / usage.total
        status: Status = "unhealthy" if share < FULL_DISK else "degraded" if share < LOW_DISK else "healthy"
        message = "" if status == "healthy" else f"{share:.0%} of the disk is free: free some space, or move CYBERPUNK_HOME"
        if existing == folder:  # a quota or a file system mounted for reading says so only to those who write
            with writing("writing in", folder), tempfile.TemporaryFile(dir=folder, buffering=0) as attempt:
                attempt.write(bytes(4096))
        facts = {"free_gb": round(usage.free / 1e9, 1), "free_share": round(share, 4)}
        return Component(status, round((time.perf_counter() - started) * 1000, 3), message, facts)

    return probe


def engines_probe(engines: Mapping[str, Sequence[str]] | None = None) -> Callable[[], Component]:
    """Return a probe that says which engines can run here, without importing any."""
    wanted = ENGINES if engines is None else engines

    def probe() -> Component:
        started = time.perf_counter()
        missing = {name: absent for name, modules in wanted.items() if (absent := [one for one in modules if find_spec(one) is None])}
        facts = {"engines": {name: "unavailable" if name in missing else "available" for name in wanted}}
        message = "; ".join(f"{name} needs {', '.join(absent)}" for name, absent in missing.items())
        status: Status = "healthy" if not missing else "degraded" if len(missing) < len(wanted) else "unhealthy"
        return Component(status, round((time.perf_counter() - started) * 1000, 3), message, facts)

    return probe


def notebooks_probe(host: str, port: int) -> Callable[[], Component]:
    """Return a probe of the notebook server. It is a server of its own, so its absence is no fault."""

    def probe() -> Component:
        started = time.perf_counter()
        try:
            with socket.create_connection((host, port), timeout=PROBE_SECONDS / 2):
                return Component("healthy", round((time.perf_counter() - started) * 1000, 3), details={"port": port})
        except OSError:
            return Component("not_configured", message=f"no notebook server listens on port {port}")

    return probe


def worker_probe() -> Component:
    """Say that no worker exists: runs start from the command line or a scheduler, each in a process of its own."""
    return Component("not_configured", message="no worker is configured; `cyberpunk run` runs a pipeline in its own process")


class Prober:
    """Asks all probes at once, each on a thread of its own, and waits for none longer than half a second.

    A probe that hangs keeps its thread; it is not asked again until it ends, so that a dead server never piles up threads. `answered`
    names the probes that ever came back.
    """

    def __init__(self) -> None:
        self.answered: set[str] = set()
        self._running: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def ask(self, probes: Mapping[str, Callable[[], Component]], *, patience_s: Mapping[str, float] | None = None) -> dict[str, Component]:
        """Return what each probe found, in the order given.

        Args:
            probes: Component name to probe.
            patience_s: Seconds to wait for a probe where they differ from half a second, e.g. while an embedded store starts.
        """
        answers: dict[str, Component] = {}
        waits = {name: (patience_s or {}).get(name, PROBE_SECONDS) for name in probes}
        started = time.monotonic()
        threads = {name: self._start(name, probe, answers) for name, probe in probes.items()}
        for name, thread in threads.items():
            if thread is not None:
                thread.join(max(0.0, waits[name] - (time.monotonic() - started)))
        found = dict(answers)
        self.answered |= found.keys()
        return {name: found.get(name) or Component("unhealthy", message=f"no answer within {waits[name]:g} s") for name in probes}

    def _start(self, name: str, probe: Callable[[], Component], answers: dict[str, Component]) -> threading.Thread | None:
        def work() -> None:
            answers[name] = safely(probe)

        with self._lock:
            if name in self._running and self._running[name].is_alive():
                return None
            thread = self._running[name] = threading.Thread(target=work, name=f"probe-{name}", daemon=True)
        thread.start()
        return thread


def safely(probe: Callable[[], Component]) -> Component:
    """Run a probe; whatever it raises makes an unhealthy component, without the addresses that drivers put into their messages."""
    try:
        return probe()
    except CyberpunkError as error:
        message = f"{error.message}. {error.hint}" if error.hint else error.message
        return Component("unhealthy", message=without_addresses(message), details={"code": error.code})
    except Exception as error:  # noqa: BLE001 - a driver may raise anything, and a health report must not
        return Component("unhealthy", message=f"the probe ended with {type(error).__name__}")


def without_addresses(message: str) -> str:
    """Return a message with every URL taken out, as one may carry a password."""
    return ADDRESS.sub("(address)", message)
