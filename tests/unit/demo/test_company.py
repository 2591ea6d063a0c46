from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from cyberpunk_ai.core.errors import InvalidArgument, NotFound
from cyberpunk_ai.data_fabric.tables import TABLES
from cyberpunk_ai.demo import SIZES, DemoCompany

if TYPE_CHECKING:
    from collections.abc import Mapping


def digest(frame: pd.DataFrame) -> int:
    return int(pd.util.hash_pandas_object(frame, index=False).to_numpy().sum())


@pytest.mark.parametrize("table", TABLES)
def test_every_frame_is_its_contract_already_typed(frames: Mapping[str, pd.DataFrame], table: str) -> None:
    checked = TABLES[table].contract.check(frames[table])

    pd.testing.assert_frame_equal(checked, frames[table])
    assert not frames[table].duplicated(list(TABLES[table].key)).any()


def test_same_seed_and_end_give_identical_frames(frames: Mapping[str, pd.DataFrame], company: DemoCompany) -> None:
    again = DemoCompany(company.size, company.seed, company.end)

    # Asked in the opposite order: no table may depend on which was drawn before it.
    assert {table: digest(again.frame(table)) for table in reversed(TABLES)} == {table: digest(frames[table]) for table in TABLES}


def test_another_seed_gives_another_company(frames: Mapping[str, pd.DataFrame], company: DemoCompany) -> None:
    other = DemoCompany(company.size, company.seed + 1, company.end)

    assert digest(other.frame("orders")) != digest(frames["orders"])


def test_chunks_are_bounded_and_hold_the_same_rows(frames: Mapping[str, pd.DataFrame], company: DemoCompany) -> None:
    chunks = list(company.iter_tables(chunk_rows=40_000))

    assert max(len(rows) for table, rows in chunks if table in {"customers", "orders", "web_sessions"}) <= 40_000
    for table in TABLES:
        joined = pd.concat([rows for name, rows in chunks if name == table], ignore_index=True)
        assert digest(joined) == digest(frames[table])


def test_a_small_company_has_fifty_thousand_orders(frames: Mapping[str, pd.DataFrame]) -> None:
    orders, customers = frames["orders"], frames["customers"]

    assert orders["order_id"].nunique() == SIZES["small"].orders
    assert 1.3 < len(orders) / SIZES["small"].orders < 1.6
    assert (customers["source"] == "crm").sum() == SIZES["small"].customers


def test_a_tiny_company_has_eight_thousand_orders(company: DemoCompany) -> None:
    tiny = DemoCompany("tiny", company.seed, company.end)

    assert tiny.frame("orders")["order_id"].nunique() == 8_000
    assert (tiny.frame("customers")["source"] == "crm").sum() == 1_000


def test_history_is_thirty_six_whole_months_up_to_the_end(frames: Mapping[str, pd.DataFrame], company: DemoCompany) -> None:
    assert (company.history.start, company.end) == (date(2022, 8, 1), date(2025, 8, 13))
    assert frames["orders"]["ordered_at"].min().date() == date(2022, 8, 1)
    assert frames["orders"]["ordered_at"].max().date() == company.end
    assert frames["demand"]["ds"].nunique() == 36
    assert frames["demand"]["ds"].max() == pd.Timestamp("2025-07-01")


def test_history_that_ends_with_a_month_counts_that_month_as_whole() -> None:
    history = DemoCompany(end=date(2024, 2, 29)).history

    assert (history.start, history.month_of_day[-1]) == (date(2021, 3, 1), 35)


def test_nothing_happens_after_the_end(frames: Mapping[str, pd.DataFrame], company: DemoCompany) -> None:
    midnight = pd.Timestamp(company.end) + pd.Timedelta(days=1)

    for table, rows in frames.items():
        time_column = TABLES[table].time_column
        assert time_column is not None
        assert rows[time_column].max() < midnight, table


def test_unknown_sizes_and_tables_are_named_in_the_error() -> None:
    with pytest.raises(InvalidArgument, match="giant"):
        DemoCompany("giant")  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="invoices"):
        DemoCompany().frame("invoices")
