"""What a connector is: typed config, a cheap check, a list of streams, and rows in batches with the position behind each.

A connector only reads. Mapping, quarantine, checkpoints and publishing are done by `mapping` and `landing`.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from cyberpunk_ai.core.errors import InvalidArgument
from cyberpunk_ai.core.registry import Registry
from cyberpunk_ai.data_fabric.files.formats import ColumnFormat  # noqa: TC001 - a field of a public dataclass, kept resolvable
from cyberpunk_ai.data_fabric.limits import DEFAULT, Limits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    import pandas as pd

Mode = Literal["append", "upsert", "replace"]
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class ConnectorConfig(BaseModel):
    """Base of every connector's config. Text values may name environment variables as `${NAME}`, so that no secret is stored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class StreamSpec:
    """A stream of a source: a file, a table, an endpoint.

    Attributes:
        name: Unique within the source and stable across runs.
        columns: Column names, as far as they are known beforehand.
        key: Columns that identify a row; empty when unknown.
        cursor_field: Column that grows with every change; None for a full read.
        formats: Notation of text columns.
    """

    name: str
    columns: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    cursor_field: str | None = None
    formats: Mapping[str, ColumnFormat] = field(default_factory=dict)


@dataclass(frozen=True)
class StreamState:
    """Where the last sync of a stream ended: what the connector gave with its last landed batch."""

    position: Mapping[str, Any] = field(default_factory=dict)
    cursor: str | None = None


@dataclass(frozen=True)
class RejectedRow:
    """A row that the connector itself could not read, with its reason and what it looked like."""

    reason: str
    payload: str


@dataclass(frozen=True)
class Batch:
    """Rows of a stream and the position behind them.

    Attributes:
        rows: As the source has them; the index numbers the rows within the stream where they have a number.
        position: JSON-ready state from which the next read goes on.
        cursor: Highest value of the cursor field so far.
        mode: `append` adds, `upsert` writes by the table's key, `replace` first removes what this stream brought before.
        rejected: Rows that could not be read.
        formats: Notation of text columns, for the casts.
        bytes: Size at the source.
    """

    rows: pd.DataFrame
    position: dict[str, Any]
    cursor: str | None = None
    mode: Mode = "upsert"
    rejected: tuple[RejectedRow, ...] = ()
    formats: Mapping[str, ColumnFormat] = field(default_factory=dict)
    bytes: int = 0


class Connector(ABC):
    """Reads one source.

    Subclasses set `name`, `Config` and `needs` and register themselves in `CONNECTORS`. A fresh instance is made for every sync, and keeps
    to its `limits`.

    Args:
        config: Validated config.
        home: Folder that relative paths start from.
    """

    name: ClassVar[str]
    Config: ClassVar[type[ConnectorConfig]]
    needs: ClassVar[tuple[str, ...]] = ()
    limits: Limits = DEFAULT

    def __init__(self, config: Any, *, home: Path) -> None:
        self.config, self.home = config, home

    @classmethod
    def configure(cls, values: Mapping[str, Any], *, home: Path, limits: Limits = DEFAULT) -> Connector:
        """Validate config values and build the connector.

        Args:
            values: The config.
            home: Folder that relative paths start from.
            limits: How much the source may take of this process.

        Raises:
            InvalidArgument: A value is missing, wrong or unknown; all of them are listed.
        """
        try:
            config = cls.Config.model_validate(_resolve(dict(values)))
        except ValidationError as error:
            # Values are left out on purpose: one of them may be a password.
            problems = [f"{'.'.join(map(str, item['loc'])) or 'config'}: {item['msg']}" for item in error.errors()]
            raise InvalidArgument(
                f"config of {cls.name}: {'; '.join(problems)}", hint=f"settings: {', '.join(cls.Config.model_fields)}", problems=problems
            ) from None
        connector = cls(config, home=home)
        connector.limits = limits
        return connector

    @abstractmethod
    def check(self) -> None:
        """Find out cheaply whether the source answers.

        Raises:
            SourceFailed: It does not; the hint says what to do.
        """

    @abstractmethod
    def discover(self) -> list[StreamSpec]:
        """List the streams of the source.

        Raises:
            SourceFailed: The source does not answer.
        """

    @abstractmethod
    def read(self, stream: StreamSpec, state: StreamState) -> AsyncIterator[Batch]:
        """Read what is new in a stream since `state`, in order, resumable behind every batch.

        Raises:
            SourceFailed: The source refused or broke off; batches given so far stay valid.
        """

    async def close(self) -> None:
        """Let go of connections. Safe to call twice."""
        return


CONNECTORS: Registry[type[Connector]] = Registry("connector", "cyberpunk_ai.data_fabric.connectors")


def _resolve(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _resolve(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_resolve(item) for item in value]
    if isinstance(value, str):
        return _VARIABLE.sub(_variable, value)
    return value


def _variable(match: re.Match[str]) -> str:
    if match[1] not in os.environ:
        raise InvalidArgument(f"environment variable {match[1]} is not set", hint="a source's config names it")
    return os.environ[match[1]]
