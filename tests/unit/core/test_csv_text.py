"""CSV for people: no value is run as a formula, numbers and texts stay."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from cyberpunk_ai.core.csv_text import write_csv
from cyberpunk_ai.core.errors import StoreFailed


@pytest.mark.parametrize(
    "evil", ['=HYPERLINK("http://elsewhere.example","click")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1:A9)", "\t=1", "\r=1"]
)
def test_a_formula_is_written_as_text(evil: str) -> None:
    written = write_csv(pd.DataFrame({"region": [evil, "EMEA", None], "revenue": [-1.5, 2.0, 3.0]}))
    read = pd.read_csv(io.StringIO(written))
    assert read["region"].iloc[0].startswith("'")
    assert read["region"].iloc[1] == "EMEA"
    assert read["region"].isna().tolist() == [False, False, True]
    assert read["revenue"].tolist() == [-1.5, 2.0, 3.0]


def test_numbers_that_stand_in_text_stay() -> None:
    frame = pd.DataFrame({"code": ["-12", "+1", "-12.5", "-1,5", "0012", "a=b", ""]})
    assert write_csv(frame) == frame.to_csv(index=False)


def test_headings_and_categories_are_looked_at_too(tmp_path: Path) -> None:
    frame = pd.DataFrame({"=A1": pd.Series(["=1", "x"], dtype="category")})
    assert write_csv(frame, tmp_path / "out.csv") == ""
    assert (tmp_path / "out.csv").read_text().splitlines() == ["'=A1", "'=1", "x"]
    assert frame["=A1"].tolist() == ["=1", "x"], "the frame itself stays as it is"


def test_a_full_disk_is_told_by_name() -> None:
    with pytest.raises(StoreFailed, match="the export to /dev/full failed: disk full"):
        write_csv(pd.DataFrame({"x": range(10_000)}), Path("/dev/full"))
