"""The smallest warehouse that the semantic layer can stand on: tables in chDB's memory. Writing rules are tested with the real one."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pandas as pd

from cyberpunk_ai.data_fabric.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBERS = itertools.count()
_SQL = {"string": "String", "float": "Float64", "int": "Int64", "bool": "Bool", "timestamp": "DateTime64(6, 'UTC')"}
_PANDAS = {"string": "object", "float": "float64", "int": "Int64", "bool": "boolean", "timestamp": "datetime64[us]"}


class ScratchWarehouse:
    """Canonical tables, every column nullable as in Delta, in a database of their own."""

    kind = "scratch"

    def __init__(self) -> None:
        import clickhouse_connect

        self.database = f"scratch_{next(_NUMBERS)}"
        self._client = clickhouse_connect.get_client(interface="chdb")
        self._client.command(f"CREATE DATABASE {self.database}")
        self._versions = dict.fromkeys(TABLES, 0)
        self.queries: list[str] = []
        for name, table in TABLES.items():
            columns = ", ".join(f"{column.name} Nullable({_SQL[column.kind]})" for column in table.contract.columns)
            self._client.command(f"CREATE TABLE {self.database}.{name} ({columns}) ENGINE = Memory")

    def append(self, table: str, rows: pd.DataFrame) -> int:
        """Write rows; columns that are not given are missing."""
        columns = {
            column.name: pd.Series(rows.get(column.name, None), index=rows.index).astype(_PANDAS[column.kind])
            for column in TABLES[table].contract.columns
        }
        self._client.insert_df(f"{self.database}.{table}", pd.DataFrame(columns))
        self._versions[table] += 1
        return len(rows)

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> pd.DataFrame:
        """Run ClickHouse SQL in this warehouse's database."""
        self.queries.append(sql)
        self._client.command(f"USE {self.database}")
        return self._client.query_df(sql, parameters=dict(parameters or {}))

    def version(self, table: str) -> int:
        """Changes with every write."""
        return self._versions[table]

    def close(self) -> None:
        """Drop the tables."""
        self._client.command(f"DROP DATABASE {self.database}")
        self._client.close()
