"""Events: an append-only log with topics, offsets and groups, in a local file or in Kafka. What is done with events lives elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberpunk_ai.data_fabric.streams.base import Consumer, Event, EventLog

if TYPE_CHECKING:
    from cyberpunk_ai.core.settings import Settings

__all__ = ["Consumer", "Event", "EventLog", "open_event_log"]


def open_event_log(settings: Settings) -> EventLog:
    """Open the log of `settings`: Kafka by `KAFKA_BOOTSTRAP_SERVERS`, or `events.sqlite3` in the home folder, when first used."""
    if settings.kafka_bootstrap_servers:
        from cyberpunk_ai.data_fabric.streams.kafka import KafkaEventLog

        return KafkaEventLog(settings.kafka_bootstrap_servers)
    from cyberpunk_ai.data_fabric.streams.local_log import LocalEventLog

    return LocalEventLog(settings.home / "events.sqlite3")
