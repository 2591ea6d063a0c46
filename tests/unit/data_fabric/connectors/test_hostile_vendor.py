"""A vendor that sends bombs, never ends or goes round in circles is refused with an error that says what to do; what came before stays."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from cyberpunk_ai.core.errors import CyberpunkError, SourceFailed
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.connectors.rest_api import RestApi
from cyberpunk_ai.data_fabric.limits import Limits
from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector
from cyberpunk_ai.data_fabric.web import records
from cyberpunk_ai.data_fabric.web.unpacking import Unpacker
from cyberpunk_ai.workspace import Workspace
from tests.vendor_server import running_vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cyberpunk_ai.data_fabric.connectors.base import Batch
    from cyberpunk_ai.data_fabric.syncing.reports import SourceReport
    from tests.vendor_server import Vendor

MAPPING = {"table": "customers", "columns": {"customer_id": "id", "name": "name", "updated_at": "updated_at"}}
AUTH = {"kind": "api_key", "key": "hidden-word", "name": "pass_key", "place": "query"}
BOMB = b'{"data": {"items": []}, "pad": "' + b" " * 3_000_000 + b'"}'


def record(number: int) -> dict[str, Any]:
    return {"id": number, "name": f"Person {number}", "updated_at": "2024-02-01T00:00:00Z"}


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    """A vendor with three pages of ten people, by whose clock its answers are timed."""
    with running_vendor([record(number) for number in range(30)]) as running:
        monkeypatch.setattr(RestApi, "rest", staticmethod(running.rest))
        monkeypatch.setattr(RestApi, "clock", staticmethod(running.clock))
        yield running


def config(vendor: Vendor, **stream: Any) -> dict[str, Any]:
    paging = {"kind": "next_url", "path": "links.next"}
    people = {"path": "/next", "records": "data.items", "key": ["id"], "paging": paging} | stream
    return {"base_url": vendor.url, "streams": {"people": people}, "auth": AUTH, "retries": 0}


def sends(body: bytes, **headers: str) -> Callable[[Any], None]:
    def answer(handler: Any) -> None:
        handler.send_response(200)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def page(numbers: range, following: str | None) -> bytes:
    return json.dumps({"data": {"items": [record(number) for number in numbers]}, "links": {"next": following}}).encode()


def sync(fabric: UnifiedDataConnector, limits: Limits) -> SourceReport:
    fabric.limits = limits
    return asyncio.run(fabric.sync_all_sources(["crm"])).sources[0]


def fetched(vendor: Vendor, tmp_path: Path, limits: Limits, **stream: Any) -> list[Batch]:
    connector = RestApi.configure(config(vendor, **stream), home=tmp_path, limits=limits)

    async def read() -> list[Batch]:
        try:
            return [batch async for batch in connector.read(connector.discover()[0], _start())]
        finally:
            await connector.close()

    return asyncio.run(read())


def _start() -> Any:
    from cyberpunk_ai.data_fabric.connectors.base import StreamState

    return StreamState()


def test_limits_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Limits.of(Settings.load()) == Limits()
    monkeypatch.setenv("CYBERPUNK_MAX_PAGES", "7")
    workspace, fabric = Workspace.open(), UnifiedDataConnector()
    try:
        assert workspace._connector.limits == fabric.limits == Limits(max_pages=7)
    finally:
        workspace.close()
        fabric.close()


PACKED = {
    "plain": (BOMB, {}),
    "gzip": (gzip.compress(BOMB), {"Content_Encoding": "gzip"}),
    "deflate": (zlib.compress(BOMB), {"Content_Encoding": "deflate"}),
    "gzip in gzip": (gzip.compress(gzip.compress(BOMB)), {"Content_Encoding": "gzip, gzip"}),
    "many members": (gzip.compress(BOMB[:500_000]) * 6, {"Content_Encoding": "gzip"}),
    "large within": (gzip.compress(zlib.compress(b"{}", 0) + b"\0" * 3_000_000), {"Content_Encoding": "deflate, gzip"}),
}


@pytest.mark.parametrize("kind", list(PACKED))
def test_an_answer_that_unpacks_beyond_the_limit_ends_the_stream_and_the_next_sync_reads_on(
    fabric: UnifiedDataConnector, vendor: Vendor, kind: str
) -> None:
    vendor.tricks["/next"] = sends(page(range(3), f"{vendor.url}/bomb?pass_key=hidden-word"))
    body, headers = PACKED[kind]
    vendor.tricks["/bomb"] = sends(body, **headers)
    fabric.add_source("crm", "rest_api", config(vendor), MAPPING)
    report = sync(fabric, Limits(max_answer_mb=1))
    assert (report.status, report.rows, fabric.warehouse.row_count("customers")) == ("failed", 3, 3)
    assert report.error is not None
    assert report.error["message"] == "people: the answer of 127.0.0.1 is larger than 1 MB unpacked"
    assert report.error["hint"] == "raise CYBERPUNK_MAX_ANSWER_MB, now 1, if you trust the source"
    assert report.error["details"] == {"limit": 1, "setting": "CYBERPUNK_MAX_ANSWER_MB", "source": "crm", "stream": "people"}
    assert "hidden-word" not in str(report.error)
    vendor.tricks["/bomb"] = sends(page(range(3, 5), None))
    report = sync(fabric, Limits(max_answer_mb=1))
    assert (report.status, report.rows, fabric.warehouse.row_count("customers")) == ("ok", 2, 5)


def test_answers_below_the_limit_are_unpacked_whole(vendor: Vendor, tmp_path: Path) -> None:
    plain = page(range(2000), None)
    raw = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = {
        "gzip": gzip.compress(plain) + b"\0" * 40,
        "deflate": zlib.compress(plain),
        "Deflate": raw.compress(plain) + raw.flush(),
        "gzip, deflate": zlib.compress(gzip.compress(plain[:9000]) + gzip.compress(plain[9000:])),
        "identity": plain,
    }
    for encoding, body in packed.items():
        vendor.tricks["/next"] = sends(body, Content_Encoding=encoding)
        assert sum(len(batch.rows) for batch in fetched(vendor, tmp_path, Limits())) == 2000, encoding


@pytest.mark.parametrize(
    ("encoding", "body", "said"),
    [
        ("br", b"{}", "packed as 'br'"),
        (", ".join(["gzip"] * 5), b"{}", "packed as 'gzip, gzip"),
        ("gzip", b"no gzip at all", "cannot be unpacked"),
        ("gzip", gzip.compress(b"[" + b"1," * 90_000)[:-20], "is cut short"),
    ],
)
def test_what_cannot_be_unpacked_is_said(vendor: Vendor, tmp_path: Path, encoding: str, body: bytes, said: str) -> None:
    vendor.tricks["/next"] = sends(body, Content_Encoding=encoding)
    with pytest.raises(SourceFailed, match=said):
        fetched(vendor, tmp_path, Limits())


def test_a_piece_is_never_unpacked_further_than_its_limit() -> None:
    bomb = gzip.compress(gzip.compress(b" " * 50_000_000))
    unpacker, held = Unpacker("gzip, gzip", Limits(max_answer_mb=1), "it"), 0
    tracemalloc.start()
    try:
        with pytest.raises(SourceFailed, match="larger than 1 MB"):
            for part in unpacker.unpack(bomb):
                held += len(part)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held <= 1024 * 1024
    assert peak < 2 * 1024 * 1024


def test_an_answer_that_drips_is_given_up_when_its_time_is_over(fabric: UnifiedDataConnector, vendor: Vendor) -> None:
    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        try:
            while True:  # until the reader has had enough
                handler.wfile.write(b" ")
                handler.wfile.flush()
                vendor.clock.advance(1.0)
        except OSError:
            pass

    vendor.tricks["/next"] = sends(page(range(3), f"{vendor.url}/drip"))
    vendor.tricks["/drip"] = drip
    fabric.add_source("crm", "rest_api", config(vendor), MAPPING)
    report = sync(fabric, Limits(max_answer_s=60))
    assert (report.status, report.rows) == ("failed", 3)
    assert report.error is not None
    assert report.error["message"] == "people: the answer of 127.0.0.1 was not complete after 60 s"
    assert report.error["hint"] == "raise CYBERPUNK_MAX_ANSWER_S, now 60, if you trust the source"


def test_headers_that_never_end_are_given_up_too(vendor: Vendor, tmp_path: Path) -> None:
    def drip(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        handler.wfile.flush()
        handler.rfile.read(1)  # returns when the reader hangs up

    vendor.tricks["/next"] = drip
    with pytest.raises(SourceFailed, match=r"was not complete after 0.2 s"):
        fetched(vendor, tmp_path, Limits(max_answer_s=0.2))


def test_a_token_endpoint_keeps_to_the_limits_too(vendor: Vendor, tmp_path: Path) -> None:
    vendor.token_padding = 3_000_000
    auth = {"kind": "client_credentials", "token_url": f"{vendor.url}/token", "client_id": "us", "client_secret": "hidden-word"}
    connector = RestApi.configure(config(vendor) | {"auth": auth}, home=tmp_path, limits=Limits(max_answer_mb=1))
    with pytest.raises(SourceFailed, match=r"signing in: the answer of 127\.0\.0\.1 is larger than 1 MB unpacked") as caught:
        connector.check()
    assert "hidden-word" not in str(caught.value.to_dict())


def test_pages_without_end_stop_at_the_limit_and_go_on_in_the_next_sync(fabric: UnifiedDataConnector, vendor: Vendor) -> None:
    fabric.add_source("crm", "rest_api", config(vendor), MAPPING)
    report = sync(fabric, Limits(max_pages=2))
    assert (report.status, report.rows, len(vendor.calls)) == ("failed", 20, 2)
    assert report.error is not None
    assert report.error["message"] == "people: 127.0.0.1 sent 2 pages, and more follow"
    assert "CYBERPUNK_MAX_PAGES" in report.error["hint"]
    report = sync(fabric, Limits(max_pages=2))
    assert (report.status, report.rows, len(vendor.calls)) == ("ok", 10, 3)


@pytest.mark.parametrize("kind", ["next_url", "cursor", "link_header", "itself"])
def test_links_that_go_round_in_circles_are_an_error_at_once(fabric: UnifiedDataConnector, vendor: Vendor, kind: str) -> None:
    around = {"first": "second", "second": "third", "third": "third" if kind == "itself" else "second"}

    def circle(handler: Any) -> None:
        vendor.calls.append(handler.path)
        here = next((name for name in ("second", "third") if f"at={name}" in handler.path), "first")
        number = list(around).index(here)
        url = f"{vendor.url}/circle?at={around[here]}"
        body = {"data": {"items": [record(number)]}, "links": {"next": around[here] if kind == "cursor" else url}}
        sends(json.dumps(body).encode(), Link=f'<{url}>; rel="next"')(handler)

    vendor.tricks["/circle"] = circle
    paging: dict[str, Any] = {"kind": "next_url" if kind == "itself" else kind, "path": "links.next", "param": "at"}
    fabric.add_source("crm", "rest_api", config(vendor, path="/circle", paging=paging), MAPPING)
    report = sync(fabric, Limits(max_pages=9))
    assert report.error is not None
    assert report.error["message"] == "people: 127.0.0.1 repeats a page, number 3 of this sync"
    assert (report.rows, len(vendor.calls)) == (3, 3)


@pytest.mark.parametrize("kind", ["page", "offset"])
def test_a_vendor_that_answers_every_number_with_one_page_is_an_error(vendor: Vendor, tmp_path: Path, kind: str) -> None:
    vendor.tricks["/same"] = sends(page(range(3), None))
    with pytest.raises(SourceFailed, match="repeats a page, number 2 of this sync"):
        fetched(vendor, tmp_path, Limits(max_pages=5), path="/same", paging={"kind": kind})


def test_a_last_page_without_rows_may_name_itself(vendor: Vendor, tmp_path: Path) -> None:
    def feed(handler: Any) -> None:
        is_last = "at=end" in handler.path
        body = {"data": {"items": [] if is_last else [record(1)]}, "next": "end"}
        sends(json.dumps(body).encode())(handler)

    vendor.tricks["/feed"] = feed
    paging = {"kind": "cursor", "param": "at", "path": "next"}
    assert [len(batch.rows) for batch in fetched(vendor, tmp_path, Limits(), path="/feed", paging=paging)] == [1, 0]


def test_millions_of_tiny_values_are_refused_before_they_are_read(vendor: Vendor, tmp_path: Path) -> None:
    vendor.tricks["/next"] = sends(b"[" + b"[]," * 60_000 + b"0]")
    with pytest.raises(SourceFailed, match="holds 120,001 values, more than 80,000 per MB"):
        fetched(vendor, tmp_path, Limits(max_answer_mb=1), records="")


def test_json_that_is_too_deep_is_an_error_of_the_source(vendor: Vendor, tmp_path: Path) -> None:
    vendor.tricks["/next"] = sends(b"[" * 100_000 + b"]" * 100_000)
    with pytest.raises(CyberpunkError, match="is no JSON"):
        fetched(vendor, tmp_path, Limits())


def test_a_page_of_very_many_records_lands_in_parts(fabric: UnifiedDataConnector, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BATCH_RECORDS", 8)
    items = [record(number) for number in range(20)]
    items[5] = 7  # type: ignore[call-overload]
    vendor.tricks["/next"] = sends(json.dumps({"data": {"items": items}, "links": {"next": None}}).encode())
    fabric.add_source("crm", "rest_api", config(vendor), MAPPING)
    report = sync(fabric, Limits())
    assert (report.status, report.rows, report.quarantined) == ("ok", 19, 1)
    assert fabric.warehouse.row_count("customers") == 19


def test_a_new_field_in_every_record_makes_no_table_of_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BATCH_CELLS", 100)
    frames = [rows for rows, _ in records.batches([{"id": n, f"field_{n}": 1} for n in range(50)], ("id",))]
    assert sum(map(len, frames)) == 50
    assert max(rows.size for rows in frames) <= 110


def test_a_page_that_broke_off_between_its_parts_is_read_again(vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BATCH_RECORDS", 8)
    batches = fetched(vendor, tmp_path, Limits(), cursor_field="updated_at")
    assert [(len(batch.rows), batch.position["done"], bool(batch.position["place"])) for batch in batches] == [
        (8, False, False), (2, False, True), (8, False, True), (2, False, True), (8, False, True), (2, True, False),
    ]  # fmt: skip
    assert batches[0].cursor is None, "the cursor of a page that has not landed whole would skip the rest"
