"""What every warehouse promises, and how one is opened. The engines live beside it, one file each; no SQL of the product lives here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import pyarrow as pa

    from cyberpunk_ai.core.settings import Settings


@dataclass(frozen=True)
class BatchToken:
    """Names one batch of one stream, so that writing it again after a crash changes nothing.

    Attributes:
        stream: Who writes: for example `crm/customers`.
        sequence: Number of the batch, growing within the stream; a number at or below the newest applied one is skipped.
    """

    stream: str
    sequence: int


@runtime_checkable
class Warehouse(Protocol):
    """The canonical tables, written in batches and queried in ClickHouse's SQL, by several processes and threads at once."""

    kind: str
    """`delta+chdb` or `clickhouse`."""

    def append(self, table: str, rows: pd.DataFrame | pa.Table, *, token: BatchToken | None = None) -> int:
        """Add rows whose keys are new; the caller vouches for that, `upsert` is for the others.

        Args:
            table: A canonical table.
            rows: Its columns; nullable ones may be left out.
            token: Makes the batch apply once, however often it is sent.

        Returns:
            Rows written; 0 when the token was applied before.

        Raises:
            ContractBroken: Columns or values do not fit the table.
            NotFound: No such table.
            StoreFailed: The store refused or lost the batch.
        """

    def upsert(self, table: str, rows: pd.DataFrame | pa.Table, *, token: BatchToken | None = None) -> int:
        """Insert rows, or replace those with the same key and an `updated_at` that is not newer.

        Within the batch the newest row of a key wins, and the last one among equals.

        Args:
            table: A canonical table.
            rows: Its columns; nullable ones may be left out.
            token: Makes the batch apply once, however often it is sent.

        Returns:
            Rows inserted or replaced; 0 when the token was applied before. A server that resolves later counts the rows sent.

        Raises:
            ContractBroken: Columns or values do not fit the table.
            NotFound: No such table.
            StoreFailed: The store refused or lost the batch.
        """

    def delete(self, table: str, *, where: Mapping[str, str]) -> int:
        """Delete the rows whose text columns all equal these values, and return how many there were.

        Raises:
            InvalidArgument: No condition, or a column that the table lacks or that holds no text.
        """

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pd.DataFrame:
        """Run one SELECT over the canonical tables, read-only and thread-safe.

        Args:
            sql: ClickHouse SQL; values belong into `{name:Type}` placeholders.
            parameters: Values of the placeholders.

        Returns:
            The rows; times are naive UTC in microseconds.

        Raises:
            PermissionDenied: The text does something else than select from the canonical tables.
            InvalidArgument: The text is no valid query over these tables.
            StoreFailed: The store could not answer.
        """

    def row_count(self, table: str) -> int:
        """Return the number of rows of a table."""

    def version(self, table: str) -> int:
        """Return a number that changes with every commit to the table, cheap enough to ask before every use of a cache."""

    def optimize(self) -> None:
        """Compact small files and remove those that no reader can need any more."""

    def ping(self) -> float:
        """Return the milliseconds that a trivial query takes now.

        Raises:
            StoreFailed: The warehouse does not answer.
        """

    def close(self) -> None:
        """Let go of the engine; the warehouse cannot be used afterwards."""


def open_warehouse(settings: Settings) -> Warehouse:
    """Open the ClickHouse server of `CLICKHOUSE_URL`, or the embedded warehouse in the home folder. Cheap: engines start when used."""
    if settings.clickhouse_url:
        from cyberpunk_ai.data_fabric.stores.clickhouse_warehouse import ClickHouseWarehouse

        return ClickHouseWarehouse(settings.clickhouse_url)
    from cyberpunk_ai.data_fabric.stores.delta_warehouse import DeltaWarehouse

    return DeltaWarehouse(settings.home / "warehouse")
