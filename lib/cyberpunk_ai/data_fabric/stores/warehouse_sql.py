"""The one gate for SQL that reaches a warehouse, and the way back: errors and frames in our terms. Nothing here builds SQL.

Two walls: the text is parsed and must be one SELECT over the canonical tables with harmless functions, and the handle that runs it is
read-only. Either alone leaks: a read-only handle of the engine still runs the scalar `file()` and `INTO OUTFILE`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.errors import CyberpunkError, InvalidArgument, PermissionDenied, StoreFailed
from cyberpunk_ai.data_fabric.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_TABLE_FUNCTIONS = {"numbers", "zeros", "values", "generate_series", "generateseries", "arrayjoin", "unnest", "explode"}
_FORBIDDEN_FUNCTIONS = re.compile(
    r"^(file|url|s3|gcs|hdfs|azure.*|sqlite|mysql|postgresql|mongodb|redis|odbc|jdbc|remote.*|cluster.*|.*cluster|executable|python|input|"
    r"deltalake.*|iceberg.*|hudi.*|paimon.*|merge|loop|view|dictionary|dictget.*|joinget.*|getserversetting|getmacro|getsetting.*|sleep.*|"
    r"hostname|fullhostname|fqdn|getclienthttpheader|getserverport|getmergetreesetting|logtrace|filesystem.*|catboostevaluate|addressto.*|demangle|ai[a-z]+|currentuser|tcpport|serveruuid)$"
)
# A second look at the bare text, for whatever a parser may be talked out of seeing: words that a query never needs.
_FORBIDDEN_TEXT = re.compile(r"\b(file|outfile|infile|url|sqlite)\b|\bsettings\b\s+\w+\s*=|[`\"][^`\"]*\\", re.IGNORECASE)
_TEXTS = re.compile(r"'(?:[^'\\]|\\.|'')*'", re.DOTALL)
_BAD_REQUEST = {6, 36, 38, 41, 42, 43, 46, 47, 53, 60, 62, 63, 70, 72, 81, 115, 179, 184, 207, 215, 218, 386, 403, 456, 457}
_REFUSED = {164, 291, 392, 452, 481, 497}


@lru_cache(maxsize=1024)
def check_select(sql: str) -> tuple[str, ...]:
    """Return the canonical tables that a query reads.

    Raises:
        PermissionDenied: It is not one SELECT, or uses a table, table function or function that is not allowed.
        InvalidArgument: It cannot be parsed.
    """
    import sqlglot
    from sqlglot import exp

    if found := _FORBIDDEN_TEXT.search(_TEXTS.sub("''", sql)):
        _refuse(f"a query may not use {found.group(0)!r}")
    try:
        statements = [statement for statement in sqlglot.parse(sql, dialect="clickhouse") if statement is not None]
    except sqlglot.errors.SqlglotError as error:
        raise InvalidArgument(f"the query cannot be parsed: {error}", hint="write ClickHouse SQL: SELECT ... FROM orders") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        _refuse("a query is one SELECT statement")
    names = {cte.alias for cte in statements[0].find_all(exp.CTE)}
    tables = set()
    for node in statements[0].walk():
        if isinstance(node, exp.Table):
            if not isinstance(node.this, exp.Identifier):
                if _function_name(node.this) not in _TABLE_FUNCTIONS:
                    _refuse(f"a query may not read from {node.this.sql(dialect='clickhouse')[:60]!r}")
            elif node.db or node.catalog or node.name not in names | set(TABLES):
                _refuse(f"a query may not read {node.sql(dialect='clickhouse')[:60]!r}", hint=f"tables: {', '.join(TABLES)}")
            elif node.name in TABLES:
                tables.add(node.name)
        elif isinstance(node, exp.Func) and _FORBIDDEN_FUNCTIONS.match(_function_name(node)):
            _refuse(f"a query may not call {_function_name(node)!r}")
        elif isinstance(node, exp.Into | exp.DDL | exp.DML | exp.Command | exp.FormatJson) and not isinstance(node, exp.Query):
            _refuse(f"a query may not contain {type(node).__name__.upper()}")
    if any(query.args.get("into") or query.args.get("settings") or query.args.get("format") for query in statements[0].find_all(exp.Query)):
        _refuse("a query may not set INTO, FORMAT or SETTINGS")
    return tuple(sorted(tables))


def translate(error: Exception) -> CyberpunkError:
    """Return the error of an engine in our terms: refused, wrongly asked, or failed."""
    text = str(error)
    found = re.search(r"Code:\s*(\d+)", text)
    code = int(found.group(1)) if found else 0
    message = (
        re.sub(r"\s*\(version .*$", "", text.rsplit("DB::Exception: ", maxsplit=1)[-1], flags=re.DOTALL).strip()[:500]
        or type(error).__name__
    )
    if code in _REFUSED:
        return PermissionDenied(f"the warehouse refused: {message}", hint="queries are read-only", engine_code=code)
    if code in _BAD_REQUEST:
        return InvalidArgument(f"the warehouse cannot run this: {message}", hint="check names, types and parameters", engine_code=code)
    return StoreFailed(f"the warehouse failed: {message}", hint="`cyberpunk doctor` checks the stores", engine_code=code)


def ask(client: Any, sql: str, parameters: Mapping[str, object] | None) -> pd.DataFrame:
    """Run a query on a clickhouse-connect client, whichever engine is behind it, and return a plain frame.

    Texts are objects with None where missing, times naive UTC in microseconds, whole numbers with gaps `Int64`.

    Raises:
        CyberpunkError: What went wrong, in our terms.
    """
    from clickhouse_connect.driver.exceptions import ClickHouseError

    binds = dict(parameters or {})
    try:
        frame = client.query_df(sql, parameters=binds)
        if not len(frame.columns):  # no rows, and then the driver forgets the columns
            described = client.query(f"DESCRIBE TABLE ({sql.strip().rstrip(';')}\n)", parameters=binds).result_rows
            return _empty([(str(row[0]), str(row[1])) for row in described])
    except (ClickHouseError, RuntimeError) as error:
        raise translate(error) from error
    return _plain(frame)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    for position, dtype in enumerate(frame.dtypes):
        values: Any = frame.iloc[:, position]
        if isinstance(dtype, pd.DatetimeTZDtype):
            frame.isetitem(position, values.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]"))
        elif pd.api.types.is_datetime64_dtype(dtype) and dtype != "datetime64[us]":
            frame.isetitem(position, values.astype("datetime64[us]"))
        elif isinstance(dtype, pd.StringDtype):
            frame.isetitem(position, values.to_numpy(dtype=object, na_value=None))
    return frame


def _empty(columns: list[tuple[str, str]]) -> pd.DataFrame:
    import pandas as pd

    kinds = {"Date": "datetime64[us]", "Int": "int64", "UInt": "uint64", "Float": "float64", "Bool": "bool"}
    frame = {}
    for name, declared in columns:
        bare = re.sub(r"^(LowCardinality\(|Nullable\()+", "", declared)
        frame[name] = pd.Series(dtype=next((dtype for start, dtype in kinds.items() if bare.startswith(start)), "object"))
    return pd.DataFrame(frame)


def _function_name(node: Any) -> str:
    from sqlglot import exp

    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc | exp.CombinedAggFunc | exp.ParameterizedAgg | exp.CombinedParameterizedAgg):
        return str(node.name or node.this).lower()
    return str(node.sql_name() if isinstance(node, exp.Func) else node.key).lower()


def _refuse(message: str, hint: str = "queries read the canonical tables; values belong into {name:Type} parameters") -> None:
    raise PermissionDenied(message, hint=hint)
