"""The demo company in the raw: the files and the database that its systems would have, so that a demo goes through the real sync.

Column names are the systems' own, and a known handful of rows is broken (`effects/broken_rows.py`). This module writes files and nothing
else; registering and syncing the sources is done in `loading.py`.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cyberpunk_ai.demo.effects.broken_rows import spoil

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cyberpunk_ai.demo.company import DemoCompany


@dataclass(frozen=True)
class SourceDefinition:
    """A source as `UnifiedDataConnector.add_source` takes it.

    Attributes:
        name: One of `crm`, `erp`, `web_analytics`, `iot_telemetry`, `marketing_ads`.
        connector: `csv_files` or `sql_database`.
        config: Config of the connector.
        mapping: Stream name to `{"table": …, "columns": {canonical: raw}}`.
    """

    name: str
    connector: str
    config: Mapping[str, object]
    mapping: Mapping[str, Mapping[str, object]]


# Canonical column to the raw one, per raw stream.
RAW: dict[str, dict[str, str]] = {
    "orders": {
        "order_id": "Invoice", "line_id": "Line", "ordered_at": "InvoiceDate", "customer_id": "CustomerNo", "product_id": "SKU",
        "product": "Product", "category": "Category", "channel": "SalesChannel", "campaign": "Campaign", "country": "Country",
        "region": "Region", "quantity": "Qty", "unit_price": "UnitPrice", "amount": "Amount", "cost": "Cost", "is_refund": "Refund",
        "currency": "Currency", "updated_at": "Changed",
    },
    "demand": {
        "ds": "Month", "product": "Product", "region": "Region", "units": "Units", "price": "Price", "on_promotion": "Promotion",
        "holiday_days": "Holidays", "updated_at": "Closed",
    },
    "customers_erp": {
        "customer_id": "CustomerNo", "name": "CustomerName", "email": "Mail", "phone": "Telephone", "company": "Company",
        "country": "Country", "region": "Region", "segment": "CustomerGroup", "signed_up_at": "Created", "updated_at": "Changed",
    },
    "marketing_ads": {
        "ds": "Day", "campaign": "Campaign", "marketing_channel": "Medium", "spend": "Cost", "impressions": "Impressions",
        "clicks": "Clicks", "conversions": "Conversions", "new_customers": "FirstOrders", "revenue": "Revenue", "updated_at": "Reported",
    },
    "customers": {
        "customer_id": "id", "name": "full_name", "email": "email", "phone": "phone", "company": "company", "country": "country",
        "region": "region", "segment": "segment", "signed_up_at": "signed_up", "updated_at": "updated_at",
    },
    "assets": {
        "asset": "tag", "asset_type": "kind", "site": "plant", "installed_at": "installed", "updated_at": "updated_at",
    },
    "asset_events": {
        "event_id": "id", "asset": "tag", "kind": "what", "started_at": "began", "ended_at": "ended", "downtime_hours": "hours_down",
        "cause": "cause", "updated_at": "updated_at",
    },
    "telemetry": {
        "asset": "machine", "ts": "ts", "vibration_mm_s": "vib_mm_s", "temperature_c": "temp_c", "pressure_bar": "press_bar", "rpm": "rpm",
        "updated_at": "received",
    },
    "web_sessions": {
        "session_id": "session", "started_at": "started", "customer_id": "user", "country": "country", "region": "region",
        "traffic_source": "channel_group", "device": "device", "campaign": "utm_campaign", "page_views": "pages",
        "duration_seconds": "seconds", "bounced": "bounced", "converted": "converted", "order_id": "transaction", "updated_at": "sent",
    },
}  # fmt: skip
_TABLE_OF = {"customers_erp": "customers"}


def sources(company: DemoCompany, directory: Path) -> list[SourceDefinition]:
    """Return the definitions of the five sources that `write_sources` lays down in a folder."""

    def mapped(stream: str) -> dict[str, object]:
        return {"table": _TABLE_OF.get(stream, stream), "columns": RAW[stream], "derive_customers": False}

    years = range(company.history.start.year, company.end.year + 1)
    erp = {f"orders_{year}.csv": mapped("orders") for year in years}
    erp |= {"demand.csv": mapped("demand"), "customers.csv": mapped("customers_erp")}
    crm = {stream: mapped(stream) for stream in ("customers", "assets", "asset_events")}
    return [
        SourceDefinition("crm", "sql_database", {"url": f"sqlite:///{directory / 'crm' / 'crm.sqlite3'}", "cursor": "updated_at"}, crm),
        SourceDefinition("erp", "csv_files", {"path": str(directory / "erp")}, erp),
        SourceDefinition("web_analytics", "csv_files", {"path": str(directory / "web")}, {"web_sessions.parquet": mapped("web_sessions")}),
        SourceDefinition("iot_telemetry", "csv_files", {"path": str(directory / "iot")}, {"telemetry.parquet": mapped("telemetry")}),
        SourceDefinition("marketing_ads", "csv_files", {"path": str(directory / "ads")}, {"marketing_ads.csv": mapped("marketing_ads")}),
    ]


def write_sources(company: DemoCompany, directory: Path) -> list[SourceDefinition]:
    """Write the raw form of the company into a folder and return the definitions of its sources.

    Files that are already there are replaced. Meant for the small size; larger companies go to the warehouse in bulk by `iter_tables`.
    """
    for part in ("crm", "erp", "web", "iot", "ads"):
        (directory / part).mkdir(parents=True, exist_ok=True)
    orders = raw(company.frame("orders"), "orders")
    orders = orders.assign(Refund=np.where(orders["Refund"], "yes", "no"), year=orders["InvoiceDate"].dt.year)
    for year, rows in spoil(orders, "orders").groupby("year"):
        rows.drop(columns="year").to_csv(directory / "erp" / f"orders_{year}.csv", index=False)
    spoil(raw(company.frame("demand"), "demand"), "demand").to_csv(directory / "erp" / "demand.csv", index=False)
    ads = spoil(raw(company.frame("marketing_ads"), "marketing_ads"), "marketing_ads")
    ads.to_csv(directory / "ads" / "marketing_ads.csv", index=False)

    people = company.frame("customers")
    twins = raw(people[people["source"] == "erp"], "customers_erp")
    spoil(twins, "customers_erp").to_csv(directory / "erp" / "customers.csv", index=False)
    _write_crm(
        directory / "crm" / "crm.sqlite3",
        {
            "customers": spoil(_as_text(raw(people[people["source"] == "crm"], "customers")), "customers"),
            "assets": _as_text(raw(company.frame("assets"), "assets")),
            "asset_events": spoil(_as_text(raw(company.frame("asset_events"), "asset_events")), "asset_events"),
        },
    )
    for folder, stream in (("web", "web_sessions"), ("iot", "telemetry")):
        spoil(raw(company.frame(stream), stream), stream).to_parquet(directory / folder / f"{stream}.parquet", index=False)
    return sources(company, directory)


def raw(rows: pd.DataFrame, stream: str) -> pd.DataFrame:
    """Return canonical rows under the names that their system uses; provenance other than the time of change is left out."""
    return rows[list(RAW[stream])].rename(columns=RAW[stream]).reset_index(drop=True)


def _as_text(rows: pd.DataFrame) -> pd.DataFrame:
    """Write times as ISO text, which is how SQLite keeps them."""
    times = rows.select_dtypes("datetime").columns
    return rows.assign(**{name: rows[name].dt.strftime("%Y-%m-%d %H:%M:%S") for name in times})


def _write_crm(path: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write the CRM as a new SQLite database; the first column of each table is its primary key, broken rows get one of their own."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        for name, rows in tables.items():
            first, *rest = rows.columns
            kinds = {column: "REAL" if pd.api.types.is_float_dtype(rows[column].dtype) else "TEXT" for column in rest}
            columns = ", ".join([f'"{first}" TEXT PRIMARY KEY', *(f'"{column}" {kind}' for column, kind in kinds.items())])
            database.execute(f'CREATE TABLE "{name}" ({columns})')
            unique = rows.assign(**{first: rows[first].where(~rows[first].duplicated(), rows[first] + "-X")})
            marks = ", ".join("?" * len(unique.columns))
            values = unique.astype(object).where(unique.notna(), None).to_numpy().tolist()
            database.executemany(f'INSERT INTO "{name}" VALUES ({marks})', values)
