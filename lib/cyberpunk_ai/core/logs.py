"""Structured logs: one JSON object a line, each with the request or run that caused it. Secrets are masked by name."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog

from cyberpunk_ai.core.security.secrets import SECRET_NAMES, mask_text

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

__all__ = ["bind", "configure", "configure_unless_done", "get_logger", "mask_secrets", "mask_text"]


def configure(level: str = "INFO") -> None:
    """Write JSON lines to standard error from now on, at this level and above."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            mask_secrets,
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def configure_unless_done(level: str = "INFO") -> None:
    """Configure, unless the program that uses us has set up structlog its own way."""
    if not structlog.is_configured():
        configure(level)


def get_logger(name: str) -> Any:
    """Return the logger of a room; fields are given as keywords: `log.info("synced", source="crm", rows=10)`."""
    return structlog.get_logger(room=name)


@contextmanager
def bind(**context: str) -> Iterator[None]:
    """Attach fields such as `request_id` or `run_id` to every line logged inside the block, also in awaited code."""
    with structlog.contextvars.bound_contextvars(**context):
        yield


def mask_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace values whose name sounds secret, and passwords inside URLs."""
    for name, value in event.items():
        if SECRET_NAMES.search(name):
            event[name] = "***"
        elif isinstance(value, str):
            event[name] = mask_text(value)
    return event
