"""Guesses what a file is from the names, the kinds and the values of its columns."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import InvalidArgument, SourceFailed
from cyberpunk_ai.data_fabric.files.formats import ColumnFormat, detect_formats
from cyberpunk_ai.data_fabric.imports.plan import ImportPlan, settle
from cyberpunk_ai.data_fabric.imports.vocabulary import plain, tokens, words
from cyberpunk_ai.data_fabric.limits import DEFAULT, Limits
from cyberpunk_ai.data_fabric.mapping.declaration import FieldRule
from cyberpunk_ai.data_fabric.tables import TABLES
from cyberpunk_ai.data_fabric.tables import table as canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

SAMPLE_ROWS, SAMPLE_CELLS = 20_000, 2_000_000
# What a table cannot be told without; one column of each group must be found.
_ESSENTIAL: dict[str, tuple[tuple[str, ...], ...]] = {
    "orders": (("order_id",), ("ordered_at",), ("amount", "unit_price"), ("customer_id", "quantity")),
    "customers": (("customer_id",), ("name", "email", "company", "segment", "signed_up_at", "country", "region", "phone")),
    "demand": (("ds",), ("units",)),
}
_NUMERIC = {"integer", "number"}
_FITS = {"float": _NUMERIC, "int": {"integer"}, "timestamp": {"date"}, "bool": {"bool", "integer"}}


@dataclass(frozen=True)
class _Candidate:
    score: float
    name: str
    column: str


def guess_mapping(data: pd.DataFrame | str | Path, *, limits: Limits = DEFAULT) -> ImportPlan:
    """Look at a file or a frame and propose how to import it.

    Args:
        data: CSV, TSV, Excel or Parquet file, or a frame.
        limits: How much the file may take.

    Returns:
        Plan with table, columns, rules and confidence; correct it with `plan.correct(...)`.

    Raises:
        SourceFailed: The file does not exist, is empty, is of no known kind, or is beyond a limit.
        InvalidArgument: There are no rows or no columns to look at.
    """
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return guess_rows(sample(data), formats_of(sample(data), {}))
    path = Path(data).expanduser().absolute()
    rows, formats, notes = _look(path, limits)
    plan = guess_rows(rows, formats_of(rows, formats))
    return dataclasses.replace(plan, path=path, notes=(*notes, *plan.notes))


def sample(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the first rows, as many as a guess needs and never more cells than it can look at in a moment."""
    return rows.head(max(100, min(SAMPLE_ROWS, SAMPLE_CELLS // max(1, rows.shape[1]))))


def guess_rows(rows: pd.DataFrame, formats: Mapping[str, ColumnFormat]) -> ImportPlan:
    """Propose how to import sample rows whose notation is known.

    Raises:
        InvalidArgument: There are no columns to look at.
    """
    if rows.shape[1] == 0:
        raise InvalidArgument("there are no columns to look at", hint="the first row must hold column names")
    empty = ImportPlan(None, "orders", {}, {}, 0.0, (), (), tuple(map(str, rows.columns)), rows.head(5))
    plans = [_plan(name, rows, formats, empty) for name in TABLES]
    return max(plans, key=lambda plan: plan.confidence)


def columns_for(table: str, plan: ImportPlan) -> ImportPlan:
    """Guess the columns of a plan anew for another table."""
    rows = plan.sample
    formats: dict[str, ColumnFormat] = {}
    if plan.path is not None:
        from cyberpunk_ai.core.settings import Settings

        # A plan is a value that is sent and kept, so it carries no limits; those of this process hold.
        rows, formats, _ = _look(plan.path, Limits.of(Settings.load()))
    return dataclasses.replace(_plan(table, rows, formats_of(rows, formats), plan), path=plan.path, notes=plan.notes)


def _plan(table: str, rows: pd.DataFrame, formats: Mapping[str, ColumnFormat], base: ImportPlan) -> ImportPlan:
    candidates = sorted(_candidates(table, formats), key=lambda item: -item.score)
    chosen: dict[str, _Candidate] = {}
    for item in candidates:
        if item.name not in chosen and item.column not in {other.column for other in chosen.values()}:
            chosen[item.name] = item
    if table == "orders":
        _time_by_value(chosen, formats)
    mapping = {name: item.column for name, item in chosen.items()}
    rules = _rules(table, mapping, rows)
    mapping = {name: column for name, column in mapping.items() if name not in rules or rules[name].rule != "joined"}
    confidence = _confidence(table, chosen, len(formats))
    found = tuple(dict.fromkeys(
        f"{mapping[name]}: day and month could be swapped, read as {formats[mapping[name]].dates[0]}"
        for name in mapping if formats[mapping[name]].ambiguous
    ))  # fmt: skip
    return settle(dataclasses.replace(base, table=table, mapping=mapping, rules=rules, confidence=confidence, notes=found))


def _candidates(table: str, formats: Mapping[str, ColumnFormat]) -> list[_Candidate]:
    contract = canonical(table).contract
    vocabulary = words(table)
    found = []
    for column, notation in formats.items():
        simple, parts = plain(column), set(tokens(column))
        for name, known in vocabulary.items():
            kind = contract[name].kind
            if kind in _FITS and notation.kind not in _FITS[kind] | {"empty"}:
                continue
            if kind == "string" and notation.kind in {"number", "date"} and simple not in known[:1]:
                continue
            if simple in known:
                score = 1.0 - 0.01 * min(known.index(simple), 30)
            elif any(word in parts for word in known[1:6] if len(word) > 3):
                score = 0.55
            else:
                continue
            found.append(_Candidate(score, name, column))
    return found


def _time_by_value(chosen: dict[str, _Candidate], formats: Mapping[str, ColumnFormat]) -> None:
    """An order happens at some time: when no name says so, the only column of dates does."""
    dates = [column for column, notation in formats.items() if notation.kind == "date"]
    if "ordered_at" not in chosen and len(dates) == 1 and dates[0] not in {item.column for item in chosen.values()}:
        chosen["ordered_at"] = _Candidate(0.4, "ordered_at", dates[0])


def _confidence(table: str, chosen: Mapping[str, _Candidate], columns: int) -> float:
    groups = _ESSENTIAL.get(table) or tuple(
        (c.name,) for c in canonical(table).contract.columns if not c.nullable and c.name not in ("source", "updated_at")
    )
    parts = [max((chosen[name].score for name in group if name in chosen), default=0.0) for group in groups]
    essential = sum(parts) / len(parts)
    if min(parts) == 0.0:
        essential *= 0.5
    used = len(chosen) / max(columns, 1)
    score = 0.8 * essential + 0.2 * used
    if table == "demand" and "ds" in chosen and "units" in chosen and columns > 8:
        score *= 0.8  # demand is a narrow table; a wide one with a date and a number is something else
    return round(min(score, 1.0), 3)


def _rules(table: str, mapping: Mapping[str, str], rows: pd.DataFrame) -> dict[str, FieldRule]:
    rules = {
        name: FieldRule(column=column, rule="identifier") for name, column in mapping.items() if name.endswith("_id") and name != "line_id"
    }
    if table == "customers":
        by_word = {plain(str(column)): str(column) for column in rows.columns}
        first, last = by_word.get("firstname"), by_word.get("lastname")
        if first and last:
            rules["name"] = FieldRule(rule="joined", columns=(first, last))
    if table != "orders":
        return rules
    if "product" in mapping and "product_id" in mapping:
        rules["product"] = FieldRule(rule="first_filled", columns=(mapping["product"], mapping["product_id"]))
    elif "product_id" in mapping and "product" not in mapping:
        rules["product"] = FieldRule(column=mapping["product_id"], rule="identifier")
    signs = tuple(mapping[name] for name in ("quantity", "amount") if name in mapping)
    if "is_refund" not in mapping and "order_id" in mapping and _has_refund_prefix(rows, mapping["order_id"], signs[:1]):
        rules["is_refund"] = FieldRule(rule="refund", columns=(mapping["order_id"], *signs[:1]), prefix="C")
    return rules


def _has_refund_prefix(rows: pd.DataFrame, order_column: str, signs: tuple[str, ...]) -> bool:
    """Whether some ids carry a C before a number and their quantities are below zero: that is how cancellations are booked."""
    ids = rows[order_column].astype("string")
    marked = ids.str.match(r"^C\d+$").fillna(value=False).astype(bool)
    if not marked.any() or marked.mean() > 0.5:
        return False
    if not signs:
        return True
    return bool(rows.loc[marked, signs[0]].astype("string").str.strip().str.startswith(("-", "(")).mean() > 0.9)


def _look(path: Path, limits: Limits) -> tuple[pd.DataFrame, dict[str, ColumnFormat], tuple[str, ...]]:
    """Return sample rows, the notation of their text columns, and what was found out about the file."""
    import pandas as pd

    from cyberpunk_ai.data_fabric.connectors.csv_files import EXCEL, PARQUET, TEXT
    from cyberpunk_ai.data_fabric.files.blocks import read_blocks
    from cyberpunk_ai.data_fabric.files.columnar import read_parquet
    from cyberpunk_ai.data_fabric.files.dialect import detect_dialect
    from cyberpunk_ai.data_fabric.files.sheets import read_excel

    if not path.is_file():
        raise SourceFailed(f"{path} does not exist", hint="give the path of a CSV, TSV, Excel or Parquet file", path=str(path))
    suffix = path.suffix.lower()
    if suffix in TEXT:
        dialect = detect_dialect(path, delimiter="\t" if suffix == ".tsv" else None)
        first = next(read_blocks(path, dialect, offset=dialect.header_end, block_bytes=1 << 20), None)
        rows = sample(first.rows) if first is not None else pd.DataFrame(columns=list(dialect.columns))
        marks = {notation.decimal for notation in dialect.formats.values() if notation.kind == "number"}
        told = f"read as {dialect.encoding}, fields split by {dialect.delimiter!r}" + (f", decimal mark {marks.pop()!r}" if marks else "")
        return rows, dict(dialect.formats), (told,)
    if suffix not in EXCEL | PARQUET:
        raise SourceFailed(f"{path.name} is of no known kind", hint="CSV, TSV, Excel (.xlsx) and Parquet can be read", path=str(path))
    read = read_excel if suffix in EXCEL else read_parquet
    return sample(next(read(path, block_rows=SAMPLE_ROWS, limits=limits), pd.DataFrame())), {}, ()


def formats_of(rows: pd.DataFrame, known: Mapping[str, ColumnFormat]) -> dict[str, ColumnFormat]:
    """Return the kind of every column: known, by its type, or by its text."""
    import pandas as pd

    formats: dict[str, ColumnFormat] = {}
    for name in rows.columns:
        values = rows[name]
        if name in known:
            formats[str(name)] = known[name]
        elif pd.api.types.is_bool_dtype(values.dtype):
            formats[str(name)] = ColumnFormat(kind="bool")
        elif pd.api.types.is_datetime64_any_dtype(values.dtype):
            formats[str(name)] = ColumnFormat(kind="date")
        elif pd.api.types.is_integer_dtype(values.dtype):
            formats[str(name)] = ColumnFormat(kind="integer")
        elif pd.api.types.is_numeric_dtype(values.dtype):
            formats[str(name)] = ColumnFormat(kind="integer" if values.notna().any() and (values.dropna() % 1 == 0).all() else "number")
        else:
            formats[str(name)] = detect_formats({str(name): [str(item) for item in values.dropna().head(2000)]})[str(name)]
    return formats
