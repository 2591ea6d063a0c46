"""Unpacking an answer piece by piece, so that a few kilobytes that unpack to gigabytes are noticed before they are held."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import SourceFailed
from cyberpunk_ai.data_fabric.limits import MB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cyberpunk_ai.data_fabric.limits import Limits

ACCEPTED = "gzip, deflate"
"""What vendors may send; they are told so in Accept-Encoding."""
_STEP = 64 * 1024
_MOST_LAYERS = 4
_GZIP = b"\x1f"
_EITHER_HEADER = 32 + zlib.MAX_WBITS


class Unpacker:
    """Undoes the Content-Encoding of one answer, also where it lists several.

    Args:
        encodings: Value of the header.
        limits: What is unpacked at most, by every layer.
        subject: What is unpacked, for errors.

    Raises:
        SourceFailed: An encoding that was not asked for.
    """

    def __init__(self, encodings: str, limits: Limits, subject: str) -> None:
        names = [name for part in encodings.lower().split(",") if (name := part.strip()) not in ("", "identity")]
        if len(names) > _MOST_LAYERS or not set(names) <= {"gzip", "x-gzip", "deflate"}:
            raise SourceFailed(f"{subject} is packed as {encodings[:60]!r}", hint=f"only {ACCEPTED} can be unpacked")
        self._limits, self._subject = limits, subject
        self._layers = [_Layer() for _ in names]
        self._sizes = [0] * (len(names) + 1)

    def unpack(self, piece: bytes) -> Iterator[bytes]:
        """Yield what a piece unpacks to, in small pieces.

        Raises:
            SourceFailed: It is damaged, or larger than the limit.
        """
        return self._through(piece, 0)

    def finish(self) -> None:
        """Check that nothing is missing.

        Raises:
            SourceFailed: The answer broke off.
        """
        if any(layer.is_open for layer in self._layers):
            raise SourceFailed(f"{self._subject} is cut short", hint="sync again; the source broke off within what it had packed")

    def _through(self, piece: bytes, depth: int) -> Iterator[bytes]:
        # Every layer counts: one may unpack to gigabytes that the next one packs into nothing.
        self._sizes[depth] += len(piece)
        if self._sizes[depth] > self._limits.max_answer_mb * MB:
            raise self._limits.exceeded("max_answer_mb", f"{self._subject} is larger than {self._limits.max_answer_mb:,g} MB unpacked")
        if depth == len(self._layers):
            yield piece
            return
        try:
            for part in self._layers[depth].unpack(piece):
                yield from self._through(part, depth + 1)
        except zlib.error as error:
            raise SourceFailed(f"{self._subject} cannot be unpacked: {error}", hint="the source sends damaged data") from error


class _Layer:
    """One gzip or deflate stream, or several gzip members after one another."""

    def __init__(self) -> None:
        self._open = zlib.decompressobj(_EITHER_HEADER)
        self._has_begun = False

    @property
    def is_open(self) -> bool:
        return self._has_begun and not self._open.eof

    def unpack(self, piece: bytes) -> Iterator[bytes]:
        while True:
            if self._open.eof and piece:
                if not piece.startswith(_GZIP):
                    return  # padding behind the end, which everybody ignores
                self._open = zlib.decompressobj(_EITHER_HEADER)
            part = self._decompress(piece)
            piece = self._open.unconsumed_tail or self._open.unused_data
            if part:
                yield part
            if not piece and len(part) < _STEP:
                return

    def _decompress(self, piece: bytes) -> bytes:
        try:
            return self._open.decompress(piece, _STEP)
        except zlib.error:
            if self._has_begun:
                raise
            # Some servers send `deflate` without the header that its name stands for.
            self._open = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._open.decompress(piece, _STEP)
        finally:
            self._has_begun = self._has_begun or bool(piece)
