"""Checking of notebook parameters. papermill writes names into code unchecked, so only declared names of fitting type may pass."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

YES, NO = {"true", "yes", "1"}, {"false", "no", "0"}


def check_parameters(notebook: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters as the notebook declares them, texts from a command line turned into the declared type.

    Args:
        notebook: Notebook with a cell tagged `parameters`.
        given: Name to value.

    Raises:
        InvalidArgument: A name is not declared, or a value does not fit; the hint lists what is declared.
    """
    import papermill

    declared = papermill.inspect_notebook(str(notebook))
    described = ", ".join(f"{name} (default {entry['default']})" for name, entry in declared.items()) or "none"
    checked = {}
    for name, value in given.items():
        if not name.isidentifier() or name not in declared:
            raise InvalidArgument(f"{notebook.stem} has no parameter {name!r}", hint=f"parameters: {described}", parameter=name)
        checked[name] = _fit(name, value, _literal(declared[name]["default"]))
    return checked


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None


def _fit(name: str, value: Any, default: Any) -> Any:
    """Turn a value into the type of the default; a default of None takes plain values as they are."""
    wanted = type(default)
    if default is None or (isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool)):
        return value
    if isinstance(value, str):
        fitting = _from_text(value, wanted)
        if fitting is not None:
            return fitting
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    raise InvalidArgument(
        f"parameter {name!r} takes {wanted.__name__}, not {value!r}", hint=f"its default is {default!r}", parameter=name, value=value
    )


def _from_text(text: str, wanted: type) -> Any:
    if wanted is bool:
        return {**dict.fromkeys(YES, True), **dict.fromkeys(NO, False)}.get(text.strip().lower())
    value = _literal(text)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value if isinstance(value, wanted) and not isinstance(value, bool) else None
