"""The canonical tables of the warehouse. Sources are mapped to them, the semantic layer and the engines read them.

Timestamps are naive UTC. Every table ends with `source` (where the row came from) and `updated_at` (which version wins).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from cyberpunk_ai.core.contracts import Column, FrameContract
from cyberpunk_ai.core.errors import NotFound

LARGEST = 1e15
"""Beyond it a number is no measurement: cents are lost in a double, and sums of such numbers may overflow."""
BETWEEN = (datetime(1900, 1, 1), datetime(2299, 12, 31, 23, 59, 59))
"""Moments that the warehouse can hold; it would store others as something else."""
_PROVENANCE = (
    Column("source", "string", description="Name of the source that the row came from."),
    Column("updated_at", "timestamp", description="When the source last changed the row, or when it was read; the newest wins."),
)


@dataclass(frozen=True)
class Table:
    """A canonical table.

    Attributes:
        contract: Columns and key.
        time_column: Column that periods refer to, or None for tables without time.
    """

    contract: FrameContract
    time_column: str | None

    @property
    def name(self) -> str:
        """Name of the table."""
        return self.contract.name

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that identify a row."""
        return self.contract.key


def _text(name: str, description: str = "", *, pii: bool = False, required: bool = False) -> Column:
    return Column(name, "string", nullable=not required, description=description, pii=pii)


def _table(name: str, key: tuple[str, ...], time_column: str | None, *columns: Column) -> Table:
    return Table(FrameContract(name, tuple(_limited(column) for column in columns + _PROVENANCE), key), time_column)


def _limited(column: Column) -> Column:
    if column.kind == "timestamp":
        return replace(column, between=BETWEEN)
    return replace(column, largest=LARGEST) if column.kind == "float" else column


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _table(
            "customers", ("customer_id",), "signed_up_at",
            _text("customer_id", required=True), _text("name", pii=True), _text("email", pii=True), _text("phone", pii=True),
            _text("company"), _text("country"), _text("region"), _text("segment"),
            Column("signed_up_at", "timestamp", nullable=True),
        ),
        _table(
            "orders", ("order_id", "line_id"), "ordered_at",
            _text("order_id", required=True), _text("line_id", "One row is one order line.", required=True),
            Column("ordered_at", "timestamp"), _text("customer_id"), _text("product_id"), _text("product"), _text("category"),
            _text("channel"), _text("campaign"), _text("country"), _text("region"),
            Column("quantity", "float", description="Units; negative on a refund line."),
            Column("unit_price", "float", description="In `currency`."),
            Column("amount", "float", description="Revenue of the line in `currency`; negative on a refund line."),
            Column("cost", "float", nullable=True, description="Cost of goods in `currency`, signed like `amount`."),
            Column("is_refund", "bool"), _text("currency"),
        ),
        _table(
            "demand", ("ds", "product", "region", "channel"), "ds",
            Column("ds", "timestamp", description="First day of the period."), _text("product", required=True),
            _text("region", "Empty text when not split by region.", required=True),
            _text("channel", "Empty text when not split by channel.", required=True),
            Column("units", "float"), Column("price", "float", nullable=True), Column("on_promotion", "bool", nullable=True),
            Column("holiday_days", "int", nullable=True),
        ),
        _table(
            "marketing_ads", ("ds", "campaign", "marketing_channel"), "ds",
            Column("ds", "timestamp"), _text("campaign", required=True), _text("marketing_channel", required=True),
            Column("spend", "float", minimum=0.0), Column("impressions", "int", nullable=True), Column("clicks", "int", nullable=True),
            Column("conversions", "int", nullable=True), Column("new_customers", "int", nullable=True),
            Column("revenue", "float", nullable=True),
        ),
        _table(
            "web_sessions", ("session_id",), "started_at",
            _text("session_id", required=True), Column("started_at", "timestamp"), _text("customer_id"), _text("country"),
            _text("region"), _text("traffic_source"), _text("device"), _text("campaign"), Column("page_views", "int", minimum=0.0),
            Column("duration_seconds", "float", minimum=0.0), Column("bounced", "bool"), Column("converted", "bool"), _text("order_id"),
        ),
        _table(
            "assets", ("asset",), "installed_at",
            _text("asset", required=True), _text("asset_type"), _text("site"), Column("installed_at", "timestamp", nullable=True),
        ),
        _table(
            "telemetry", ("asset", "ts"), "ts",
            _text("asset", required=True), Column("ts", "timestamp"), Column("vibration_mm_s", "float", nullable=True),
            Column("temperature_c", "float", nullable=True), Column("pressure_bar", "float", nullable=True),
            Column("rpm", "float", nullable=True),
        ),
        _table(
            "asset_events", ("event_id",), "started_at",
            _text("event_id", required=True), _text("asset", required=True), _text("kind", "`failure` or `maintenance`.", required=True),
            Column("started_at", "timestamp"), Column("ended_at", "timestamp", nullable=True),
            Column("downtime_hours", "float", minimum=0.0), _text("cause"),
        ),
    )
}  # fmt: skip


def table(name: str) -> Table:
    """Return a canonical table.

    Raises:
        NotFound: No such table.
    """
    if name not in TABLES:
        raise NotFound(f"no table is called {name!r}", hint=f"tables: {', '.join(TABLES)}")
    return TABLES[name]
