from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from cyberpunk_ai.data_fabric.tables import TABLES
from cyberpunk_ai.demo.effects.broken_rows import BROKEN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cyberpunk_ai.demo import DemoCompany, SourceDefinition


@pytest.fixture(scope="module")
def folder(company: DemoCompany, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sources")


@pytest.fixture(scope="module")
def definitions(company: DemoCompany, folder: Path) -> list[SourceDefinition]:
    return company.write_sources(folder)


def rows_of(definition: SourceDefinition, stream: str) -> pd.DataFrame:
    if definition.connector == "sql_database":
        with closing(sqlite3.connect(str(definition.config["url"]).removeprefix("sqlite:///"))) as database:
            return pd.read_sql(f'SELECT * FROM "{stream}"', database)
    path = f"{definition.config['path']}/{stream}"
    return pd.read_parquet(path) if path.endswith(".parquet") else pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])


def test_the_five_sources_carry_the_names_of_the_vocabulary(definitions: list[SourceDefinition]) -> None:
    assert {definition.name for definition in definitions} == {"crm", "erp", "web_analytics", "iot_telemetry", "marketing_ads"}


def test_every_mapped_stream_is_there_with_its_columns_and_no_other(definitions: list[SourceDefinition], folder: Path) -> None:
    for definition in definitions:
        for stream, mapping in definition.mapping.items():
            assert set(mapping["columns"].values()) == set(rows_of(definition, stream).columns), stream
    streams = {stream for definition in definitions for stream in definition.mapping}
    assert {path.name for path in folder.rglob("*") if path.is_file()} == {s for s in streams if "." in s} | {"crm.sqlite3"}


def test_good_rows_come_back_whole_and_broken_ones_are_as_many_as_recorded(
    definitions: list[SourceDefinition], frames: Mapping[str, pd.DataFrame], company: DemoCompany
) -> None:
    good: dict[str, int] = dict.fromkeys(TABLES, 0)
    bad: dict[str, int] = dict.fromkeys(TABLES, 0)
    for definition in definitions:
        for stream, mapping in definition.mapping.items():
            table = str(mapping["table"])
            rows = rows_of(definition, stream).assign(source=definition.name, channel="")
            if table == "orders":
                rows = rows.drop(columns="channel")
            fit, unfit = TABLES[table].contract.sift(rows, mapping=mapping["columns"])
            good[table] += len(fit)
            bad[table] += len(unfit)

    assert good == {table: len(rows) for table, rows in frames.items()}
    recorded = company.truth()["broken_rows"]
    assert recorded == {stream: len(rows) for stream, rows in BROKEN.items()}
    recorded["customers"] += recorded.pop("customers_erp")
    assert {table: count for table, count in bad.items() if count} == recorded


def test_writing_again_replaces_the_files(company: DemoCompany, definitions: list[SourceDefinition], folder: Path) -> None:
    before = {path: path.stat().st_size for path in folder.rglob("*.csv")}

    assert company.write_sources(folder) == definitions
    assert {path: path.stat().st_size for path in folder.rglob("*.csv")} == before
