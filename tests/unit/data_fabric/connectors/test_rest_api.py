from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from cyberpunk_ai.core.errors import InvalidArgument, SourceFailed
from cyberpunk_ai.data_fabric.connectors.base import StreamState
from cyberpunk_ai.data_fabric.connectors.rest_api import RestApi
from tests.vendor_server import running_vendor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cyberpunk_ai.data_fabric.syncing.reports import SyncReport
    from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector
    from tests.vendor_server import Vendor

MAPPING = {
    "table": "customers",
    "columns": {
        "customer_id": "id", "name": "name", "country": "address.country", "signed_up_at": "created", "updated_at": "updated_at",
    },
}  # fmt: skip
ITEMS = {"records": "data.items"}
PAGINGS: dict[str, dict[str, Any]] = {
    "page": {"path": "/page", **ITEMS, "paging": {"kind": "page", "size": 10, "size_param": "size"}},
    "offset": {"path": "/offset", **ITEMS, "paging": {"kind": "offset", "size": 10, "size_param": "size"}},
    "cursor": {"path": "/cursor", **ITEMS, "paging": {"kind": "cursor", "param": "after", "path": "paging.after"}},
    "link_header": {"path": "/link", "paging": {"kind": "link_header"}},
    "next_url": {"path": "/next", **ITEMS, "paging": {"kind": "next_url", "path": "links.next"}},
    "none": {"path": "/all"},
}


def record(number: int) -> dict[str, Any]:
    return {
        "id": number, "name": f"Person {number}", "address": {"country": "DE"}, "created": "2024-01-01T00:00:00Z",
        "updated_at": f"2024-02-{1 + number // 24:02d}T{number % 24:02d}:00:00Z",
    }  # fmt: skip


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    """A vendor whose time passes while the connector rests."""
    with running_vendor([record(number) for number in range(57)]) as running:
        monkeypatch.setattr(RestApi, "rest", staticmethod(running.rest))
        yield running


def config(vendor: Vendor, kind: str = "next_url", **more: Any) -> dict[str, Any]:
    stream = PAGINGS[kind] | {"key": ["id"], "cursor_field": "updated_at", "cursor_param": "since"}
    return {"base_url": vendor.url, "streams": {"people": stream}, **more}


def sync(fabric: UnifiedDataConnector) -> SyncReport:
    return asyncio.run(fabric.sync_all_sources(["crm"]))


@pytest.mark.parametrize("kind", list(PAGINGS))
def test_every_kind_of_paging_brings_all_records(fabric: UnifiedDataConnector, vendor: Vendor, kind: str) -> None:
    fabric.add_source("crm", "rest_api", config(vendor, kind), MAPPING)
    report = sync(fabric)
    assert report.ok, report.sources
    assert report.rows == 57
    counts = fabric.warehouse.query(
        "SELECT count() AS rows, uniqExact(customer_id) AS people, countIf(country = 'DE') AS placed FROM customers"
    )
    assert counts.iloc[0].tolist() == [57, 57, 57]


def test_the_cursor_asks_only_for_what_changed(fabric: UnifiedDataConnector, vendor: Vendor) -> None:
    fabric.add_source("crm", "rest_api", config(vendor), MAPPING)
    sync(fabric)
    vendor.records[3] = record(3) | {"name": "New name", "updated_at": "2024-05-01T00:00:00Z"}
    report = sync(fabric)
    assert report.rows == 2  # the changed one, and the one on the old cursor
    assert report.sources[0].cursor == "2024-05-01T00:00:00Z"
    assert "since=2024-02-03T08%3A00%3A00Z" in vendor.calls[-1]
    assert fabric.warehouse.query("SELECT name FROM customers WHERE customer_id = '3'")["name"].tolist() == ["New name"]


