"""`DemoCompany`: a seeded company of any of three sizes, as frames of the canonical tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from cyberpunk_ai.core.clock import today
from cyberpunk_ai.core.errors import InvalidArgument, NotFound
from cyberpunk_ai.data_fabric.tables import TABLES
from cyberpunk_ai.demo.demand import demand_rows
from cyberpunk_ai.demo.effects import PlantedEffects
from cyberpunk_ai.demo.history import History
from cyberpunk_ai.demo.machines import asset_rows, event_rows, machines, telemetry_rows
from cyberpunk_ai.demo.market import build_market
from cyberpunk_ai.demo.marketing import marketing_rows
from cyberpunk_ai.demo.order_lines import EXTRA_UNITS, LINES_PER_ORDER, SEGMENT_PRICE, order_rows
from cyberpunk_ai.demo.people import customer_rows, draw_people, twin_rows
from cyberpunk_ai.demo.purchases import draw_purchases
from cyberpunk_ai.demo.seasons import rhythm
from cyberpunk_ai.demo.sources import write_sources
from cyberpunk_ai.demo.truth import truth, write_truth
from cyberpunk_ai.demo.web import session_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from cyberpunk_ai.demo.draws import FloatArray
    from cyberpunk_ai.demo.machines import Machine
    from cyberpunk_ai.demo.market import Market
    from cyberpunk_ai.demo.people import People
    from cyberpunk_ai.demo.purchases import Purchases
    from cyberpunk_ai.demo.sources import SourceDefinition

Size = Literal["tiny", "small", "medium", "large"]
CHUNK_ROWS = 250_000
BLOCK = 20_000
"""Orders or people drawn at once; fixed, because each block has a random stream of its own."""


@dataclass(frozen=True)
class Dimensions:
    """How big a company is.

    Attributes:
        orders: Orders, exactly; order lines are about 1.45 times as many, refund lines included.
        customers: People in the CRM.
        web_days: Days of web sessions, counted back from the end.
    """

    orders: int
    customers: int
    web_days: int


SIZES: dict[str, Dimensions] = {
    "tiny": Dimensions(orders=8_000, customers=1_000, web_days=120),
    "small": Dimensions(orders=50_000, customers=6_000, web_days=425),
    "medium": Dimensions(orders=1_000_000, customers=120_000, web_days=425),
    "large": Dimensions(orders=10_000_000, customers=1_200_000, web_days=120),
}


class DemoCompany:
    """A company that never was, the same for the same size, seed and end.

    Args:
        size: `tiny` (8,000 orders), `small` (50,000), `medium` (1,000,000) or `large` (10,000,000).
        seed: Seed of everything that is drawn.
        end: Last day of its history; yesterday when left out.

    Raises:
        InvalidArgument: The size is none of the four.
    """

    def __init__(self, size: Size = "small", seed: int = 7, end: date | None = None) -> None:
        if size not in SIZES:
            raise InvalidArgument(f"no demo company is of size {size!r}", hint=f"sizes: {', '.join(get_args(Size))}")
        self.size: Size = size
        self.seed = seed
        self.dimensions = SIZES[size]
        self.history = History.ending(end or today() - timedelta(days=1))
        self.effects = PlantedEffects.planned(self.history)

    @property
    def end(self) -> date:
        """Last day that has rows."""
        return self.history.end

    @cached_property
    def people(self) -> People:
        """Everybody in the CRM."""
        return draw_people(self.history, self.effects, self.seed, self.dimensions.customers)

    @cached_property
    def purchases(self) -> Purchases:
        """Every order: when, who, through what."""
        rates = rhythm(self.history, self.effects.campaign)
        return draw_purchases(self.history, self.people, rates, self.seed, self.dimensions.orders)

    @cached_property
    def market(self) -> Market:
        """What sells where at which price."""
        return build_market(self.history, self.effects, self.seed)

    @cached_property
    def plant(self) -> tuple[Machine, ...]:
        """All machines."""
        return machines(self.seed)

    def frame(self, table: str) -> pd.DataFrame:
        """Return one canonical table whole.

        Raises:
            NotFound: No such table.
        """
        return pd.concat(list(self.chunks(table)), ignore_index=True)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return every canonical table whole; for the small size."""
        return {table: self.frame(table) for table in TABLES}

    def iter_tables(self, chunk_rows: int = CHUNK_ROWS) -> Iterator[tuple[str, pd.DataFrame]]:
        """Yield every canonical table in chunks of up to `chunk_rows` rows (or one block of about 30,000), so that memory stays bounded.

        Orders and web sessions come in the order of time. The chunk size never changes what the company holds.
        """
        for table in TABLES:
            for chunk in self.chunks(table, chunk_rows):
                yield table, chunk

    def chunks(self, table: str, chunk_rows: int = CHUNK_ROWS) -> Iterator[pd.DataFrame]:
        """Yield one canonical table in chunks of up to `chunk_rows` rows; tables that do not grow with the size come whole.

        Raises:
            NotFound: No such table.
        """
        if table not in TABLES:
            raise NotFound(f"the demo company has no table {table!r}", hint=f"tables: {', '.join(TABLES)}")
        history, effects, seed = self.history, self.effects, self.seed
        if table == "customers":
            yield from _gathered(self._customers(), chunk_rows)
        elif table == "orders":
            yield from _gathered(self._orders(), chunk_rows)
        elif table == "demand":
            yield demand_rows(history, self.people, self.purchases, self.market, seed)
        elif table == "marketing_ads":
            yield marketing_rows(history, self.people, self.purchases, effects, seed, self._order_value())
        elif table == "web_sessions":
            sessions = session_blocks(history, self.people, self.purchases, seed, self.dimensions.web_days)
            yield from _gathered(sessions, chunk_rows)
        elif table == "assets":
            yield asset_rows(history, self.plant, seed)
        elif table == "telemetry":
            yield telemetry_rows(history, self.plant, effects, event_rows(history, self.plant, effects, seed), seed)
        else:
            yield event_rows(history, self.plant, effects, seed)

    def truth(self) -> dict[str, Any]:
        """Return everything that is planted, JSON-ready; for tests only."""
        return truth(self)

    def write_truth(self, path: Path) -> None:
        """Write the truth as JSON, usually to `demo_truth.json`; for tests only, the product never reads it."""
        write_truth(self, path)

    def write_sources(self, directory: Path) -> list[SourceDefinition]:
        """Write the raw files and the database of the company into a folder and return the definitions of its five sources."""
        return write_sources(self, directory)

    def _customers(self) -> Iterator[pd.DataFrame]:
        for first in range(0, len(self.people), BLOCK):
            records = customer_rows(self.people, self.history, self.seed, first, min(first + BLOCK, len(self.people)))
            yield records
            yield twin_rows(records, self.people, self.effects, first)

    def _orders(self) -> Iterator[pd.DataFrame]:
        for first in range(0, len(self.purchases), BLOCK):
            last = min(first + BLOCK, len(self.purchases))
            yield order_rows(self.history, self.people, self.purchases, self.market, self.seed, first, last)

    def _order_value(self) -> FloatArray:
        """Return the mean value of an order by segment, shape (segments,)."""
        lines = float(np.dot([1, 2, 3], LINES_PER_ORDER))
        price = float((self.market.price * self.market.appeal).sum() / self.market.appeal.sum())
        value: FloatArray = lines * (1.0 + EXTRA_UNITS) * price * SEGMENT_PRICE
        return value


def _gathered(blocks: Iterable[pd.DataFrame], chunk_rows: int) -> Iterator[pd.DataFrame]:
    """Join blocks, whose size decides the draws, into chunks, whose size only decides how much is in memory at once."""
    waiting: list[pd.DataFrame] = []
    rows = 0
    for block in blocks:
        if rows and rows + len(block) > chunk_rows:
            yield pd.concat(waiting, ignore_index=True)
            waiting, rows = [], 0
        waiting.append(block)
        rows += len(block)
    if waiting:
        yield pd.concat(waiting, ignore_index=True)
