"""Rows on their way into a warehouse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from cyberpunk_ai.core.errors import ContractBroken
from cyberpunk_ai.data_fabric.stores.warehouse_rows import arrow_schema, by_time, conform, newest_per_key
from cyberpunk_ai.data_fabric.tables import TABLES

SESSIONS, TELEMETRY = TABLES["web_sessions"], TABLES["telemetry"]


def readings(**columns: object) -> pd.DataFrame:
    rows = {
        "asset": ["a", "b"],
        "ts": pd.to_datetime(["2025-01-02", "2025-01-01"]),
        "source": "s",
        "updated_at": pd.Timestamp("2025-01-01"),
    }
    return pd.DataFrame({**rows, **columns})


def test_rows_get_the_schema_of_their_table() -> None:
    fitted = conform(TELEMETRY, readings(rpm=[np.nan, 2], pressure_bar=[1, None]))
    assert fitted.schema == arrow_schema(TELEMETRY)
    assert fitted["rpm"].to_pylist() == [None, 2.0]
    assert fitted["pressure_bar"].to_pylist() == [1.0, None]
    assert fitted["vibration_mm_s"].null_count == 2


def test_foreign_types_are_read_as_a_person_would() -> None:
    fitted = conform(TELEMETRY, readings(asset=[1, 2], ts=["2025-01-01T10:00:00+02:00", "2025-01-01"], rpm=["1.5", None]))
    assert fitted["asset"].to_pylist() == ["1", "2"]
    assert fitted["ts"].to_pylist()[0] == pd.Timestamp("2025-01-01 08:00").to_pydatetime()
    assert fitted["rpm"].to_pylist() == [1.5, None]


def test_categories_zones_and_nanoseconds_fit() -> None:
    zoned = pd.Series(pd.to_datetime(["2025-01-01 00:00:00.123456789", "2025-06-01"], format="ISO8601")).dt.tz_localize("Europe/Berlin")
    fitted = conform(TELEMETRY, readings(asset=pd.Categorical(["x", "y"]), ts=zoned))
    assert fitted["asset"].to_pylist() == ["x", "y"]
    assert fitted["ts"].to_pylist()[0] == pd.Timestamp("2024-12-31 23:00:00.123456").to_pydatetime()


def test_an_arrow_table_fits_like_a_frame() -> None:
    frame = readings(rpm=[np.nan, 2.0])
    table = pa.Table.from_pandas(frame, preserve_index=False).set_column(
        0, "asset", pa.chunked_array([pa.array(["a", "b"]).dictionary_encode()])
    )
    assert conform(TELEMETRY, table).equals(conform(TELEMETRY, frame))
    nan = table.append_column("pressure_bar", pa.array([float("nan"), 1.0]))
    assert conform(TELEMETRY, nan)["pressure_bar"].to_pylist() == [None, 1.0]


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"rpm": [np.inf, 1.0]}, "rpm: infinite"),
        ({"asset": ["a", None]}, "asset: missing in 1 rows"),
        ({"rpm": ["fast", "1"]}, r"rpm: not a float \(1 rows, first 'fast'\)"),
        ({"colour": "red"}, "'colour' is unknown"),
    ],
)
def test_what_does_not_fit_is_named(columns: dict[str, object], problem: str) -> None:
    with pytest.raises(ContractBroken, match=problem):
        conform(TELEMETRY, readings(**columns))


def test_values_below_the_minimum_are_refused() -> None:
    session = pd.DataFrame(
        {
            "session_id": ["s"], "started_at": pd.Timestamp("2025-01-01"), "page_views": -1, "duration_seconds": 1.0, "bounced": False,
            "converted": "yes", "source": "s", "updated_at": pd.Timestamp("2025-01-01"),
        }
    )  # fmt: skip
    with pytest.raises(ContractBroken, match="page_views: below 0"):
        conform(SESSIONS, session)
    assert conform(SESSIONS, session.assign(page_views=1))["converted"].to_pylist() == [True]


def test_rows_are_sorted_by_time_and_stay_whole() -> None:
    ordered = by_time(TELEMETRY, conform(TELEMETRY, readings()))
    assert ordered["asset"].to_pylist() == ["b", "a"]


def test_the_newest_row_of_a_key_stays_and_the_last_among_equals() -> None:
    rows = pd.concat([readings(rpm=[1.0, 1.0]), readings(rpm=[2.0, 2.0], updated_at=pd.to_datetime(["2025-01-01", "2024-01-01"]))])
    kept = newest_per_key(TELEMETRY, conform(TELEMETRY, rows)).to_pandas().set_index("asset")["rpm"]
    assert kept.to_dict() == {"a": 2.0, "b": 1.0}
