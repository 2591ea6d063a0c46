"""How an API is read page by page: by page number, offset, cursor, Link header or next URL. A place is what is kept between pages."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    import httpx

Place = dict[str, Any]


class Paging(BaseModel):
    """How to get from page to page.

    Attributes:
        kind: `none`; `page` counts pages; `offset` counts rows; `cursor` sends back a token; `link_header` and `next_url` follow links.
        param: Query parameter of the page number, the offset or the token.
        size: Rows asked for on a page.
        size_param: Query parameter of the size; empty to ask for none.
        first: Number of the first page.
        path: Where in the answer the token or the next URL is, with dots.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["none", "page", "offset", "cursor", "link_header", "next_url"] = "none"
    param: str = ""
    size: int = Field(100, ge=1)
    size_param: str = ""
    first: int = 1
    path: str = "next"

    def request(self, place: Place) -> tuple[str | None, dict[str, Any]]:
        """Return the URL to fetch, None for the stream's own path, and the query parameters of the page."""
        params: dict[str, Any] = {self.size_param: self.size} if self.size_param else {}
        if place.get("url"):
            return str(place["url"]), {}
        if self.kind == "page":
            params[self.param or "page"] = place.get("page", self.first)
        elif self.kind == "offset":
            params[self.param or "offset"] = place.get("offset", 0)
        elif self.kind == "cursor" and place.get("token") is not None:
            params[self.param or "cursor"] = place["token"]
        return None, params

    def following(self, place: Place, answer: httpx.Response, body: Any, rows: int) -> Place | None:
        """Return the place behind a page, None behind the last one; a page without rows that names itself is the last one."""
        if self.kind == "page":
            is_last = rows == 0 or (bool(self.size_param) and rows < self.size)
            return None if is_last else {"page": place.get("page", self.first) + 1}
        if self.kind == "offset":
            is_last = rows == 0 or (bool(self.size_param) and rows < self.size)
            return None if is_last else {"offset": place.get("offset", 0) + rows}
        if self.kind == "cursor":
            token = dig(body, self.path)
            return {"token": token} if token not in (None, "", False) and (rows or token != place.get("token")) else None
        if self.kind == "link_header":
            link = answer.links.get("next", {}).get("url")
            following = str(answer.request.url.join(link)) if link else None
            return {"url": following} if following and (rows or following != place.get("url")) else None
        if self.kind == "next_url":
            link = dig(body, self.path)
            following = str(answer.request.url.join(str(link))) if link else None
            return {"url": following} if following and (rows or following != place.get("url")) else None
        return None


class Visited:
    """Which pages of a stream were read in this sync, so that a vendor that goes round in circles is noticed.

    Args:
        paging: How pages follow each other.
        place: The first one.
    """

    def __init__(self, paging: Paging, place: Place) -> None:
        self._is_counted = paging.kind in ("page", "offset")
        self._marks, self._body, self.pages = {_mark(place)}, b"", 0

    def has(self, following: Place, body: bytes) -> bool:
        """Note that a page was read; return whether the one that follows was read before.

        Numbers and offsets never repeat, so there a page is known by its body: some vendors answer every number with the same page.
        """
        self.pages += 1
        before, self._body = self._body, blake2b(body, digest_size=16).digest()
        if self._is_counted:
            return self._body == before
        mark = _mark(following)
        is_known = mark in self._marks
        self._marks.add(mark)
        return is_known


def _mark(place: Place) -> bytes:
    return blake2b(repr(sorted(place.items())).encode(), digest_size=16).digest()


def dig(body: Any, path: str) -> Any:
    """Return what lies at a path with dots, None when nothing does; an empty path is the body itself."""
    for part in path.split(".") if path else []:
        body = body.get(part) if isinstance(body, dict) else None
    return body
