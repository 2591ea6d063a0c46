"""A workbook that is damaged or declares XML entities is refused with one error wherever it is read, and nothing stays open."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from cyberpunk_ai.core.errors import SourceFailed
from cyberpunk_ai.data_fabric.files import packages
from cyberpunk_ai.data_fabric.files.sheets import read_excel
from cyberpunk_ai.data_fabric.imports import guess_mapping
from tests.unit.data_fabric.files.workbooks import book, part_of, repacked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LAUGHS = b"".join(b'<!ENTITY a%d "%s">' % (depth, b"&a%d;" % (depth - 1) * 10 if depth else b"ha") for depth in range(9))
ENTITIES = {"bomb": (LAUGHS, b"&a8;"), "file": (b'<!ENTITY x SYSTEM "file:///etc/hostname">', b"&x;")}

PARTS = ("[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml", "xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("kind", list(ENTITIES))
@pytest.mark.parametrize("part", PARTS)
def test_a_workbook_that_declares_entities_is_refused(tmp_path: Path, part: str, kind: str) -> None:
    path = book(tmp_path / "entities.xlsx")
    content = part_of(path, part)
    entities, use = ENTITIES[kind]
    text = content.replace(b"<v>2.5</v>", b"<v>" + use + b"</v>", 1)
    repacked(path, {part: b"<!DOCTYPE x [" + entities + b"]>" + text})
    for attempt in (lambda: list(read_excel(path)), lambda: guess_mapping(path)):
        with pytest.raises(SourceFailed, match=r"^entities\.xlsx is no Excel file, or damaged: it declares XML entities$") as caught:
            attempt()
        assert caught.value.hint == "save it again as .xlsx"


DAMAGED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "no part of a workbook": ("[Content_Types].xml", lambda _: b"<Types/>"),
    "another document": ("xl/workbook.xml", lambda _: b"<html/>"),
    "no XML": ("xl/workbook.xml", lambda _: b"hello"),
    "an empty part": ("xl/styles.xml", lambda _: b""),
    "a sheet that is nowhere": ("xl/workbook.xml", lambda part: part.replace(b'"rId1"', b'"rId99"')),
    "a format that is no number": ("xl/styles.xml", lambda part: part.replace(b'numFmtId="0"', b'numFmtId="x"')),
    "a size that is no number": ("xl/worksheets/sheet1.xml", lambda part: part.replace(b'baseColWidth="8"', b'baseColWidth="wide"')),
    "a cell that is no number": ("xl/worksheets/sheet1.xml", lambda part: part.replace(b"<v>2.5</v>", b"<v>2,5</v>")),
    "a sheet that is cut short": ("xl/worksheets/sheet1.xml", lambda part: part[: len(part) // 2]),
}


@pytest.mark.parametrize("name", list(DAMAGED))
def test_a_part_that_is_damaged_is_told(tmp_path: Path, name: str) -> None:
    path = book(tmp_path / "damaged.xlsx")
    part, change = DAMAGED[name]
    before = part_of(path, part)
    assert change(before) != before
    repacked(path, {part: change(before)})
    for attempt in (lambda: list(read_excel(path)), lambda: guess_mapping(path)):
        with pytest.raises(SourceFailed, match=r"^damaged\.xlsx (is no Excel file, or damaged: \S|has no sheet with cells)") as caught:
            attempt()
        assert caught.value.hint == "save it again as .xlsx"
        assert "\n" not in caught.value.message


def test_a_disk_that_fails_is_no_damage_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="input/output") as caught, packages.reading(tmp_path / "good.xlsx"):
        raise OSError(errno.EIO, "input/output error")
    assert not isinstance(caught.value, SourceFailed)
