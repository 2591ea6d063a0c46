"""What every connector promises, checked on each registered one over a real file, a real database and a real HTTP server."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from cyberpunk_ai.core.errors import CyberpunkError, InvalidArgument
from cyberpunk_ai.data_fabric.connectors.base import CONNECTORS, StreamState
from tests.vendor_server import running_vendor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cyberpunk_ai.data_fabric.connectors.base import Batch, Connector, StreamSpec

ROWS = 95
PEOPLE = [{"id": f"p{n:03d}", "name": f"Person {n}", "updated_at": f"2024-01-01T00:{n // 60:02d}:{n % 60:02d}Z"} for n in range(ROWS)]


@dataclass
class Example:
    """A connector's config over a source of ninety-five people, and one that leads nowhere."""

    config: dict[str, Any]
    broken: dict[str, Any]


def csv_files(folder: Path) -> Iterator[Example]:
    path = folder / "people.csv"
    path.write_text("id,name,updated_at\n" + "".join(f"{p['id']},{p['name']},{p['updated_at']}\n" for p in PEOPLE))
    yield Example({"path": str(path), "block_bytes": 1024}, {"path": str(folder / "nowhere.csv")})


def sql_database(folder: Path) -> Iterator[Example]:
    path = folder / "people.sqlite3"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT, updated_at TEXT)")
        database.executemany("INSERT INTO people VALUES (:id, :name, :updated_at)", PEOPLE)
    yield Example(
        {"url": f"sqlite:///{path}", "tables": ["people"], "cursor": "updated_at", "batch_rows": 30},
        {"url": f"sqlite:///{folder / 'no' / 'where.sqlite3'}"},
    )


def rest_api(_folder: Path) -> Iterator[Example]:
    with running_vendor(list(PEOPLE)) as vendor:
        stream = {
            "path": "/cursor", "records": "data.items", "key": ["id"], "cursor_field": "updated_at", "cursor_param": "since",
            "paging": {"kind": "cursor", "param": "after", "path": "paging.after"},
        }  # fmt: skip
        yield Example(
            {"base_url": vendor.url, "streams": {"people": stream}},
            {"base_url": "http://127.0.0.1:9", "streams": {"people": stream}, "retries": 0},
        )


EXAMPLES = {"csv_files": csv_files, "sql_database": sql_database, "rest_api": rest_api}


@pytest.fixture(params=CONNECTORS.names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def example(name: str, tmp_path: Path) -> Iterator[Example]:
    assert name in EXAMPLES, f"connector {name!r} needs an example here"
    yield from EXAMPLES[name](tmp_path)


def build(name: str, config: dict[str, Any], home: Path) -> Connector:
    return CONNECTORS.get(name).configure(config, home=home)


def read(connector: Connector, stream: StreamSpec, state: StreamState) -> list[Batch]:
    async def all_batches() -> list[Batch]:
        try:
            return [batch async for batch in connector.read(stream, state)]
        finally:
            await connector.close()

    return asyncio.run(all_batches())


def ids(batches: list[Batch]) -> list[str]:
    return [str(item) for batch in batches for item in batch.rows.get("id", [])]


def after(batch: Batch) -> StreamState:
    """The state as it comes back from the store: through JSON."""
    return StreamState(json.loads(json.dumps(batch.position)), batch.cursor)


def test_it_says_what_it_is(name: str) -> None:
    kind = CONNECTORS.get(name)
    assert kind.name == name
    assert next(plugin for plugin in CONNECTORS.plugins() if plugin.name == name).summary
    assert kind.Config.model_config["extra"] == "forbid"
    assert all(field.description for field in kind.Config.model_fields.values())
    assert kind.Config.model_json_schema()["properties"]


def test_unknown_settings_are_refused_without_showing_values(name: str, example: Example, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="colour") as caught:
        build(name, example.config | {"colour": "hidden-word"}, tmp_path)
    assert "hidden-word" not in str(caught.value.to_dict())


def test_a_check_tells_a_source_that_answers_from_one_that_does_not(name: str, example: Example, tmp_path: Path) -> None:
    build(name, example.config, tmp_path).check()
    with pytest.raises(CyberpunkError) as caught:
        build(name, example.broken, tmp_path).check()
    assert caught.value.hint


def test_streams_have_names_of_their_own(name: str, example: Example, tmp_path: Path) -> None:
    streams = [stream.name for stream in build(name, example.config, tmp_path).discover()]
    assert streams
    assert len(set(streams)) == len(streams)


def test_everything_is_read_once(name: str, example: Example, tmp_path: Path) -> None:
    connector = build(name, example.config, tmp_path)
    batches = read(connector, connector.discover()[0], StreamState())
    assert len(batches) > 2
    assert ids(batches) == [person["id"] for person in PEOPLE]


def test_reading_on_behind_any_batch_loses_nothing(name: str, example: Example, tmp_path: Path) -> None:
    stream = build(name, example.config, tmp_path).discover()[0]
    batches = read(build(name, example.config, tmp_path), stream, StreamState())
    for position in range(len(batches)):
        rest = read(build(name, example.config, tmp_path), stream, after(batches[position]))
        before = ids(batches[: position + 1])
        assert sorted({*before, *ids(rest)}) == [person["id"] for person in PEOPLE]
        assert len(set(before) & set(ids(rest))) <= 1, "at most the row on the cursor is read again"


def test_a_second_read_finds_nothing_new(name: str, example: Example, tmp_path: Path) -> None:
    stream = build(name, example.config, tmp_path).discover()[0]
    last = read(build(name, example.config, tmp_path), stream, StreamState())[-1]
    assert len(ids(read(build(name, example.config, tmp_path), stream, after(last)))) <= 1


def test_they_load_without_their_drivers() -> None:
    heavy = ["pandas", "pyarrow", "sqlalchemy", "httpx", "openpyxl"]
    modules = ", ".join(CONNECTORS.get(name).__module__ for name in CONNECTORS.names())
    script = f"import sys, {modules}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