def test_an_expired_token_is_renewed_once_for_all_waiters(vendor: Vendor, tmp_path: Path) -> None:
    vendor.token_uses = 8
    auth = {"kind": "client_credentials", "token_url": f"{vendor.url}/token", "client_id": "us", "client_secret": "s"}
    connector = RestApi.configure(config(vendor, auth=auth), home=tmp_path)
    assert isinstance(connector, RestApi)

    async def many() -> None:
        await asyncio.gather(*(connector._fetch("people", {}, None) for _ in range(8)))
        await asyncio.gather(*(connector._fetch("people", {}, None) for _ in range(8)))
        await connector.close()

    asyncio.run(many())
    assert vendor.tokens_given == 2


def test_a_revoked_token_keeps_what_landed_and_goes_on_later(fabric: UnifiedDataConnector, vendor: Vendor) -> None:
    vendor.token_uses = 3
    auth = {"kind": "client_credentials", "token_url": f"{vendor.url}/token", "client_id": "us", "client_secret": "s"}
    fabric.add_source("crm", "rest_api", config(vendor, auth=auth), MAPPING)
    original = vendor.page

    def revoke_after_thirty(path: str, query: dict[str, str]) -> tuple[Any, dict[str, str]]:
        vendor.revoked = query.get("after") == "20"
        return original(path, query)

    vendor.page = revoke_after_thirty  # type: ignore[method-assign]
    report = sync(fabric)
    assert report.sources[0].status == "failed"
    assert report.rows == 30
    assert fabric.warehouse.row_count("customers") == 30
    vendor.page, vendor.revoked = original, False  # type: ignore[method-assign]
    report = sync(fabric)
    assert report.ok, report.sources
    assert report.rows == 27
    assert fabric.warehouse.row_count("customers") == 57


def test_a_limit_is_obeyed(fabric: UnifiedDataConnector, vendor: Vendor) -> None:
    vendor.limit_every, vendor.retry_after = 3, "20"
    fabric.add_source("crm", "rest_api", config(vendor), MAPPING)
    report = sync(fabric)
    assert report.ok, report.sources
    assert report.rows == 57
    # Six pages: every third call was refused once, and nobody called again before the vendor wanted it.
    assert (len(vendor.calls), len(vendor.rests), vendor.impolite) == (8, 2, 0)
    assert all(20 <= rest <= 22.1 for rest in vendor.rests)


def test_an_api_that_is_down_is_left_alone_for_longer_each_time(fabric: UnifiedDataConnector, vendor: Vendor) -> None:
    vendor.break_after = 0
    fabric.add_source("crm", "rest_api", config(vendor, retries=4), MAPPING)
    assert not sync(fabric).ok
    assert len(vendor.calls) == 5
    assert [0.5 * 2.0**n / 2 <= rest <= 0.5 * 2.0**n for n, rest in enumerate(vendor.rests)] == [True] * 4


def test_a_wait_that_is_too_long_ends_the_sync_instead(fabric: UnifiedDataConnector, vendor: Vendor) -> None:
    vendor.limit_every, vendor.retry_after = 1, "86400"
    fabric.add_source("crm", "rest_api", config(vendor), MAPPING)
    report = sync(fabric)
    assert report.sources[0].error is not None
    assert "asks to wait 86400 s" in report.sources[0].error["message"]
    assert vendor.rests == []


def test_odd_records_are_set_aside_and_the_counts_add_up(fabric: UnifiedDataConnector, vendor: Vendor) -> None:
    vendor.records[12] = "not an object"
    vendor.records[20] = record(20) | {"id": None}
    fabric.add_source("crm", "rest_api", config(vendor), MAPPING)
    report = sync(fabric)
    assert report.ok, report.sources
    assert (report.rows, report.quarantined) == (55, 2)
    reasons = set(fabric.quarantine("crm").rows["reason"])
    assert reasons == {"the record is no object", "customer_id: missing"}


def test_a_new_field_is_reported(fabric: UnifiedDataConnector, vendor: Vendor) -> None:
    vendor.records[40] = record(40) | {"nickname": "Forty"}
    fabric.add_source("crm", "rest_api", config(vendor), MAPPING)
    assert sync(fabric).sources[0].new_columns == ("people.nickname",)


