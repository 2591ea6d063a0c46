"""Receiving one answer within its limits: streamed and unpacked piece by piece, neither larger nor slower than allowed."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core.errors import SourceFailed
from cyberpunk_ai.data_fabric.limits import DEFAULT, Limits
from cyberpunk_ai.data_fabric.web.unpacking import ACCEPTED, Unpacker

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

_VALUES_PER_MB = 80_000  # 13 bytes a value; answers of smaller ones take far more memory than their size says


class Receiver:
    """Sends requests and receives their answers whole, within the limits.

    Args:
        client: Sends and receives.
        limits: What one answer may take.
        clock: Seconds since some moment.
    """

    def __init__(self, client: httpx.AsyncClient, limits: Limits = DEFAULT, clock: Callable[[], float] = time.monotonic) -> None:
        self.client, self.limits, self._clock = client, limits, clock

    async def send(self, request: httpx.Request, subject: str) -> httpx.Response:
        """Send a request and return its answer, read and unpacked.

        Args:
            request: What is sent.
            subject: What is received, for errors.

        Raises:
            SourceFailed: The answer is too large, too slow or damaged.
            httpx.TransportError: There is none.
        """
        import httpx

        request.headers["Accept-Encoding"] = ACCEPTED
        started, most = self._clock(), self.limits.max_answer_s
        try:
            # A vendor that never ends its headers is stopped by this timer, one that never ends its body by the clock below.
            async with asyncio.timeout(most):
                answer = await self.client.send(request, stream=True)
                try:
                    unpacker, body = Unpacker(answer.headers.get("Content-Encoding", ""), self.limits, subject), bytearray()
                    async for piece in answer.aiter_raw():
                        for part in unpacker.unpack(piece):
                            body += part
                        if self._clock() - started > most:
                            raise TimeoutError
                    unpacker.finish()
                finally:
                    await answer.aclose()
        except TimeoutError as error:
            raise self.limits.exceeded("max_answer_s", f"{subject} was not complete after {most:,g} s") from error
        headers = [(name, value) for name, value in answer.headers.multi_items() if name not in _OF_THE_PACKED]
        whole = httpx.Response(answer.status_code, headers=headers, content=bytes(body), request=request)
        whole.next_request = answer.next_request
        return whole


_OF_THE_PACKED = {"content-encoding", "content-length", "transfer-encoding"}


def read_json(answer: httpx.Response, limits: Limits, subject: str) -> Any:
    """Return the JSON of an answer.

    Raises:
        SourceFailed: It is none, or holds so many small values that they would take many times its size in memory.
    """
    body = answer.content
    values = sum(body.count(sign) for sign in (b",", b"[", b"{"))
    if values > limits.max_answer_mb * _VALUES_PER_MB:
        raise limits.exceeded("max_answer_mb", f"{subject} holds {values:,} values, more than {_VALUES_PER_MB:,} per MB allowed")
    try:
        return answer.json()
    except (ValueError, RecursionError) as error:
        raise SourceFailed(f"{subject} is no JSON", hint=answer.text[:200], url=str(answer.request.url.copy_with(query=None))) from error
