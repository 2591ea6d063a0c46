"""Where chunks of work are done: here, or on a Dask cluster whose address is configured. What the work is, the engines say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from cyberpunk_ai.core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

A = TypeVar("A")
B = TypeVar("B")

PATIENCE = "10s"


def chunk_runner(address: str | None) -> Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]] | None:
    """Return what works on chunks at an address, or None for here.

    Args:
        address: Of a Dask scheduler, such as `tcp://10.0.0.5:8786`; None or empty for this process.
    """
    if not address:
        return None

    def run(function: Callable[[Any], Any], chunks: Sequence[Any]) -> list[Any]:
        return run_in_chunks(function, chunks, address=address)

    return run


def run_in_chunks(
    function: Callable[[A], B], chunks: Iterable[A], *, address: str | None = None, on_progress: Callable[[int, int], None] | None = None
) -> list[B]:
    """Apply a function to every chunk and return the answers in order.

    Args:
        function: A plain function, or a partial of one, that needs nothing but its argument; workers must have this package installed.
        chunks: What to work on.
        address: Of a Dask scheduler; here, one after another, when None.
        on_progress: Called with chunks done and chunks in all.

    Raises:
        Unavailable: dask.distributed is not installed, or nobody answers at the address.
    """
    work = list(chunks)
    if not address or len(work) < 2:
        done = []
        for place, chunk in enumerate(work, start=1):
            done.append(function(chunk))
            if on_progress is not None:
                on_progress(place, len(work))
        return done
    return _on_cluster(function, work, address, on_progress)


def _on_cluster(function: Callable[[A], B], work: list[A], address: str, on_progress: Callable[[int, int], None] | None) -> list[B]:
    try:
        from distributed import Client
    except ImportError as error:
        raise Unavailable("a Dask address is set, but dask.distributed is missing", hint='pip install "cyberpunk-ai[scale]"') from error
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        hint = "start one with `dask scheduler`, or unset CYBERPUNK_DASK_ADDRESS"
        raise Unavailable(f"no Dask scheduler answers at {address}", hint=hint) from error
    answers: list[B] = []
    with client:
        # Not by name and input: Dask would hash every chunk first, which takes longer than to score it.
        for future in client.map(function, work, pure=False):
            answers.append(future.result())
            if on_progress is not None:
                on_progress(len(answers), len(work))
    return answers
