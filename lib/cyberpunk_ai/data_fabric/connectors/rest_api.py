"""Any JSON API as a source, described in its config: where records are, how pages follow each other, which field is the cursor.

Signing, waiting, retrying and the limits of an answer are the business of `web/`.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from cyberpunk_ai.core.errors import InvalidArgument, SourceFailed
from cyberpunk_ai.data_fabric.connectors.base import CONNECTORS, Batch, Connector, ConnectorConfig, StreamSpec, StreamState
from cyberpunk_ai.data_fabric.web.answers import read_json
from cyberpunk_ai.data_fabric.web.auth import AnyAuth, NoAuth
from cyberpunk_ai.data_fabric.web.paging import Paging, Visited, dig
from cyberpunk_ai.data_fabric.web.records import batches

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import httpx

    from cyberpunk_ai.data_fabric.files.formats import ColumnFormat
    from cyberpunk_ai.data_fabric.web.session import Session

EXPIRED = {400, 404, 410, 422}  # how vendors answer to a page link that has grown too old


class RestStream(BaseModel):
    """One endpoint."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(description="Path below base_url.")
    records: str = Field("", description="Where in the answer the list of records is, with dots; the answer itself when empty.")
    params: dict[str, str] = Field(default_factory=dict, description="Query parameters of every request.")
    key: tuple[str, ...] = Field((), description="Fields that identify a record.")
    cursor_field: str = Field("", description="Field that grows with every change; empty reads in full.")
    cursor_param: str = Field("", description="Query parameter that asks for records from a cursor on.")
    overlap_s: float = Field(0.0, ge=0, description="Seconds before the last cursor that are read again, for records that appeared late.")
    paging: Paging = Field(default_factory=Paging, description="How pages follow each other.")


class RestApiConfig(ConnectorConfig):
    """Which API, and its endpoints."""

    base_url: str = Field(pattern=r"^https?://", description="Where the API lives; no request leaves this origin.")
    streams: dict[str, RestStream] = Field(min_length=1, description="Stream name to endpoint.")
    auth: AnyAuth = Field(default_factory=NoAuth, description="How requests are signed.")
    headers: dict[str, str] = Field(default_factory=dict, description="Headers of every request.")
    timeout_s: float = Field(30.0, gt=0, description="Patience per request.")
    retries: int = Field(5, ge=0, le=20, description="How often a request is tried again.")
    max_wait_s: float = Field(300.0, ge=0, description="Longest wait that is obeyed when the API is over its limit.")


