"""The demo company in real embedded stores: through the connectors, in bulk, and in the place of an earlier one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import pytest

from cyberpunk_ai.core.errors import Conflict, InvalidArgument
from cyberpunk_ai.core.settings import Settings
from cyberpunk_ai.data_fabric.stores.operational import open_operational
from cyberpunk_ai.data_fabric.stores.warehouse import Warehouse, open_warehouse
from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector
from cyberpunk_ai.demo import SIZES, DemoCompany
from cyberpunk_ai.demo.loading import append_company, load_demo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@pytest.fixture(scope="module", params=[10, pytest.param(1, marks=pytest.mark.full)], ids=["a-tenth", "whole"], autouse=True)
def company(request: pytest.FixtureRequest, company: DemoCompany) -> Iterator[DemoCompany]:
    """The small company; a tenth of it in the quick tier."""
    whole, part = SIZES["small"], request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SIZES, "small", replace(whole, orders=whole.orders // part, customers=whole.customers // part))
        yield company if part == 1 else DemoCompany("small", seed=company.seed, end=company.end)


@pytest.fixture(scope="module")
def frames(company: DemoCompany) -> Mapping[str, pd.DataFrame]:
    """All its tables."""
    return company.frames()


class Stores(NamedTuple):
    home: Path
    connector: UnifiedDataConnector
    warehouse: Warehouse

    def load(self, size: str, company: DemoCompany, **options: Any) -> Any:
        today = company.end + timedelta(days=1)
        return load_demo(size, seed=company.seed, end=today, home=self.home, connector=self.connector, warehouse=self.warehouse, **options)

    def counts(self, frames: Mapping[str, pd.DataFrame]) -> dict[str, int]:
        return {table: self.warehouse.row_count(table) for table in frames}


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    settings = Settings.load(home=tmp_path)
    operational, warehouse = open_operational(settings), open_warehouse(settings)
    operational.upgrade()
    yield Stores(tmp_path, UnifiedDataConnector(operational, warehouse, home=tmp_path), warehouse)
    warehouse.close()
    operational.close()


def test_the_small_company_arrives_whole_through_the_connectors(
    stores: Stores, company: DemoCompany, frames: Mapping[str, pd.DataFrame]
) -> None:
    told: list[str] = []
    loaded = stores.load("small", company, on_progress=lambda label, _done, _total: told.append(label))

    expected = {table: len(rows) for table, rows in frames.items()}
    assert stores.counts(frames) == expected
    assert loaded.to_frame().set_index("table")["rows"].to_dict() == expected
    assert loaded.quarantined == sum(company.truth()["broken_rows"].values()) == stores.connector.quarantine().total
    assert loaded.end == company.end
    assert any(label.startswith("erp: orders_") for label in told)
    revenue = stores.warehouse.query("SELECT sum(amount) AS revenue, sum(cost) AS cost, countIf(is_refund) AS refunds FROM orders").iloc[0]
    orders = frames["orders"]
    assert revenue.to_dict() == pytest.approx(
        {"revenue": orders["amount"].sum(), "cost": orders["cost"].sum(), "refunds": orders["is_refund"].sum()}
    )
    assert stores.warehouse.query("SELECT count() AS n FROM orders WHERE campaign IS NULL")["n"][0] == orders["campaign"].isna().sum()

    again = asyncio.run(stores.connector.sync_all_sources())
    assert again.ok
    assert stores.counts(frames) == expected


def test_bulk_rows_are_the_frames_and_the_small_company_takes_their_place(
    stores: Stores, company: DemoCompany, frames: Mapping[str, pd.DataFrame]
) -> None:
    assert append_company(company, stores.warehouse) == {table: len(rows) for table, rows in frames.items()}
    expected = stores.counts(frames)
    per_region = stores.warehouse.query("SELECT region, sum(amount) AS revenue FROM orders GROUP BY region ORDER BY region")
    pd.testing.assert_series_equal(
        per_region.set_index("region")["revenue"].astype(float), frames["orders"].groupby("region")["amount"].sum(), check_names=False
    )

    stores.load("small", company)
    assert stores.counts(frames) == expected
    sources = stores.warehouse.query("SELECT DISTINCT source FROM orders")["source"]
    assert sources.str.startswith("erp:orders_").all()


def test_sources_of_the_user_are_never_replaced(stores: Stores, company: DemoCompany, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    stores.connector.add_source("crm", "csv_files", {"path": str(tmp_path / "mine.csv")})

    with pytest.raises(Conflict, match="crm"):
        stores.load("small", company)
    assert list(stores.connector.sources()["name"]) == ["crm"]


def test_a_wrong_size_changes_nothing(stores: Stores, company: DemoCompany) -> None:
    with pytest.raises(InvalidArgument, match="huge"):
        stores.load("huge", company)
    assert not (stores.home / "sources" / "demo").exists()
