"""What a text file is written in: encoding, delimiter, header, and through `formats.py` the notation of every column."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path  # noqa: TC003 - pydantic needs the type at run time

from pydantic import BaseModel, ConfigDict

from cyberpunk_ai.core.errors import SourceFailed
from cyberpunk_ai.data_fabric.files.formats import ColumnFormat, detect_formats

SAMPLE_BYTES = 512 * 1024
SAMPLE_ROWS = 2000
DELIMITERS = ",;\t|"
_BOMS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


class Dialect(BaseModel):
    """How one text file is written.

    Attributes:
        encoding: Python codec name.
        delimiter: Mark between fields.
        columns: Names in the header row, made unique.
        header_end: Byte offset of the first row after the header.
        formats: Notation of every column.
    """

    model_config = ConfigDict(frozen=True)

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    header_end: int
    formats: dict[str, ColumnFormat]


def detect_dialect(
    path: Path, *, encoding: str | None = None, delimiter: str | None = None, decimal: str | None = None, day_first: bool | None = None
) -> Dialect:
    """Find out how a text file is written, from its head, middle and end.

    Args:
        path: CSV or TSV file.
        encoding: Codec, when known.
        delimiter: Mark between fields, when known.
        decimal: Decimal mark, when known.
        day_first: Whether days come before months, when known.

    Raises:
        SourceFailed: The file is empty or has no header.
    """
    head, others = _samples(path)
    if not head.strip():
        raise SourceFailed(f"{path.name} is empty", hint="a header row with column names is needed", path=str(path))
    codec = encoding or detect_encoding(head, *others)
    text = head.decode(codec, errors="replace")
    mark = delimiter or detect_delimiter(text)
    skipped, names = _header(text, mark)
    columns = _unique(names)
    wide = codec in {"utf-16", "utf-32"}
    header_text = _first_record(text[skipped:])
    header_end = 0 if wide else len(text[: skipped + len(header_text)].encode(codec, errors="replace"))
    rows = list(csv.reader(io.StringIO(text[skipped + len(header_text) :], newline=""), delimiter=mark))
    for block in others:
        body = block.decode("utf-8" if codec == "utf-8-sig" else codec, errors="replace") if not wide else ""
        rows += list(csv.reader(io.StringIO(body.partition("\n")[2], newline=""), delimiter=mark))[:-1]
    step = max(1, len(rows) // (2 * SAMPLE_ROWS))
    kept = [row for row in rows[::step] if len(row) == len(columns)]
    sample = {name: [row[position] for row in kept] for position, name in enumerate(columns)}
    formats = detect_formats(sample, decimal=decimal, day_first=day_first)
    return Dialect(encoding=codec, delimiter=mark, columns=columns, header_end=header_end, formats=formats)


def detect_encoding(*samples: bytes) -> str:
    """Name the codec of a text: a byte order mark, then strict UTF-8, then what charset-normalizer finds, else Windows-1252."""
    for bom, codec in _BOMS.items():
        if samples[0].startswith(bom):
            return codec
    if all(_is_utf8(sample) for sample in samples):
        return "utf-8"
    from charset_normalizer import from_bytes

    # Only lines that are not ASCII tell codecs apart; a megabyte of ASCII around them drowns the evidence.
    telling = b"\n".join(line for sample in samples for line in sample.splitlines() if not line.isascii())[:65536]
    best = from_bytes(telling).best()
    found = best.encoding if best is not None else "cp1252"
    # Western single-byte codecs differ in a handful of bytes; exports from spreadsheets are Windows-1252.
    western = {
        "latin_1",
        "iso8859_1",
        "iso8859_15",
        "iso8859_9",
        "cp1252",
        "cp1250",
        "cp1254",
        "cp1257",
        "mac_roman",
        "cp850",
        "cp437",
        "hp_roman8",
    }
    if found in western or _looks_western(telling):
        return "cp1252"
    return found


def detect_delimiter(text: str) -> str:
    """Name the mark that splits most rows into the same number of fields, at least two; a comma when nothing does."""
    lines = [line for line in text.splitlines()[:200] if line.strip()]
    lines = lines[:-1] if len(lines) > 2 else lines
    best, best_score = ",", 0.0
    for mark in DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=mark))
        width, count = widths.most_common(1)[0]
        score = count / max(1, sum(widths.values())) * min(width - 1, 4) ** 0.5 if width > 1 else 0.0
        if score > best_score:
            best, best_score = mark, score
    return best


def _samples(path: Path) -> tuple[bytes, list[bytes]]:
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(SAMPLE_BYTES)
        others = []
        if size > 2 * SAMPLE_BYTES:
            for start in (size // 2, size - SAMPLE_BYTES // 4):
                file.seek(start)
                others.append(file.read(SAMPLE_BYTES // 4))
    if size > len(head) and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[: head.rfind(b"\n") + 1] or head
    return head, others


def _is_utf8(sample: bytes) -> bool:
    try:
        # A sample may begin or end inside a character.
        sample.lstrip(bytes(range(0x80, 0xC0)))[: len(sample) - 4].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _looks_western(sample: bytes) -> bool:
    """Whether the bytes above ASCII are the letters and signs that Western exports hold: accents, pound, euro, quotes, dashes."""
    high = Counter(byte for byte in sample if byte >= 0x80)
    common = set(range(0xC0, 0x100)) | {
        0x80,
        0x85,
        0x91,
        0x92,
        0x93,
        0x94,
        0x95,
        0x96,
        0x97,
        0x99,
        0xA0,
        0xA3,
        0xA7,
        0xA9,
        0xAE,
        0xB0,
        0xB4,
        0xBD,
    }
    total = sum(high.values())
    return total > 0 and sum(high[byte] for byte in common) / total > 0.95 and total / max(1, len(sample)) < 0.15


def _header(text: str, mark: str) -> tuple[int, list[str]]:
    """Return where the header starts and its names; lines of prose above it (fewer fields than the table is wide) are passed over."""
    lines = text.splitlines(keepends=True)[:200]
    widths = Counter(len(row) for row in csv.reader([line for line in lines if line.strip()], delimiter=mark))
    width = widths.most_common(1)[0][0]
    offset = 0
    for line in lines[:20]:
        cells = next(csv.reader([line], delimiter=mark), [])
        if len(cells) >= width and any(cell.strip() for cell in cells):
            record = next(csv.reader(io.StringIO(text[offset:], newline=""), delimiter=mark))
            return offset, record
        offset += len(line)
    return 0, next(csv.reader(io.StringIO(text, newline=""), delimiter=mark), [])


def _first_record(text: str) -> str:
    """Return the first row with its line end, quotes respected."""
    quoted = False
    for position, sign in enumerate(text):
        if sign == '"':
            quoted = not quoted
        elif sign == "\n" and not quoted:
            return text[: position + 1]
    return text


def _unique(names: list[str]) -> tuple[str, ...]:
    """Make header names usable: trimmed, never empty, never twice."""
    seen: Counter[str] = Counter()
    result = []
    for position, name in enumerate(names, start=1):
        plain = name.strip().lstrip("\ufeff") or f"column_{position}"
        seen[plain] += 1
        result.append(plain if seen[plain] == 1 else f"{plain}_{seen[plain]}")
    return tuple(result)
