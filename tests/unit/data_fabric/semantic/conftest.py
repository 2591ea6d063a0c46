"""A tiny company whose numbers can be worked out by hand, on the real engine."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from cyberpunk_ai.data_fabric.semantic.model import load_model
from cyberpunk_ai.data_fabric.semantic.query import SemanticLayer
from cyberpunk_ai.data_fabric.stores.delta_warehouse import DeltaWarehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TODAY = date(2024, 4, 10)

# order, line, day, customer, product, category, channel, region, amount, cost, refund
LINES = [
    ("o1", "1", "2024-01-05", "ada", "Desk", "Furniture", "Web", "EMEA", 100.0, 60.0, False),
    ("o1", "2", "2024-01-05", "ada", "Lamp", "Furniture", "Web", "EMEA", 50.0, None, False),
    ("o2", "1", "2024-01-31", "bob", "Phone", "Electronics", "Retail", "APAC", 200.0, 150.0, False),
    ("o3", "1", "2024-02-10", "ada", "Phone", "Electronics", "Web", "EMEA", 300.0, 150.0, False),
    ("o3", "2", "2024-02-20", "ada", "Phone", "Electronics", "Web", "EMEA", -100.0, -50.0, True),
    ("o4", "1", "2024-03-01", "cat", "Desk", "Furniture", "Web", None, 80.0, 40.0, False),
    ("o5", "1", "2024-03-15", "bob", "Lamp", "Furniture", "Mobile", "APAC", 20.0, 5.0, False),
    ("o6", "1", "2024-04-09", None, "Lamp", "Furniture", "Mobile", "LATAM", 10.0, 5.0, False),
]

OTHERS: dict[str, tuple[str, list[tuple[object, ...]]]] = {
    "customers": (
        "customer_id name email region segment",
        [("ada", "Ada", "ada@example.com", "EMEA", "SMB"), ("bob", "Bob", "bob@example.com", "APAC", "Enterprise")],
    ),
    "marketing_ads": (
        "ds campaign marketing_channel spend revenue conversions new_customers",
        [("2024-01-01", "Summer Sale", "Email", 10.0, 40.0, 4, 2), ("2024-02-01", "Summer Sale", "Social", 30.0, 40.0, 6, 0)],
    ),
    "web_sessions": (
        "session_id started_at device traffic_source bounced converted page_views duration_seconds",
        [("s1", "2024-01-01", "Desktop", "Organic", True, False, 1, 5.0), ("s2", "2024-01-02", "Mobile", "Paid", False, True, 3, 9.0)],
    ),
    "assets": ("asset asset_type site", [("P-101", "Pump", "Hamburg"), ("M-204", "Motor", "Austin")]),
    "asset_events": (
        "event_id asset kind started_at downtime_hours",
        [
            ("e1", "P-101", "failure", "2024-01-03", 4.0),
            ("e2", "P-101", "maintenance", "2024-01-09", 2.0),
            ("e3", "M-204", "failure", "2024-02-01", 1.0),
        ],
    ),
    "telemetry": (
        "asset ts vibration_mm_s temperature_c",
        [("P-101", "2024-01-01", 1.0, 50.0), ("P-101", "2024-01-02", 3.0, None), ("M-204", "2024-01-02", 5.0, 70.0)],
    ),
    "demand": ("ds product region channel units", [("2024-01-01", "Desk", "EMEA", "", 5.0), ("2024-02-01", "Desk", "", "", 7.0)]),
}
PROVENANCE = {"source": "shop", "updated_at": pd.Timestamp("2024-04-10")}


def order_lines(lines: list[tuple[object, ...]]) -> pd.DataFrame:
    """Canonical order lines from short tuples."""
    names = ["order_id", "line_id", "ordered_at", "customer_id", "product", "category", "channel", "region", "amount", "cost", "is_refund"]
    rows = pd.DataFrame(lines, columns=names)
    quantity = rows["is_refund"].map({True: -1.0, False: 1.0})
    rows = rows.assign(ordered_at=rows["ordered_at"].to_numpy("datetime64[us]"), quantity=quantity, unit_price=rows["amount"].abs())
    return rows.assign(**PROVENANCE)


@pytest.fixture(scope="session")
def make_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], DeltaWarehouse]]:
    """Opens empty warehouses."""
    opened: list[DeltaWarehouse] = []

    def make() -> DeltaWarehouse:
        opened.append(DeltaWarehouse(tmp_path_factory.mktemp("warehouse")))
        return opened[-1]

    yield make
    for warehouse in opened:
        warehouse.close()


@pytest.fixture(scope="session")
def warehouse(make_warehouse: Callable[[], DeltaWarehouse]) -> DeltaWarehouse:
    """The tiny company."""
    store = make_warehouse()
    store.append("orders", order_lines(LINES))
    for table, (columns, rows) in OTHERS.items():
        store.append(table, pd.DataFrame(rows, columns=columns.split()).assign(**PROVENANCE))
    return store


@pytest.fixture(scope="session")
def layer(warehouse: DeltaWarehouse) -> SemanticLayer:
    """Answers about the tiny company, on 10 April 2024."""
    return SemanticLayer(warehouse, load_model(), today=lambda: TODAY)


@pytest.fixture(scope="session")
def lines() -> Callable[..., pd.DataFrame]:
    """Makes canonical order lines of short tuples."""
    return order_lines


@pytest.fixture(scope="session")
def make_layer(make_warehouse: Callable[[], DeltaWarehouse]) -> Callable[..., SemanticLayer]:
    """Opens a layer over order lines of one's own."""

    def make(rows: list[tuple[object, ...]], *, today: date = TODAY) -> SemanticLayer:
        store = make_warehouse()
        if rows:
            store.append("orders", order_lines(rows))
        return SemanticLayer(store, load_model(), today=lambda: today)

    return make
