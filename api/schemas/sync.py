"""Body of POST /data/sync."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class SyncRequest(BaseModel):
    """Which sources to bring up to date."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}, {"sources": ["crm"]}]})

    sources: list[str] | None = Field(None, description="Names of sources; all of them when left out.")
