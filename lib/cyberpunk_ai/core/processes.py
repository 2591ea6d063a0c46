"""Which process works on something, recorded so that any later reader can check whether it still runs. Locks and leases live elsewhere."""

from __future__ import annotations

import os
import socket
from pathlib import Path

_MAX_HOST = 120


def this_process() -> str:
    """Identify this process as `host/namespace:pid:start`; the start time tells it from a later process with the same pid."""
    return f"{this_host()}:{os.getpid()}:{_stat(os.getpid())[1]}"


def this_host() -> str:
    """Identify the machine and, on Linux, the process namespace: a pid means the same only within both."""
    host = socket.gethostname().replace(":", "-")[:_MAX_HOST]
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        return host
    return f"{host}/{''.join(filter(str.isdigit, namespace))}"


def is_here(process: str | None) -> bool:
    """Whether `process` names one of this machine and namespace, so that `has_ended` decides about it."""
    return _parts(process) is not None


def has_ended(process: str | None) -> bool:
    """Whether a process of this machine has certainly ended; False for one of another machine, of which only its heartbeat tells."""
    parts = _parts(process)
    if parts is None:
        return False
    pid, started = parts
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # somebody else's process: whether it is the same one, its start time tells
    state, now_started = _stat(pid)
    # A zombie has ended; only its parent has not asked how.
    return state in ("Z", "X") or now_started != started


def host_of(process: str | None) -> str:
    """Return the host that a recorded process ran on, for people."""
    return (process or "").partition(":")[0].partition("/")[0] or "an unknown host"


def _parts(process: str | None) -> tuple[int, str] | None:
    """Return pid and start time of a process of this machine; None for any other, and where asking is not safe."""
    host, _, rest = (process or "").partition(":")
    pid, _, started = rest.partition(":")
    # On Windows os.kill ends the process instead of asking about it.
    if os.name == "nt" or host != this_host() or not pid.isdigit() or not started:
        return None
    return int(pid), started


def _stat(pid: int) -> tuple[str, str]:
    """Return state and start time in ticks; `?` and 0 where the system does not say."""
    try:
        # Fields follow the name in brackets, which may itself hold blanks and brackets.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return fields[0], fields[19]
    except (OSError, IndexError):
        return "?", "0"
