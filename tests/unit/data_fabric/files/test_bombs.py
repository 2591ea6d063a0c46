"""Files that unpack to far more than they weigh are refused before they are held, and their neighbours come in."""

from __future__ import annotations

import asyncio
import itertools
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cyberpunk_ai.core.errors import SourceFailed
from cyberpunk_ai.data_fabric.files import columnar, sheets
from cyberpunk_ai.data_fabric.files.columnar import read_parquet
from cyberpunk_ai.data_fabric.files.formats import detect_formats
from cyberpunk_ai.data_fabric.files.sheets import read_excel
from cyberpunk_ai.data_fabric.imports import guess_mapping
from cyberpunk_ai.data_fabric.imports.guess import sample
from cyberpunk_ai.data_fabric.limits import MB, Limits
from tests.unit.data_fabric.files.workbooks import HEAD, book, line, repacked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cyberpunk_ai.data_fabric.unified_connector import UnifiedDataConnector

TINY = Limits(max_sheet_cells=2_000, max_parquet_cells=20_000, max_unpacked_mb=1)


def far_cells(path: Path) -> Path:
    return book(path, {f"XFD{row}": 1 for row in range(2, 9)})


def far_row(path: Path) -> Path:
    return book(path, {"A1048576": 1})


def shared_texts(path: Path) -> Path:
    texts = b"<si><t>" + b"A" * 1000 + b"</t></si>"
    space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    with zipfile.ZipFile(book(path)) as package:
        types = package.read("[Content_Types].xml")
    table = b"<sst " + space + b">" + texts * 400 + b"</sst>"
    return repacked(path, {"[Content_Types].xml": declared(types, "sharedStrings"), "xl/sharedStrings.xml": table})


def declared(types: bytes, kind: str) -> bytes:
    """Declare what kind of part the shared texts are."""
    known = f"application/vnd.openxmlformats-officedocument.spreadsheetml.{kind}+xml"
    return types.replace(b"</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{known}"/></Types>'.encode())


def large_styles(path: Path) -> Path:
    with zipfile.ZipFile(book(path)) as package:
        styles = package.read("xl/styles.xml")
    return repacked(path, {"xl/styles.xml": styles + b" " * 50_000})


def large_whole(path: Path) -> Path:
    return repacked(book(path), {"xl/media/picture.png": bytes(2 * MB)})


def many_cells(path: Path) -> Path:
    pq.write_table(pa.table({name: np.zeros(6_000) for name in HEAD}), path)
    return path


def equal_texts(path: Path) -> Path:
    lines = [line(number) for number in range(400)]
    columns = dict(zip(HEAD, map(list, zip(*lines, strict=True)), strict=True))
    pq.write_table(pa.table({**columns, "product": ["x" * 20_000] * 400}), path, compression="zstd")
    return path


def large_group(path: Path) -> Path:
    pq.write_table(pa.table({"amount": np.random.default_rng(1).random(200_000)}), path)
    return path


BOMBS: dict[str, tuple[Callable[[Path], Path], str, str]] = {
    "far_cells.xlsx": (far_cells, "has more than 2,000 cells", "MAX_SHEET_CELLS"),
    "far_row.xlsx": (far_row, "has more than 2,000 cells", "MAX_SHEET_CELLS"),
    "shared_texts.xlsx": (shared_texts, "shared texts unpack to", "MAX_UNPACKED_MB"),
    "large_styles.xlsx": (large_styles, r"xl/styles\.xml unpacks to", "MAX_UNPACKED_MB"),
    "large_whole.xlsx": (large_whole, r"unpacks to 2\.0\d+ MB, more than 1 MB", "MAX_UNPACKED_MB"),
    "many_cells.parquet": (many_cells, "has 24,000 cells, more than 20,000", "MAX_PARQUET_CELLS"),
    "equal_texts.parquet": (equal_texts, r"400 rows unpack to 7\.6\d+ MB, more than 1 MB", "MAX_UNPACKED_MB"),
}


@pytest.mark.parametrize("name", list(BOMBS))
def test_a_file_beyond_a_limit_is_refused_wherever_it_is_read(tmp_path: Path, name: str) -> None:
    make, said, setting = BOMBS[name]
    path = make(tmp_path / name)
    read = read_excel if path.suffix == ".xlsx" else read_parquet
    for attempt in (lambda: list(read(path, limits=TINY)), lambda: guess_mapping(path, limits=TINY)):
        with pytest.raises(SourceFailed, match=said) as caught:
            attempt()
        assert name in caught.value.message
        assert f"raise CYBERPUNK_{setting}, now " in caught.value.hint


def test_a_row_group_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match=r"large\.parquet: a row group unpacks to 1\.\d+ MB, more than 1 MB"):
        next(read_parquet(large_group(tmp_path / "large.parquet"), limits=Limits(max_unpacked_mb=1)))