def test_a_next_link_to_another_origin_is_refused(fabric: UnifiedDataConnector, vendor: Vendor) -> None:
    vendor.foreign_next = True
    fabric.add_source("crm", "rest_api", config(vendor), MAPPING)
    report = sync(fabric)
    assert report.sources[0].error is not None
    assert "another origin" in report.sources[0].error["message"]
    assert report.rows == 10


OTHER_ORIGINS = [
    "{other}/stolen", "//{other_name}/stolen", "http://{name}@{other_name}/stolen", "http://localhost:{port}/next", "https://{name}/next",
    "file:///etc/hostname", "file://{name}/etc/hostname",
]  # fmt: skip


@pytest.mark.parametrize("link", OTHER_ORIGINS)
@pytest.mark.parametrize("way", ["redirect", "next link"])
def test_no_request_leaves_the_origin(vendor: Vendor, tmp_path: Path, way: str, link: str) -> None:
    """Another server, another name of this one, another scheme, a file: a vendor that points there is not followed."""
    with running_vendor([record(1)]) as other:
        name, other_name = vendor.url.removeprefix("http://"), other.url.removeprefix("http://")
        there = link.format(other=other.url, other_name=other_name, name=name, port=name.split(":")[1])

        def answer(handler: Any) -> None:
            body = json.dumps({"data": {"items": [record(1)]}, "links": {"next": there}}).encode()
            handler.send_response(302 if way == "redirect" else 200)
            for header, value in {"Location": there, "Content-Length": str(len(body))}.items():
                handler.send_header(header, value)
            handler.end_headers()
            handler.wfile.write(body)

        vendor.tricks["/next"] = answer
        signed = {"auth": {"kind": "api_key", "key": "hidden-word", "name": "pass_key", "place": "query"}, "retries": 0}
        connector = RestApi.configure(config(vendor, **signed), home=tmp_path)

        async def read() -> None:
            nonlocal pages
            try:
                with pytest.raises(SourceFailed, match="points to another origin") as refused:
                    async for batch in connector.read(connector.discover()[0], StreamState()):
                        pages += [len(batch.rows)]
                assert refused.value.hint == "it was not followed"
                assert "hidden-word" not in str(refused.value.to_dict())
            finally:
                await connector.close()

        pages: list[int] = []
        asyncio.run(read())
        assert pages == ([] if way == "redirect" else [1])
        assert other.calls == []
        assert vendor.calls == []


def test_a_source_is_on_the_web(vendor: Vendor, tmp_path: Path) -> None:
    for base in ("file:///etc", "ftp://127.0.0.1", "//127.0.0.1"):
        with pytest.raises(InvalidArgument, match="base_url"):
            RestApi.configure(config(vendor) | {"base_url": base}, home=tmp_path)


def test_an_expired_link_falls_back_to_the_cursor(fabric: UnifiedDataConnector, vendor: Vendor) -> None:
    vendor.break_after = 3
    fabric.add_source("crm", "rest_api", config(vendor, retries=0), MAPPING)
    assert sync(fabric).rows == 30
    vendor.break_after, vendor.expired_links = None, True
    calls = len(vendor.calls)
    report = sync(fabric)
    assert "after=30" in vendor.calls[calls]
    assert "since=2024-02-02T05%3A00%3A00Z" in vendor.calls[calls + 1]
    assert report.rows == 10  # the page from the cursor on came, its own next link is refused again
    vendor.expired_links = False
    assert sync(fabric).ok
    assert fabric.warehouse.row_count("customers") == 57


def test_secrets_are_not_shown(vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_TOKEN", "hidden-word")
    connector = RestApi.configure(config(vendor, auth={"kind": "bearer", "token": "${CRM_TOKEN}"}), home=tmp_path)
    assert "hidden-word" not in repr(connector.config)
    assert connector.config.auth.token.get_secret_value() == "hidden-word"
    connector.check()
