"""GET /metrics and GET /metrics/{metric}: the semantic layer."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.deps import OpenWorkspace, WhoCalls  # noqa: TC001 - FastAPI reads the annotations at run time
from cyberpunk_ai.core.errors import InvalidArgument

router = APIRouter(prefix="/metrics", tags=["metrics"])


@router.get("", summary="Every metric and dimension")
def catalogue(ws: OpenWorkspace, who: WhoCalls) -> dict[str, Any]:
    """Return ids, labels, units, definitions and dimensions."""
    return ws.metrics(caller=who).to_dict()


@router.get("/{metric}", summary="Answer a metric")
def query(
    metric: str,
    ws: OpenWorkspace,
    who: WhoCalls,
    by: Annotated[list[str] | None, Query(description="Dimensions to split by.")] = None,
    where: Annotated[list[str] | None, Query(description="`dimension:value`; repeat for several.")] = None,
    period: str | None = None,
    grain: str | None = None,
    compare: str | None = None,
    limit: Annotated[int | None, Query(ge=1, le=100_000)] = None,
    order: str | None = None,
) -> dict[str, Any]:
    """Return rows, period, unit and the SQL that made them."""
    asked = filters(where or [])
    return ws.query(
        metric.split(","), by=by or [], where=asked, period=period, grain=grain, compare=compare, limit=limit, order=order, caller=who
    ).to_dict()


def filters(pairs: list[str]) -> dict[str, list[str]]:
    """Read `dimension:value` pairs; values of one dimension join to a list.

    Raises:
        InvalidArgument: A pair has no colon.
    """
    found: dict[str, list[str]] = {}
    for pair in pairs:
        name, colon, value = pair.partition(":")
        if not colon:
            raise InvalidArgument(f"where={pair!r} is no `dimension:value`", hint="for example where=region:EMEA")
        found.setdefault(name, []).append(value)
    return found