def test_a_refused_file_keeps_no_neighbour_out(fabric: UnifiedDataConnector, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    book(folder / "z.xlsx")
    far_cells(folder / "b.xlsx")
    equal_texts(folder / "c.parquet")
    (folder / "d.csv").write_text(",".join(HEAD) + "\n" + "".join(",".join(map(str, line(n))) + "\n" for n in range(20, 25)))
    fabric.limits = TINY
    fabric.add_source("shop", "csv_files", {"path": str(folder)})
    report = asyncio.run(fabric.sync_all_sources(["shop"])).sources[0]
    assert (report.status, report.rows, report.streams) == ("failed", 15, {"b.xlsx": 0, "c.parquet": 0, "d.csv": 5, "z.xlsx": 10})
    assert report.error is not None
    assert report.error["message"].startswith("2 streams failed: b.xlsx: sheet 'Sheet' has more than 2,000 cells")
    assert "CYBERPUNK_MAX_SHEET_CELLS" in report.error["hint"]


@pytest.mark.parametrize("member", ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"])
def test_a_directory_that_lies_makes_the_file_a_damaged_one(tmp_path: Path, member: str) -> None:
    path = shared_texts(tmp_path / "lies.xlsx")
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as package:
        size = package.getinfo(member).file_size
    place = content.rindex(member.encode()) - 46  # its entry in the directory
    assert content[place + 24 : place + 28] == size.to_bytes(4, "little")
    content[place + 24 : place + 28] = (100).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(SourceFailed, match=r"lies\.xlsx is no Excel file, or damaged"):
        list(read_excel(path))


@pytest.mark.parametrize(("name", "read"), [("noise.xlsx", read_excel), ("noise.parquet", read_parquet)])
def test_noise_is_no_file(tmp_path: Path, name: str, read: Callable[[Path], Any]) -> None:
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04" + bytes(range(256)) * 4)
    with pytest.raises(SourceFailed, match=f"{name} is no "):
        next(read(path))


def test_another_way_of_packing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
    with pytest.raises(SourceFailed, match="packed in a way that no Excel file is"):
        next(read_excel(path))


def test_a_part_that_is_declared_as_sheet_and_as_texts_counts_as_texts(tmp_path: Path) -> None:
    path = shared_texts(tmp_path / "both.xlsx")
    with zipfile.ZipFile(path) as package:
        types = package.read("[Content_Types].xml")
    repacked(path, {"[Content_Types].xml": declared(types, "worksheet")})
    with pytest.raises(SourceFailed, match="shared texts unpack to"):
        next(read_excel(path, limits=TINY))


def test_a_size_that_a_sheet_declares_wrongly_is_not_believed(tmp_path: Path) -> None:
    path = book(tmp_path / "declared.xlsx")
    with zipfile.ZipFile(path) as package:
        sheet = package.read("xl/worksheets/sheet1.xml")
    assert b'ref="A1:D11"' in sheet
    for declared in (b'ref="A1"', b'ref="A1:XFD1048576"'):
        repacked(path, {"xl/worksheets/sheet1.xml": sheet.replace(b'ref="A1:D11"', declared)})
        rows = pd.concat(read_excel(path, limits=TINY))
        assert (list(rows.columns), rows.index.tolist()) == (HEAD, list(range(1, 11)))


def test_wide_rows_come_in_smaller_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "BLOCK_CELLS", 12)
    blocks = list(read_excel(book(tmp_path / "small.xlsx"), skip=4))
    assert [block.index.tolist() for block in blocks] == [[5, 6], [7, 8, 9], [10]]
    monkeypatch.setattr(columnar, "_BLOCK_BYTES", 1 * MB)
    blocks = list(read_parquet(equal_texts(tmp_path / "texts.parquet"), skip=100))
    assert len(blocks) > 5
    assert list(itertools.chain(*(block.index.tolist() for block in blocks))) == list(range(101, 401))
    assert max(block.memory_usage(deep=True).sum() for block in blocks) < 2 * MB


def test_equal_texts_are_not_unpacked_before_they_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[pa.DataType] = []
    count = columnar._unpacked

    def note(column: pa.Array) -> int:
        counted.append(column.type)
        return count(column)

    monkeypatch.setattr(columnar, "_unpacked", note)
    monkeypatch.setattr(columnar, "_plain", None)
    path = equal_texts(tmp_path / "equal.parquet")
    with pytest.raises(SourceFailed):
        next(read_parquet(path, limits=TINY))
    assert path.stat().st_size < 20_000
    assert [pa.types.is_dictionary(kind) for kind in counted] == [True, True, True, False, True]


def test_missing_values_and_categories_come_out_as_before(tmp_path: Path) -> None:
    frame = pd.DataFrame({"kind": pd.Categorical(["a", None, "b"]), "note": ["x", None, "x"], "count": pd.array([1, None, 3], "Int64")})
    frame.to_parquet(tmp_path / "typed.parquet")
    (rows,) = read_parquet(tmp_path / "typed.parquet")
    assert rows["kind"].isna().tolist() == rows["note"].isna().tolist() == [False, True, False]
    assert (rows["kind"].dropna().tolist(), rows["note"].dropna().tolist()) == (["a", "b"], ["x", "x"])
    assert (str(rows["count"].dtype), str(rows["note"].dtype)) == ("Int64", "string")


def test_a_guess_looks_at_few_rows_of_a_wide_table() -> None:
    assert sample(pd.DataFrame(np.zeros((30_000, 4)))).shape == (20_000, 4)
    assert sample(pd.DataFrame(np.zeros((1_000, 5_000)))).shape == (400, 5_000)


def test_a_value_that_is_far_too_long_is_text_at_once() -> None:
    # Over megabytes of digits, patterns of numbers take longer than anybody waits.
    formats = detect_formats({"digits": ["1" * 300] * 3, "number": ["1.5"] * 3})
    assert (formats["digits"].kind, formats["number"].kind) == ("text", "number")
