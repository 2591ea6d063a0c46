from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cyberpunk_ai.core.errors import SourceFailed
from cyberpunk_ai.data_fabric.files.blocks import read_blocks
from cyberpunk_ai.data_fabric.files.dialect import detect_dialect

if TYPE_CHECKING:
    from pathlib import Path


def _write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "some.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_encoding_is_found(tmp_path: Path, encoding: str) -> None:
    lines = "".join(f"{number};Müller & Söhne;12,50 £\n" for number in range(200))
    path = _write(tmp_path, "id;name;price\n" + lines, encoding)
    dialect = detect_dialect(path)
    blocks = list(read_blocks(path, dialect, offset=dialect.header_end))
    assert dialect.columns == ("id", "name", "price")
    assert blocks[0].rows["name"].iloc[0] == "Müller & Söhne"
    assert blocks[0].rows["price"].iloc[-1] == "12,50 £"
    assert sum(len(block.rows) for block in blocks) == 200


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_delimiter_is_found(tmp_path: Path, mark: str) -> None:
    path = _write(tmp_path, "\n".join(mark.join([str(n), f'"{n}{mark}{n}"', "x"]) for n in range(50)).replace("0", "id", 1) + "\n")
    assert detect_dialect(path).delimiter == mark


def test_prose_above_the_header_is_passed_over(tmp_path: Path) -> None:
    path = _write(tmp_path, "Export of orders\n\nid,amount,country\n1,2.5,DE\n2,3.5,FR\n3,4.5,IT\n")
    dialect = detect_dialect(path)
    assert dialect.columns == ("id", "amount", "country")
    assert len(next(read_blocks(path, dialect, offset=dialect.header_end)).rows) == 3


def test_blocks_of_any_size_give_the_same_rows(tmp_path: Path) -> None:
    body = "".join(f'{n},"line one\nline ""two""",{n * 2}\n' if n % 7 == 0 else f"{n},plain,{n * 2}\n" for n in range(500))
    path = _write(tmp_path, "a,b,c\n" + body)
    dialect = detect_dialect(path)
    whole = next(read_blocks(path, dialect, offset=dialect.header_end)).rows
    assert len(whole) == 500
    for size in (64, 100, 1000, 4096):
        rows = [
            tuple(row)
            for block in read_blocks(path, dialect, offset=dialect.header_end, block_bytes=size)
            for row in block.rows.reset_index().to_numpy()
        ]
        assert rows == [tuple(row) for row in whole.reset_index().to_numpy()]


def test_reading_on_from_an_offset_gives_the_rest(tmp_path: Path) -> None:
    path = _write(tmp_path, "a,b\n" + "".join(f"{n},{n}\n" for n in range(1000)))
    dialect = detect_dialect(path)
    blocks = list(read_blocks(path, dialect, offset=dialect.header_end, block_bytes=1024))
    later = list(read_blocks(path, dialect, offset=blocks[2].offset, last_row=blocks[2].last_row, block_bytes=1024))
    assert later[0].rows.index[0] == blocks[3].rows.index[0]
    assert [b.offset for b in later] == [b.offset for b in blocks[3:]]


def test_rows_with_wrong_width_are_handed_over_with_their_numbers(tmp_path: Path) -> None:
    path = _write(tmp_path, "a,b,c\n1,2,3\n4,5\n\n6,7,8\n9,10,11,12\n13,14,15\n")
    dialect = detect_dialect(path)
    block = next(read_blocks(path, dialect, offset=dialect.header_end))
    assert [(item.row, item.text) for item in block.rejected] == [(2, "4,5"), (4, "9,10,11,12")]
    assert list(block.rows.index) == [1, 3, 5]
    assert list(block.rows["a"]) == ["1", "6", "13"]


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match="is empty"):
        detect_dialect(_write(tmp_path, "\n\n"))
