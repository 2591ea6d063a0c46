"""Conditions on dimensions: `where` as callers write it, checked and put into one form. The SQL for them is made in `builder.py`."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import InvalidArgument, NotFound, PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberpunk_ai.data_fabric.semantic.model import Dimension, Metric, Model

MISSING = "(none)"
"""How a missing value of a dimension is shown, and how it is asked for."""
_LONGEST_LIST = 1000


@dataclass(frozen=True)
class Condition:
    """One dimension is, or is not, among some values. No values and not negated: nothing fits."""

    dimension: str
    values: tuple[str, ...]
    is_negated: bool = False


def find_metric(model: Model, name: object) -> Metric:
    """Return the metric called `name`, by id, label or synonym.

    Raises:
        NotFound: No such metric; the hint offers close ones.
    """
    return model.metrics[_found(name, "metric", tuple(model.metrics.values()), tuple(model.metrics))]


def find_dimension(model: Model, name: object, metric: Metric) -> str:
    """Return the id of the dimension called `name`, when `metric` has it.

    Raises:
        NotFound: No such dimension.
        InvalidArgument: The metric cannot be split or filtered by it; the hint says by what it can.
        PermissionDenied: It is a personal column.
    """
    has = model.dimensions_of(metric)
    found = find_dimension_anywhere(model, name)
    if found not in has:
        raise InvalidArgument(
            f"{metric.id} cannot be split or filtered by {found}",
            hint=f"{metric.id} has: {', '.join(has)}",
            metric=metric.id,
            dimensions=list(has),
        )
    return found


def find_dimension_anywhere(model: Model, name: object) -> str:
    """Return the id of the dimension called `name`, whatever metrics have it.

    Raises:
        NotFound: No such dimension.
        PermissionDenied: It is a personal column.
    """
    if isinstance(name, str) and name.strip().casefold() in model.personal:
        raise PermissionDenied(
            f"{name!r} is personal: it can be neither shown nor filtered by", hint=f"dimensions: {', '.join(model.dimensions)}"
        )
    return _found(name, "dimension", tuple(model.dimensions.values()), tuple(model.dimensions))


def read_conditions(
    where: Mapping[str, object] | None, model: Model, metric: Metric, known: Callable[[str], Iterable[str]]
) -> tuple[Condition, ...]:
    """Check what a caller filters by.

    Args:
        where: Dimension to value, list of values, or {"not": value or values}. `None` and "(none)" stand for a missing value.
        model: Declares dimensions and their usual values.
        metric: What is asked for.
        known: Values of a dimension that the data hold; asked only when a value is not declared.

    Raises:
        InvalidArgument: A value that neither the model nor the data know, or a malformed condition.
        NotFound: No such dimension.
    """
    conditions = []
    for name, wanted in (where or {}).items():
        dimension = model.dimensions[find_dimension(model, name, metric)]
        values, is_negated = _values(name, wanted)
        if not values:
            raise InvalidArgument(f"where: {name} has an empty list of values", hint="leave the dimension out to have all of them")
        conditions.append(Condition(dimension.id, tuple(_known(value, dimension, known) for value in values), is_negated))
    return tuple(conditions)


def read_row_filter(row_filter: Mapping[str, object] | None, model: Model, metric: Metric) -> tuple[Condition, ...]:
    """Read what a caller is allowed to see. Unknown values fit nothing, and a rule that cannot be applied refuses the question.

    Raises:
        PermissionDenied: The metric lacks a dimension that the rule needs.
    """
    conditions = []
    for name, wanted in (row_filter or {}).items():
        if name not in model.dimensions_of(metric):
            raise PermissionDenied(
                f"{metric.id} is closed to you: your access is limited by {name}, and {metric.id} cannot be split by it",
                hint="ask an administrator, or ask for another metric", metric=metric.id, dimension=name,
            )  # fmt: skip
        values, is_negated = _values(name, wanted)
        conditions.append(Condition(name, values, is_negated))
    return tuple(conditions)


def _values(name: str, wanted: object) -> tuple[tuple[str, ...], bool]:
    is_negated = isinstance(wanted, Mapping)
    if isinstance(wanted, Mapping):
        if set(wanted) != {"not"}:
            raise InvalidArgument(f"where: {name} is malformed", hint='a value, a list of values, or {"not": value or values}')
        wanted = wanted["not"]
    items = list(wanted) if isinstance(wanted, (list, tuple, set, frozenset)) else [wanted]
    if len(items) > _LONGEST_LIST:
        raise InvalidArgument(f"where: {name} lists {len(items)} values", hint=f"at most {_LONGEST_LIST}")
    texts = []
    for item in items:
        if item is None:
            texts.append(MISSING)
        elif isinstance(item, (str, int, float, date)) and "\x00" not in str(item):
            texts.append(str(item))
        else:
            raise InvalidArgument(f"where: {name} holds {str(item)[:60]!r}, which is no plain value", hint="values are text or numbers")
    return tuple(texts), is_negated


def _known(value: str, dimension: Dimension, known: Callable[[str], Iterable[str]]) -> str:
    if value in dimension.values or value == MISSING or not dimension.is_closed:
        return value
    by_fold = {item.casefold(): item for item in dimension.values}
    if value.strip().casefold() in by_fold:
        return by_fold[value.strip().casefold()]
    seen = sorted(set(known(dimension.id)) - {MISSING})
    if value in seen:
        return value
    by_fold = {item.casefold(): item for item in seen}
    if value.strip().casefold() in by_fold:
        return by_fold[value.strip().casefold()]
    allowed = list(dict.fromkeys([*dimension.values, *seen]))
    raise InvalidArgument(
        f"{dimension.id} has no value {value[:60]!r}{_guess(value, allowed)}",
        hint=f"values of {dimension.id}: {', '.join(allowed[:30])}", dimension=dimension.id, allowed=allowed[:100],
    )  # fmt: skip


def _found(name: object, kind: str, entries: Sequence[Metric | Dimension], offered: tuple[str, ...]) -> str:
    wanted = str(name).strip().casefold().replace("-", " ")
    for entry in entries:
        if wanted.replace(" ", "_") == entry.id.casefold():
            return entry.id
    words: dict[str, str] = {}
    for entry in entries:
        for word in (entry.label, *entry.synonyms):
            words.setdefault(word.casefold(), entry.id)
    if wanted in words:
        return words[wanted]
    close = difflib.get_close_matches(wanted, [*(entry.id for entry in entries), *words], n=3, cutoff=0.6)
    guesses = list(dict.fromkeys(words.get(word, word) for word in close))
    raise NotFound(
        f"no {kind} is called {str(name)[:60]!r}" + (f"; did you mean {' or '.join(guesses)}?" if guesses else ""),
        hint=f"{kind}s: {', '.join(offered)}", close=guesses,
    )  # fmt: skip


def _guess(value: str, allowed: Iterable[str]) -> str:
    by_fold = {item.casefold(): item for item in allowed}
    close = difflib.get_close_matches(value.casefold(), list(by_fold), n=1, cutoff=0.6)
    return f"; did you mean {by_fold[close[0]]!r}?" if close else ""
