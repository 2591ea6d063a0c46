"""What time it is, in one place, so that a rehearsal or a test can freeze the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyberpunk_ai.core.settings import Settings


def utc_now() -> datetime:
    """Return the present moment as an aware datetime in UTC."""
    return datetime.now(UTC)


def naive_utc(moment: datetime) -> datetime:
    """Return a moment as naive UTC, which SQLite and PostgreSQL both keep as it is; a naive one is taken as UTC."""
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def today(settings: Settings | None = None) -> date:
    """Return the calendar day in UTC, or the one frozen by `CYBERPUNK_TODAY`."""
    return settings.today if settings is not None and settings.today is not None else utc_now().date()
