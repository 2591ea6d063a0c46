"""What an Excel file unpacks to, checked from its directory before anything is read.

`zipfile` hands out no more of a member than the directory names and checks it against its sum, so a directory that lies makes the file a
damaged one. What a worksheet holds is counted in `sheets.py` while it is streamed.
"""

from __future__ import annotations

import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import CyberpunkError, SourceFailed
from cyberpunk_ai.data_fabric.limits import MB

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cyberpunk_ai.data_fabric.limits import Limits

# Shares of the limit for what is not streamed: shared texts are held as they are, other parts as trees of many times their size.
_HELD, _AS_TREE = 4, 64
_SHEET, _TEXTS = ".worksheet+xml", ".sharedStrings+xml"


def check_package(path: Path, limits: Limits) -> None:
    """Refuse an Excel file that would unpack beyond its limit.

    Raises:
        SourceFailed: It is too large, or no Excel file.
    """
    with reading(path), zipfile.ZipFile(path) as package:
        members = package.infolist()
        if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
            raise SourceFailed(f"{path.name} is packed in a way that no Excel file is", hint="save it again as .xlsx", path=str(path))
        _check(path, "unpacks", sum(member.file_size for member in members), 1, limits)
        for member in members:
            if member.filename == "[Content_Types].xml":
                _check(path, f"{member.filename} unpacks", member.file_size, _AS_TREE, limits)
        kinds = _kinds(package)
    for member in members:
        declared = kinds.get("/" + member.filename, set())
        if any(kind.endswith(_TEXTS) for kind in declared):
            _check(path, "shared texts unpack", member.file_size, _HELD, limits)
        elif not (declared and all(kind.endswith(_SHEET) for kind in declared)) and member.filename.endswith((".xml", ".rels")):
            _check(path, f"{member.filename[:60]} unpacks", member.file_size, _HELD if _is_unread(member.filename) else _AS_TREE, limits)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever unpacking and parsing a workbook raises into one error; put nothing else inside.

    Raises:
        SourceFailed: It is no Excel file, damaged, or declares XML entities.
    """
    try:
        yield
    except (CyberpunkError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk failed, not the file
        # A part that is missing or holds what it should not makes openpyxl raise nearly any built-in error.
        raise SourceFailed(
            f"{path.name} is no Excel file, or damaged: {_reason(error)}", hint="save it again as .xlsx", path=str(path)
        ) from error


def _reason(error: BaseException) -> str:
    """Return what went wrong in a line; openpyxl wraps it in a paragraph."""
    from defusedxml.common import DefusedXmlException

    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    if isinstance(error, DefusedXmlException):
        return "it declares XML entities"
    said = str(error).strip().split("\n", 1)[0][:200]
    # A missing member or key is named by itself alone.
    return f"{said} is missing" if isinstance(error, KeyError) and " " not in said else said or type(error).__name__


def _kinds(package: zipfile.ZipFile) -> dict[str, set[str]]:
    """Content types of each part, read as openpyxl reads them: a part may be declared twice, and then counts as what is stricter."""
    from openpyxl.packaging.manifest import Manifest
    from openpyxl.xml.functions import fromstring

    kinds: dict[str, set[str]] = {}
    for part in Manifest.from_tree(fromstring(package.read("[Content_Types].xml"))).Override:
        kinds.setdefault(part.PartName, set()).add(part.ContentType)
    return kinds


def _is_unread(name: str) -> bool:
    """Whether nothing here opens a part: pivot caches, drawings and charts may be large."""
    return name.startswith(("xl/pivot", "xl/drawings/", "xl/charts/", "xl/tables/", "xl/comments", "customXml/"))


def _check(path: Path, what: str, size: int, share: int, limits: Limits) -> None:
    most = limits.max_unpacked_mb * MB / share
    if size > most:
        raise limits.exceeded(
            "max_unpacked_mb",
            f"{path.name}: {what} to {size / MB:,.4g} MB, more than {most / MB:,.4g} MB",
            advice="split the file, or save it as CSV or Parquet",
        )