@CONNECTORS.register("rest_api", needs=("httpx",), summary="Any JSON API, described in its config")
class RestApi(Connector):
    """Any JSON API, described in its config."""

    name = "rest_api"
    needs = ("httpx",)
    Config = RestApiConfig
    config: RestApiConfig
    # How it waits when the API is over its limit.
    rest: Callable[[float], Awaitable[None]] = staticmethod(asyncio.sleep)
    # Seconds by which an answer is timed.
    clock: Callable[[], float] = staticmethod(time.monotonic)
    _opened: Session | None = None

    def check(self) -> None:
        """Fetch one page of the first stream."""

        async def first_page() -> None:
            probe = RestApi(self.config, home=self.home)
            probe.limits = self.limits
            try:
                stream = next(iter(self.config.streams))
                await probe._fetch(stream, {}, None)
            finally:
                await probe.close()

        # A thread of its own, because the caller may already run an event loop.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, first_page()).result()

    def discover(self) -> list[StreamSpec]:
        """List the endpoints of the config."""
        return [StreamSpec(name, (), item.key, item.cursor_field or None) for name, item in self.config.streams.items()]

    async def read(self, stream: StreamSpec, state: StreamState) -> AsyncIterator[Batch]:
        """Read pages from where the last run ended: inside an unfinished run its next page, else from the cursor on."""
        from cyberpunk_ai.data_fabric.files.formats import text_formats

        described = self.config.streams[stream.name]
        position, cursor = dict(state.position), state.cursor
        resumed = bool(position) and not position.get("done", True)
        since = position.get("since") if resumed else _since(cursor, described)
        place = dict(position.get("place") or {}) if resumed else {}
        formats: dict[str, ColumnFormat] = {}
        visited = Visited(described.paging, place)
        while True:
            try:
                answer, body, records = await self._fetch(stream.name, place, since)
            except SourceFailed as error:
                if resumed and place and error.details.get("status") in EXPIRED:
                    # The link grew too old between the runs; the cursor never does.
                    resumed, place, since = False, {}, _since(cursor, described)
                    visited = Visited(described.paging, place)
                    continue
                raise
            resumed = False
            following = described.paging.following(place, answer, body, len(records))
            newest, parts = cursor, batches(records, described.key)
            ahead = next(parts, None)
            while ahead is not None:
                (rows, rejected), ahead = ahead, next(parts, None)
                formats = formats or text_formats(rows)
                newest = _newest(newest, rows, described.cursor_field)
                # Only behind its last part is a page done: a sync that breaks off within reads the page again.
                after = {"place": place, "since": since, "done": False}
                if ahead is None:
                    cursor, after = newest, {"place": following, "since": since, "done": following is None}
                size = len(answer.content) if ahead is None else 0
                yield Batch(rows=rows, position=after, cursor=cursor, mode="upsert", rejected=rejected, formats=formats, bytes=size)
            if following is None:
                return
            if visited.has(following, answer.content):
                raise SourceFailed(
                    f"{stream.name}: {self._session().base.host} repeats a page, number {visited.pages} of this sync",
                    hint="what came so far stays; check the endpoint's paging, or report the loop to the vendor",
                )
            if visited.pages >= self.limits.max_pages:
                raise self.limits.exceeded(
                    "max_pages",
                    f"{stream.name}: {self._session().base.host} sent {visited.pages:,} pages, and more follow",
                    advice="what came so far stays; sync again to read on",
                )
            place = following

    async def close(self) -> None:
        """Let go of connections."""
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

    async def _fetch(self, stream: str, place: dict[str, Any], since: str | None) -> tuple[httpx.Response, Any, list[Any]]:
        """Fetch one page: the answer, its body and its records."""
        described = self.config.streams[stream]
        url, page_params = described.paging.request(place)
        params: dict[str, Any] = {}
        if url is None:  # a link holds its own parameters
            params = dict(described.params) | page_params
            if since is not None and described.cursor_param:
                params[described.cursor_param] = since
        session = self._session()
        answer = await session.get(url or described.path, params, stream=stream)
        body = read_json(answer, self.limits, session.subject(stream))
        records = dig(body, described.records)
        if not isinstance(records, list):
            found = ", ".join(body) if isinstance(body, dict) else type(body).__name__
            raise SourceFailed(f"{stream}: there is no list of records at {described.records!r}", hint=f"the answer holds: {found}")
        return answer, body, records

    def _session(self) -> Session:
        from cyberpunk_ai.data_fabric.web.auth import Signer
        from cyberpunk_ai.data_fabric.web.session import Session

        if self._opened is None:
            c = self.config
            self._opened = Session(
                c.base_url, Signer(c.auth), headers=c.headers, timeout_s=c.timeout_s, retries=c.retries, max_wait_s=c.max_wait_s,
                limits=self.limits, rest=self.rest, clock=self.clock,
            )  # fmt: skip
            if c.auth.kind == "client_credentials" and not c.auth.token_url.startswith(("http://", "https://")):
                raise InvalidArgument("token_url is no URL", hint="https://…/oauth2/token")
        return self._opened


def _newest(cursor: str | None, rows: Any, field: str) -> str | None:
    if not field or field not in rows.columns:
        return cursor
    values = [str(item) for item in rows[field].dropna()]
    return max([*values, *([cursor] if cursor is not None else [])], key=_order, default=cursor)


def _order(text: str) -> tuple[int, float, str]:
    """Numbers by value, times by moment, all else as text."""
    try:
        return 0, float(text), ""
    except ValueError:
        pass
    try:
        return 1, datetime.fromisoformat(text).timestamp(), ""
    except ValueError:
        return 2, 0.0, text


def _since(cursor: str | None, described: RestStream) -> str | None:
    """Return the cursor to ask from, with the overlap taken off."""
    if cursor is None or not described.cursor_field or not described.overlap_s:
        return cursor if described.cursor_field else None
    kind, value, _ = _order(cursor)
    if kind == 0:
        earlier = value - described.overlap_s
        return str(int(earlier)) if earlier.is_integer() else str(earlier)
    if kind == 1:
        moment = datetime.fromisoformat(cursor) - timedelta(seconds=described.overlap_s)
        return moment.isoformat().replace("+00:00", "Z") if cursor.endswith("Z") else moment.isoformat()
    return cursor
