"""Every setting of the product, read from the environment and an optional `.env`, checked together.

Names that other tools share (`DATABASE_URL`, `REDIS_URL`, ...) carry no prefix; our own start with `CYBERPUNK_`.
"""

from __future__ import annotations

import os
from datetime import date  # noqa: TC003 - pydantic needs the type at run time
from pathlib import Path  # noqa: TC003 - as above
from typing import Any, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cyberpunk_ai.core.errors import SettingsInvalid

PREFIX = "CYBERPUNK_"
SCHEMES = {
    "database_url": ("postgresql://", "postgres://", "postgresql+psycopg2://", "sqlite://"),
    "redis_url": ("redis://", "rediss://", "unix://"),
    "clickhouse_url": ("http://", "https://", "clickhouse://", "clickhouses://"),
}


def _default_home() -> Path:
    from platformdirs import user_data_path

    return user_data_path("cyberpunk_ai", appauthor=False)


class Settings(BaseSettings):
    """All settings. Unset URLs mean the embedded default: SQLite, Delta with chDB, an in-process cache, a local event log."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True, populate_by_name=True)

    database_url: str | None = Field(None, repr=False, validation_alias=AliasChoices("database_url", "DATABASE_URL"))
    redis_url: str | None = Field(None, repr=False, validation_alias=AliasChoices("redis_url", "REDIS_URL"))
    clickhouse_url: str | None = Field(None, repr=False, validation_alias=AliasChoices("clickhouse_url", "CLICKHOUSE_URL"))
    kafka_bootstrap_servers: str | None = Field(None, validation_alias=AliasChoices("kafka_bootstrap_servers", "KAFKA_BOOTSTRAP_SERVERS"))
    openai_api_key: SecretStr | None = Field(None, validation_alias=AliasChoices("openai_api_key", "OPENAI_API_KEY"))
    huggingface_api_key: SecretStr | None = Field(None, validation_alias=AliasChoices("huggingface_api_key", "HUGGINGFACE_API_KEY"))
    prometheus_port: int | None = Field(None, ge=1, le=65535, validation_alias=AliasChoices("prometheus_port", "PROMETHEUS_PORT"))
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", validation_alias=AliasChoices("log_level", "LOG_LEVEL"))

    home: Path = Field(default_factory=_default_home, description="Folder of the embedded stores, runs and logs.")
    host: str = Field("127.0.0.1", description="Address that the API, the cockpit and the notebooks listen on.")
    allowed_hosts: str = Field("", description="Comma-separated names, beside addresses and `localhost`, that the servers are reached by.")
    api_port: int = Field(8000, ge=1, le=65535, description="Port of the API and the cockpit.")
    voila_port: int = Field(8866, ge=1, le=65535, description="Port of the Voila page.")
    jupyter_port: int = Field(8888, ge=1, le=65535, description="Port of JupyterLab.")
    max_kernels: int = Field(8, ge=1, description="Voila dashboards open at once; each takes a kernel of nearly 1 GB.")
    worker_processes: int | None = Field(
        None,
        ge=0,
        description="Forecasts and reports that a server works out at once, each in a process; one per core when unset, 0 for none.",
    )
    preload_workers: bool = Field(True, description="Load the libraries of worker processes with the server, not at the first forecast.")
    max_calculations: int = Field(24, ge=1, description="Forecasts and reports that a server works out or lets wait; one more is refused.")
    max_calculation_s: float = Field(600.0, gt=0, description="Seconds after which a server ends a forecast or report.")
    max_pages_waiting: int = Field(24, ge=1, description="Pages that are built or wait to be built; one more is refused.")
    max_jobs: int = Field(32, ge=1, description="Forecast jobs queued or running at once in the home folder.")
    max_request_s: int = Field(60, ge=1, description="Seconds in which a request must arrive whole, and one more per 50,000 bytes of it.")
    max_answer_mb: int = Field(256, ge=1, description="Unpacked size of one answer of an API that a source reads, in MB.")
    max_answer_s: int = Field(120, ge=1, description="Seconds that an API may take from a request to the last byte of its answer.")
    max_pages: int = Field(100_000, ge=1, description="Pages of one stream of an API that one sync reads.")
    max_sheet_cells: int = Field(20_000_000, ge=1, description="Cells of one sheet of an Excel file, empty ones between others included.")
    max_parquet_cells: int = Field(1_000_000_000, ge=1, description="Rows times columns of a Parquet file.")
    max_unpacked_mb: int = Field(1024, ge=1, description="Unpacked size of an Excel file or of a row group of a Parquet file, in MB.")
    max_remembered_mb: int = Field(128, ge=0, description="What remembered answers may hold in one process, in MB; 0 to remember none.")
    theme: Literal["neon", "noir", "daylight"] = Field("neon", description="Theme of every page and figure.")
    semantic_file: Path | None = Field(None, description="YAML merged over the packaged semantic layer.")
    mounts: str = Field("apps.serve:mount", description="Comma-separated `module:function` that add pages to the API's server.")
    dask_address: str | None = Field(None, description="Scheduler of a Dask cluster that large work is sent to.")
    today: date | None = Field(None, description="Freeze the calendar, for rehearsals and tests.")

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator(
        "database_url", "redis_url", "clickhouse_url", "kafka_bootstrap_servers", "openai_api_key", "huggingface_api_key",
        "prometheus_port", "semantic_file", "dask_address", "today", "worker_processes", mode="before",
    )  # fmt: skip
    @classmethod
    def _empty_is_unset(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("database_url", "redis_url", "clickhouse_url")
    @classmethod
    def _known_scheme(cls, value: str | None, info: Any) -> str | None:
        schemes = SCHEMES[info.field_name]
        if value is not None and not value.startswith(schemes):
            raise ValueError(f"must start with one of {', '.join(schemes)}")
        return value

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        # Kernels, apps and runs start in different folders and must find the same stores.
        return value.expanduser().absolute()

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Read and check all settings.

        Args:
            **overrides: Values that win over the environment, by field name.

        Raises:
            SettingsInvalid: One or more values are wrong, or an unknown `CYBERPUNK_*` name is set; all are listed.
        """
        known = {PREFIX + name.upper() for name in cls.model_fields}
        problems = [f"{name}: unknown setting" for name in sorted(os.environ) if name.startswith(PREFIX) and name not in known]
        try:
            settings = cls(**overrides)
        except ValidationError as error:
            problems += [f"{_variable(str(item['loc'][0]))}: {item['msg']}" for item in error.errors()]
            settings = None
        if settings is None or problems:
            raise SettingsInvalid(
                "settings are wrong: " + "; ".join(problems),
                hint="every setting is described in docs/reference/settings.md",
                problems=problems,
            )
        return settings


def _variable(field: str) -> str:
    """Name of the environment variable behind a field."""
    info = Settings.model_fields.get(field.lower())
    shared = info is not None and isinstance(info.validation_alias, AliasChoices)
    return field.upper() if shared or info is None else PREFIX + field.upper()


def variables() -> dict[str, str]:
    """Return every environment variable of the product with its description, for the docs and `cyberpunk doctor`."""
    return {_variable(name): (info.description or "") for name, info in Settings.model_fields.items()}
