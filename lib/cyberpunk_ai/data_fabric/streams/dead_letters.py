"""Events that cannot be used, kept beside their topic with the reason, once each. Mending and replaying them is an operator's work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberpunk_ai.core.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberpunk_ai.data_fabric.streams.base import Event, EventLog

log = get_logger("data_fabric.streams.dead_letters")

SUFFIX = ".dead_letters"
# A topic that says nothing for so long has been read to its end.
SILENCE_S = 0.5


class DeadLetters:
    """The dead-letter topics of one event log.

    A letter's `event_id` names topic incarnation, partition and offset of the event it is about. Whoever takes over after a crash reads
    what is there before it writes, so that a letter written just before the crash is not written again.
    """

    def __init__(self, event_log: EventLog) -> None:
        self._log = event_log
        self._known: dict[str, set[str]] = {}

    def write(self, topic: str, rejected: Sequence[tuple[Event, str]]) -> int:
        """Write a letter for every event that has none yet, and return how many were new."""
        if not rejected:
            return 0
        identity = self._log.identity(topic)
        known = self._known.get(topic)
        if known is None:
            known = self._known[topic] = self._read(topic)
        letters, keys = [], []
        for event, reason in rejected:
            letter_id = f"{identity}:{event.partition}:{event.offset}"
            if letter_id in known:
                continue
            known.add(letter_id)
            keys.append(f"{event.partition}:{event.offset}")
            letters.append(
                {
                    "event_id": letter_id,
                    "topic": topic,
                    "partition": event.partition,
                    "offset": event.offset,
                    "key": event.key,
                    "timestamp_ms": event.timestamp_ms,
                    "reason": reason,
                    "value": event.value,
                }
            )
        if letters:
            try:
                self._log.append(topic + SUFFIX, letters, keys=keys)
            except BaseException:
                # Unknown what arrived: look again before the next attempt.
                self.doubt(topic)
                raise
            log.warning("events were set aside", topic=topic, count=len(letters), reason=letters[0]["reason"])
        return len(letters)

    def doubt(self, topic: str) -> None:
        """Forget what is known of a topic: somebody else may have written letters since."""
        self._known.pop(topic, None)

    def _read(self, topic: str) -> set[str]:
        if not self._log.end_offsets(topic + SUFFIX):
            return set()
        found: set[str] = set()
        with self._log.consumer([topic + SUFFIX], start="earliest") as consumer:
            while letters := consumer.poll(max_events=5000, timeout_s=SILENCE_S):
                found.update(str(letter.value.get("event_id")) for letter in letters)
        return found
