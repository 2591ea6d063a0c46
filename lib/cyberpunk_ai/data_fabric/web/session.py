"""A polite HTTP session: signs, renews a refused token once, waits as long as it is told, retries what may pass, stays on its origin."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.errors import SourceFailed
from cyberpunk_ai.core.logs import get_logger
from cyberpunk_ai.data_fabric.limits import DEFAULT, Limits
from cyberpunk_ai.data_fabric.web.answers import Receiver

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import httpx

    from cyberpunk_ai.data_fabric.web.auth import Signer

_log = get_logger(__name__)
_WAIT = {429, 503}
_AGAIN = {408, 425, 500, 502, 504}


class Session:
    """Requests to one origin.

    Args:
        base_url: Where the API lives; no request leaves its origin.
        signer: Signs requests.
        headers: Sent with every request.
        timeout_s: Patience per request.
        retries: How often a request is tried again.
        max_wait_s: Longest wait that is obeyed; a longer one ends the sync instead.
        limits: What one answer may take.
        rest: Waits so many seconds.
        clock: Seconds since some moment, by which an answer is timed.
    """

    def __init__(
        self,
        base_url: str,
        signer: Signer,
        *,
        headers: Mapping[str, str],
        timeout_s: float,
        retries: int,
        max_wait_s: float,
        limits: Limits = DEFAULT,
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        import httpx

        self.base = httpx.URL(base_url.rstrip("/") + "/")
        self.signer, self.retries, self.max_wait_s, self._rest = signer, retries, max_wait_s, rest
        self._client = httpx.AsyncClient(headers=dict(headers), timeout=timeout_s, follow_redirects=False)
        self._receiver = Receiver(self._client, limits, clock)

    async def get(self, path: str, params: Mapping[str, Any] | None = None, *, stream: str = "") -> httpx.Response:
        """Fetch a path below the base, or a full URL of the same origin.

        Args:
            path: Path or URL.
            params: Query parameters.
            stream: What is read, for errors.

        Raises:
            SourceFailed: Another origin, a refusal, an answer beyond a limit, or none after all retries;
                `details["status"]` holds the last status.
        """
        import httpx

        url = self.url(path)
        renewed = False
        for attempt in range(self.retries + 1):
            request = self._client.build_request("GET", url.copy_merge_params(dict(params)) if params else url)
            generation = await self.signer.sign(request, self._receiver)
            try:
                answer = await self._receiver.send(request, self.subject(stream))
            except httpx.TransportError as error:
                if attempt == self.retries:
                    raise SourceFailed(
                        f"{url.host} does not answer: {type(error).__name__}", hint="check base_url and the network"
                    ) from error
                await self._pause(self._backoff(attempt))
                continue
            if answer.status_code == 401 and self.signer.can_renew and not renewed:
                renewed = True
                await self.signer.renew(generation, self._receiver)
            elif answer.is_redirect:
                url = self.url(str(answer.next_request.url) if answer.next_request else "")
            elif answer.status_code in _WAIT | _AGAIN and attempt < self.retries:
                await self._pause(self._told(answer, attempt))
            elif answer.is_success:
                return answer
            else:
                raise _refused(answer)
        raise _refused(answer)

    def subject(self, stream: str = "") -> str:
        """Return how errors name what is received."""
        return f"{stream}: the answer of {self.base.host}" if stream else f"the answer of {self.base.host}"

    def url(self, path: str) -> httpx.URL:
        """Return the full URL of a path.

        Raises:
            SourceFailed: It leads to another origin; credentials must not follow.
        """
        url = self.base.join(path.lstrip("/") if not path.startswith(("http://", "https://")) else path)
        if (url.scheme, url.host, url.port) != (self.base.scheme, self.base.host, self.base.port):
            raise SourceFailed(
                f"the source points to another origin, {url.scheme}://{url.host}",
                hint="it was not followed",
                url=str(url.copy_with(query=None)),
            )
        return url

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()

    def _told(self, answer: httpx.Response, attempt: int) -> float:
        """Return how long to wait: what Retry-After says, in seconds or as a date, else a growing pause; always with some jitter."""
        text = answer.headers.get("Retry-After", "").strip()
        if not text:
            return self._backoff(attempt)
        if text.replace(".", "", 1).isdigit():
            seconds = float(text)
        else:
            try:
                seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
            except (TypeError, ValueError):
                return self._backoff(attempt)
        if seconds > self.max_wait_s:
            raise SourceFailed(
                f"{self.base.host} asks to wait {seconds:.0f} s", hint="sync again later, or raise max_wait_s", status=answer.status_code
            )
        return max(0.0, seconds) + random.uniform(0, 0.1 + 0.1 * max(0.0, seconds))

    def _backoff(self, attempt: int) -> float:
        return random.uniform(0.5, 1.0) * min(0.5 * 2.0**attempt, 30.0)

    async def _pause(self, seconds: float) -> None:
        _log.info("waiting for a source", host=self.base.host, seconds=round(seconds, 2))
        await self._rest(seconds)


def _refused(answer: httpx.Response) -> SourceFailed:
    hints = {401: "check the credentials", 403: "the user may not read this", 404: "check the path", 429: "the source is over its limit"}
    shown = str(answer.request.url.copy_with(query=None))
    return SourceFailed(
        f"{shown} answered {answer.status_code}",
        hint=hints.get(answer.status_code, answer.text[:200]),
        status=answer.status_code,
        url=shown,
    )
