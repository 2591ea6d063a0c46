"""Frame contracts: what a table must hold, checked and cast in one vectorised pass, with every problem named at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cyberpunk_ai.core.errors import ContractBroken
from cyberpunk_ai.core.numbers import to_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pandas as pd

Kind = Literal["string", "float", "int", "bool", "timestamp"]
_TRUE, _FALSE = {"true", "t", "yes", "y", "1", "1.0"}, {"false", "f", "no", "n", "0", "0.0"}


@dataclass(frozen=True)
class Column:
    """One column of a contract.

    Attributes:
        name: Canonical name.
        kind: `string`, `float`, `int`, `bool` or `timestamp` (naive UTC, microseconds).
        nullable: Whether a value may be missing; a nullable column may be absent altogether.
        minimum: Smallest legal value, for numbers.
        largest: Largest legal magnitude, for numbers.
        between: First and last legal moment, for timestamps; naive UTC.
        description: What it holds, with its unit.
        pii: Whether it tells who a person is.
    """

    name: str
    kind: Kind
    nullable: bool = False
    minimum: float | None = None
    largest: float | None = None
    between: tuple[datetime, datetime] | None = None
    description: str = ""
    pii: bool = False


@dataclass(frozen=True)
class FrameContract:
    """The columns of a frame and its key.

    Attributes:
        name: What a row is, in the plural: `transactions`.
        columns: In their canonical order.
        key: Names of the columns that identify a row; empty when rows have no identity.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Canonical column names in order."""
        return [column.name for column in self.columns]

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def check(self, frame: pd.DataFrame, *, mapping: Mapping[str, str] | None = None) -> pd.DataFrame:
        """Return a typed copy with the contract's columns in order; other columns are left out.

        Args:
            frame: Rows to check.
            mapping: Canonical name to the frame's own column name, where they differ.

        Raises:
            ContractBroken: A required column is missing, or values do not fit; every problem is listed.
        """
        good, bad = self.sift(frame, mapping=mapping)
        if len(bad):
            reasons = bad["reason"].value_counts().head(5)
            raise ContractBroken(
                f"{self.name}: {len(bad)} of {len(frame)} rows do not fit",
                hint="; ".join(f"{reason} ({count} rows)" for reason, count in reasons.items()),
                frame=self.name,
                rows=[int(position) for position in bad.index[:10] if isinstance(position, int)],
            )
        return good

    def sift(self, frame: pd.DataFrame, *, mapping: Mapping[str, str] | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Split rows into those that fit, typed, and those that don't, as they came, with a `reason` column.

        Raises:
            ContractBroken: A required column is missing; that is no row's fault.
        """
        import pandas as pd

        named = frame.rename(columns={theirs: ours for ours, theirs in (mapping or {}).items()})
        missing = [c.name for c in self.columns if c.name not in named.columns and not c.nullable]
        if missing:
            raise ContractBroken(
                f"{self.name}: column {', '.join(repr(name) for name in missing)} is missing",
                hint=f"columns seen: {', '.join(map(str, frame.columns))}; pass a mapping of canonical name to column",
                frame=self.name,
                missing=missing,
            )
        reasons = pd.Series("", index=named.index, dtype=object)
        typed: dict[str, pd.Series] = {}
        for column in self.columns:
            raw = named[column.name] if column.name in named.columns else pd.Series(None, index=named.index, dtype=object)
            values, wrong = cast(raw, column.kind)
            empty = values.isna() & ~wrong
            faults = {f"{column.name}: not a {column.kind}": wrong}
            if not column.nullable:
                faults[f"{column.name}: missing"] = empty
            if column.minimum is not None:
                faults[f"{column.name}: below {column.minimum:g}"] = (values < column.minimum).fillna(False).astype(bool)
            if column.largest is not None:
                faults[f"{column.name}: beyond ±{column.largest:g}"] = (values.abs() > column.largest).fillna(False).astype(bool)
            if column.between is not None:
                first, last = column.between
                faults[f"{column.name}: not within {first:%Y} to {last:%Y}"] = (values < first) | (values > last)
            for reason, rows in faults.items():
                if rows.any():
                    reasons[rows] = reasons[rows].where(reasons[rows] == "", reasons[rows] + "; ") + reason
            typed[column.name] = values
        good = (reasons == "").to_numpy()
        result = pd.DataFrame(typed, index=named.index)
        return _settle(result[good], self), frame[~good].assign(reason=reasons[~good])


def cast(raw: pd.Series, kind: Kind) -> tuple[pd.Series, pd.Series]:
    """Cast a column, vectorised.

    Args:
        raw: Values as they came.
        kind: Target kind.

    Returns:
        The cast values, missing where they were missing or did not fit, and a mask of those that did not fit.
    """
    import numpy as np
    import pandas as pd

    present = raw.notna()
    if kind == "string":
        values = raw.astype(object).where(present, None)
        texts = values.map(str, na_action="ignore") if not pd.api.types.is_string_dtype(raw.dtype) or raw.dtype == object else values
        return texts.astype(object).where(present, None), pd.Series(data=False, index=raw.index)
    if kind == "timestamp":
        values = pd.to_datetime(raw, errors="coerce", utc=True, format=None if not _is_text(raw) else "ISO8601")
        values = values.dt.tz_localize(None).astype("datetime64[us]")
        return values, present & values.isna()
    if kind == "bool":
        if pd.api.types.is_bool_dtype(raw.dtype):
            return raw.astype("boolean"), pd.Series(data=False, index=raw.index)
        texts = raw.map(lambda item: str(item).strip().lower(), na_action="ignore")
        values = pd.Series(pd.NA, index=raw.index, dtype="boolean")
        values[texts.isin(_TRUE)] = True
        values[texts.isin(_FALSE)] = False
        return values, present & values.isna()
    values = to_numbers(raw).astype("float64")
    wrong = present & (values.isna() | np.isinf(values))
    if kind == "int":
        # Beyond 64 bits a cast would warn and wrap around.
        wrong |= values.notna() & ((values != values.round()) | (values.abs() >= 2.0**63))
        return values.where(~wrong).astype("Int64"), wrong
    return values.where(~wrong), wrong


def _is_text(raw: pd.Series) -> bool:
    import pandas as pd

    return raw.dtype == object and pd.api.types.infer_dtype(raw, skipna=True) == "string"


def _settle(frame: pd.DataFrame, contract: FrameContract) -> pd.DataFrame:
    """Give full columns their plain numpy dtype; nullable extension dtypes stay only where something is missing."""
    plain = {"int": "int64", "bool": "bool"}
    full = {c.name: plain[c.kind] for c in contract.columns if c.kind in plain and not frame[c.name].isna().any()}
    return frame.astype(full).reset_index(drop=True)
